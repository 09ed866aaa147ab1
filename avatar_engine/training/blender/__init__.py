"""Renders a presenter from a bust: ``python -m avatar_engine.training.blender --help``."""
