"""Speech becomes a talking face."""

from .base import Avatar, Frames
from .encode import Encoder, Fragment
from .presenter import Presenter, PresenterError
from .sound_only import SoundOnly
from .whole_frames import whole_frames

__all__ = [
    "Avatar",
    "Encoder",
    "Fragment",
    "Frames",
    "Presenter",
    "PresenterError",
    "SoundOnly",
    "whole_frames",
]
