"""Under which conditions a passage says something: who, all of what, and how long.

A sentence may name one document of three, but may not say that it alone is enough.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from .clause_alignment import AlignedClause, clauses_of
from .exact_values import written_amounts
from .word_classes import find_words

MIN_QUOTED_SHARE = 0.6
"""Share of a clause's characters in the passage from which it is a quotation with changes."""

_ONLY = re.compile("只需|只[要用]?[带持凭交]|仅需|仅[带持凭交]|只用")
_ALTERNATIVES = re.compile("或|任一|任意|之一|其中|[二三]选一|均可|都可|等")
_BOTH = re.compile("双方|两人都|都[要须到来]")
_ONE_OF_TWO = re.compile("一方|单方")
_NOT_ALLOWED = re.compile("不得|不能|不可以|不予|不准|不许")


def condition_problem(
    sentence: str, clauses: Sequence[AlignedClause], *, claims: str, words: str
) -> str:
    """Which condition of the passage a sentence changes, fit for a log; empty if none.

    Args:
        sentence: Normalised, in lower case.
        clauses: Its clauses beside the passage's.
        claims: What the passage states.
        words: All that the passage has in words.
    """
    if _is_only_a_part(sentence, claims, words) or _are_alternatives(sentence, claims):
        return "a part of the documents is said to be enough"
    if _BOTH.search(sentence) and _ONE_OF_TWO.search(claims) and not _BOTH.search(words):
        return "both for one of two"
    if _is_other_person(sentence, claims):
        return "another person than in the passages"
    if any(_lacks_condition(clause, sentence) for clause in clauses):
        return "a condition of the passages is left out"
    if any(_is_free_of_another(clause) for clause in clauses):
        return "free is what the passages say of something else"
    return ""


def _is_only_a_part(sentence: str, claims: str, words: str) -> bool:
    """只需带身份证, where the passage wants another document too."""
    if not _ONLY.search(sentence) or re.search("[只仅]", words):
        return False
    said, known = _documents(sentence), _documents(claims)
    return bool(said) and said < known


def _are_alternatives(sentence: str, claims: str) -> bool:
    """身份证或户口簿, where the passage lists both."""
    if _ALTERNATIVES.search(claims):
        return False
    known = list(find_words(claims, "document"))
    listed = {
        frozenset((one.value, other.value))
        for one, other in pairwise(known)
        if re.fullmatch("[、和与及]|以及", claims[one.start + len(one.word) : other.start])
    }
    return any(
        frozenset((one.value, other.value)) in listed
        and re.fullmatch("或者?", sentence[one.start + len(one.word) : other.start])
        for one, other in pairwise(find_words(sentence, "document"))
    )


def _documents(text: str) -> set[int]:
    return {word.value for word in find_words(text, "document")}


def _is_other_person(sentence: str, claims: str) -> bool:
    """未满16周岁的，由本人办理, where the passage has 由监护人 behind the same words."""
    known = clauses_of(claims)
    following = {one: other for one, other in pairwise(known) if "由" in other[:3]}
    for before, clause in pairwise(clauses_of(sentence)):
        if "由" in clause[:3] and before in following:
            said = {word.value for word in find_words(clause, "person")}
            if said and not said & {word.value for word in find_words(following[before], "person")}:
                return True
    return False


def _lacks_condition(clause: AlignedClause, sentence: str) -> bool:
    """离职的不得提取, where the passage has 离职未满6个月的."""
    if not _NOT_ALLOWED.search(clause.text) or not _NOT_ALLOWED.search(clause.source):
        return False
    _, known = written_amounts(clause.source)
    _, said = written_amounts(sentence)
    return any(written.amount.bound for written in known) and not said


def _is_free_of_another(clause: AlignedClause) -> bool:
    """未满16周岁的免费, where that is said of others."""
    return (
        "免费" in clause.text and "免费" not in clause.source and clause.share >= MIN_QUOTED_SHARE
    )
