"""An embedded neural Mandarin voice: prosody model, acoustic model, vocoder."""

from .voice import NeuralVoice
from .weights import VoiceWeightsError

__all__ = ["NeuralVoice", "VoiceWeightsError"]
