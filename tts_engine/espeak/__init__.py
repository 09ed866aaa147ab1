"""eSpeak NG: rule-based Mandarin and English, without a model or a download."""

from .voice import EspeakVoice

__all__ = ["EspeakVoice"]
