"""Speech becomes a talking face."""

from .audio_frames import SoundOnly, whole_frames
from .base import Avatar, Frames
from .presenter import Presenter, PresenterError
from .video.encoder import Encoder, Fragment

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
