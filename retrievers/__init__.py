"""A question finds the entries that answer it."""

from .base import (
    EVERYWHERE,
    NATIONWIDE,
    Conflict,
    FaqEntry,
    FaqStore,
    Passage,
    Retriever,
    Scope,
    StoreBusyError,
    StoreError,
)
from .text.language import language_of

__all__ = [
    "EVERYWHERE",
    "NATIONWIDE",
    "Conflict",
    "FaqEntry",
    "FaqStore",
    "Passage",
    "Retriever",
    "Scope",
    "StoreBusyError",
    "StoreError",
    "language_of",
]
