"""The former name of ``avatar_engine.training.blender``; its two commands still work."""
