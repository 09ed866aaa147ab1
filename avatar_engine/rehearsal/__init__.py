"""Training clips of a drawn presenter: real sentences, spoken and enacted.

A path-traced mouth takes seconds, a clip of a minute needs 1,500 of them. So the
mouths that speech makes are gathered first (``gathering``), a few hundred that stand
for all are path-traced once (``avatar_engine.studio.rehearse``), and then any number
of clips is composed of those (``enacting``).
"""
