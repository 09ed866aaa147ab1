"""What texts are compared by when their words are: Chinese words and characters, English stems."""

import logging
import re
from functools import lru_cache

import jieba
import snowballstemmer

from ..base import EntryTerms, FaqEntry
from .normalization import normalize_text

jieba.setLogLevel(logging.WARNING)
_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z]+(?:'[a-z]+)?|[0-9]+")
_STEMMER = snowballstemmer.stemmer("english")
STOP_WORDS = frozenset(
    "a an the is are was be am i my me we you your he she it its they of to in on at for from by "
    "with and or if do does did can could will would should may have has had this that there how "
    "what when where which who whom why s t m re ve d ll not so as about into than then".split()
) - {"not"}


def tokenize(text: str) -> list[str]:
    """Words, single characters and pairs of characters, or stems; in order, with repetitions.

    >>> tokenize("补办护照")
    ['补办', '护照', '补', '办', '护', '照', '办护']
    >>> tokenize("Where are lost passports?")
    ['lost', 'passport']
    """
    found: list[str] = []
    english: list[str] = []
    for run in _RUN.findall(normalize_text(text).lower()):
        if run.isascii():
            english.append(_stem(run))
        else:
            words = [word for word in jieba.cut(run) if len(word) > 1]
            pairs = [run[i : i + 2] for i in range(len(run) - 1)]
            found += words + list(run) + [pair for pair in pairs if pair not in words]
    # Words like "how" say nothing beside others, but are all there is in "how are you".
    return found + ([word for word in english if word not in STOP_WORDS] or english)


def is_prose(text: str) -> bool:
    """Whether a text is Chinese, or has one of the words that no English sentence does without.

    >>> is_prose("护照"), is_prose("What is a hukou?"), is_prose("qwerty uiop")
    (True, True, False)
    """
    runs = _RUN.findall(normalize_text(text).lower())
    return any(not run.isascii() or run in STOP_WORDS for run in runs)


def tokenize_entry(entry: FaqEntry) -> EntryTerms:
    """Cut an entry into terms; most of a millisecond, so stores keep what comes out."""
    asked = tuple(tuple(tokenize(text)) for text in (entry.question, *entry.wordings))
    return EntryTerms(asked, tuple(tokenize(entry.answer)))


@lru_cache(maxsize=10_000)
def _stem(word: str) -> str:
    stem: str = _STEMMER.stemWord(word.removesuffix("'s"))
    return stem
