"""The agent: a question becomes an answer, a voice and a face."""

from .base import Answer, Outcome, Question, ReplyError, Responder, Sentence, Stage
from .events import Caption, Event, Media, Opening
from .session import Session

__all__ = [
    "Answer",
    "Caption",
    "Event",
    "Media",
    "Opening",
    "Outcome",
    "Question",
    "ReplyError",
    "Responder",
    "Sentence",
    "Session",
    "Stage",
]
