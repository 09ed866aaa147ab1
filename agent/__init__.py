"""The agent: a question becomes an answer, a voice and a face."""

from .base import Answer, Outcome, Question, ReplyError, Responder, Sentence, Stage
from .session import Caption, Event, Media, Session

__all__ = [
    "Answer",
    "Caption",
    "Event",
    "Media",
    "Outcome",
    "Question",
    "ReplyError",
    "Responder",
    "Sentence",
    "Session",
    "Stage",
]
