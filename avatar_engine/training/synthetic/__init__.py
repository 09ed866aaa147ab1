"""Training clips of a drawn presenter: real sentences, spoken and rendered.

Path-tracing a mouth takes seconds, and a clip of a minute needs 1,500 of them. So the mouth
shapes that speech makes are collected first (``mouth_shapes``), a few hundred that represent
all are path-traced once (``avatar_engine.training.blender``), and then any number of clips is
composed of those (``clip_synthesis``).
"""
