"""Speech becomes a talking face."""

from .audio_frames import SoundOnly, whole_frames
from .base import Avatar, AvatarCapabilities, Frames, capabilities_of
from .presenter import Presenter, PresenterError
from .video.encoder import Encoder, Fragment

__all__ = [
    "Avatar",
    "AvatarCapabilities",
    "Encoder",
    "Fragment",
    "Frames",
    "Presenter",
    "PresenterError",
    "SoundOnly",
    "capabilities_of",
    "whole_frames",
]
