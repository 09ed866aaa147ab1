"""The agent: a question becomes an answer, a voice and a face."""

from .pipeline import AnswerPipeline
from .types import (
    Answer,
    Caption,
    MediaKind,
    Opening,
    Outcome,
    Question,
    ReplyError,
    ReplyEvent,
    Responder,
    Sentence,
    Stage,
)

__all__ = [
    "Answer",
    "AnswerPipeline",
    "Caption",
    "MediaKind",
    "Opening",
    "Outcome",
    "Question",
    "ReplyError",
    "ReplyEvent",
    "Responder",
    "Sentence",
    "Stage",
]
