"""Written text becomes text as it is said: clean, numbers in words, pinyin, sentences."""

from .clauses import closing_pause_seconds, pause_seconds, spoken_clauses, spoken_language
from .normalization import normalize_text
from .pinyin import Word, spell_acronyms, words_with_pinyin
from .sentences import split_clauses, split_for_speech, split_sentences

__all__ = [
    "Word",
    "closing_pause_seconds",
    "normalize_text",
    "pause_seconds",
    "spell_acronyms",
    "split_clauses",
    "split_for_speech",
    "split_sentences",
    "spoken_clauses",
    "spoken_language",
    "words_with_pinyin",
]
