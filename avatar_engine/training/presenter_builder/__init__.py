"""A video of a person becomes a presenter: ``python -m avatar_engine presenter``.

The calmest stretch of the video, in which the person listens with the mouth closed, becomes a
silent loop without a visible jump. What the person says is drawn later, by an avatar.
"""
