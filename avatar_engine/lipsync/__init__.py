"""The file tool: a face and a recording become a lip-synced video.

``python -m avatar_engine render``. The face is looked for in every frame first; then every frame
is decoded a second time and drawn, a few at a time: a whole video is never held in memory.
"""
