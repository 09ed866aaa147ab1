"""Written text becomes text as it is said: clean, numbers in words, pinyin, sentences."""

from .normalise import normalise
from .pinyin import Word, words
from .sentences import clauses, cut

__all__ = ["Word", "clauses", "cut", "normalise", "words"]
