"""Text becomes speech."""

from .voice import Phoneme, Speech, Voice, VoiceCapabilities, voice_capabilities

__all__ = ["Phoneme", "Speech", "Voice", "VoiceCapabilities", "voice_capabilities"]
