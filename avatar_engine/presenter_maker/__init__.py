"""A video of a person becomes a presenter: ``python -m avatar_engine presenter``.

The calmest stretch of the video, somebody who listens with the mouth closed, becomes a
silent loop without a jump. What the person says in between is drawn later, by an avatar.
"""

from .making import Made, MakerError, Wishes, make

__all__ = ["Made", "MakerError", "Wishes", "make"]
