"""What a language model writes, checked sentence by sentence against the passages it was given."""

from .check import Evidence, Verdict
from .quarantine import is_clean
from .sentences import Runaway, Sentences

__all__ = ["Evidence", "Runaway", "Sentences", "Verdict", "is_clean"]
