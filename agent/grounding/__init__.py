"""What a language model writes, checked sentence by sentence against the passages it was given."""

from .cited_sentences import CitedSentenceSplitter, UnendedSentenceError
from .prompt_injection import is_free_of_injections
from .verification import Evidence, Verdict

__all__ = [
    "CitedSentenceSplitter",
    "Evidence",
    "UnendedSentenceError",
    "Verdict",
    "is_free_of_injections",
]
