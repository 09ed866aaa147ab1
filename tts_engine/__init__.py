"""Text becomes speech."""

from .voice import Phoneme, Speech, Voice

__all__ = ["Phoneme", "Speech", "Voice"]
