"""Written text becomes text as it is said: clean, numbers in words, pinyin, sentences."""

from .acronyms import spell_acronyms
from .normalise import normalise
from .pauses import closing_pause, pause
from .pinyin import Word, words
from .sentences import clauses, cut, whole_sentences
from .spoken import language_of, spoken_clauses

__all__ = [
    "Word",
    "clauses",
    "closing_pause",
    "cut",
    "language_of",
    "normalise",
    "pause",
    "spell_acronyms",
    "spoken_clauses",
    "whole_sentences",
    "words",
]
