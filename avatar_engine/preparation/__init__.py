"""Videos of talking people become training clips.

A video is heard through once and cut at its silences into sentences; each sentence
is then worked on by itself, by whichever worker is free: a face is looked for in
every frame, the clip judged, and, if it will do, the squares around the face are
written with their sound. Nothing ever holds more than a few pictures.
"""

from .clip import Clip, ClipError, read_clips
from .run import Preparation, Report, VideoReport
from .sentences import Sentence, SentenceRules
from .settings import Settings

__all__ = [
    "Clip",
    "ClipError",
    "Preparation",
    "Report",
    "Sentence",
    "SentenceRules",
    "Settings",
    "VideoReport",
    "read_clips",
]
