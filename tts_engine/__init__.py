"""Text becomes speech."""

from .base import Phoneme, Speech, Voice

__all__ = ["Phoneme", "Speech", "Voice"]
