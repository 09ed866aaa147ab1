"""Training clips from videos of talking people.

The audio is cut at its silences into sentences; each sentence is then processed by itself, by
whichever worker is free: a face is looked for in every frame, the clip is checked and, if it is
usable, the squares around the face are written with their audio. At no time are more than a few
frames held in memory.
"""
