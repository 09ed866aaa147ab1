"""Readers of the formats a department has: tables or a document from each."""

from .limits import LIMITS, Limits
from .pool import read_many
from .reading import read

__all__ = ["LIMITS", "Limits", "read", "read_many"]
