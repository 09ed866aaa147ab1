"""A quotation that is changed in one place: what such a change may not be.

Whoever puts a clause in other words changes much of it. A clause that is the passage's but for one
word is either harmless, or says something else: another noun, a denial, a limit, *or* for *and*.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from .clause_alignment import AlignedClause, Edit, words_of
from .exact_values import exact_values, is_known
from .word_classes import opposites, synonyms

MIN_QUOTED_SHARE = 0.75
"""Share of a clause's characters in the passage from which it is a quotation but for a place."""
MAX_LOCAL_WORDS = 2
"""Words of each side of an edit that is a change in one place."""

_DENIAL = re.compile(
    r"(?:不|未|没有?|无须|无需|无|非|勿|别|禁止|严禁|不得|不予|不准|拒绝)(?:得|能|可以?|予|准|用|需要?)?|not|no|never"
)
_RESTRICTION = re.compile(r"仅|只(?!要)|唯一|除外|only")
_LIMITED = re.compile(rf"{_RESTRICTION.pattern}|一律|必须")
_VAGUE_AMOUNT = re.compile(r"^第?[几数]|[几数]$|负(?=\d)|^负$|若干|\d[多余]|十几|几十|一些")
_NUMERAL = re.compile("[一二两三四五六七八九十百千万零半]")
_ALTERNATIVE = frozenset(("或", "或者", "任一", "or"))
_CONJUNCTION = frozenset(("和", "与", "及", "以及", "并", "并且", "且", "同时", "and"))
_PRONOUNS = frozenset("该 其 此 它 他 她 这 那 本人 自己 该人 对方 前者 后者 业务 事项".split())


def local_problem(clause: AlignedClause, words: str) -> str:
    """What a change in one place makes of a quotation, fit for a log; empty if nothing.

    Args:
        clause: Beside its source.
        words: All that the passage has in words.
    """
    if _are_exchanged(clause):
        return "two nouns in each other's place"
    if clause.share < MIN_QUOTED_SHARE and not _is_one_substitution(clause):
        return ""
    for edit in clause.edits:
        if problem := _limit_problem(edit, clause, words) or _noun_problem(edit):
            return problem
    return ""


def _is_one_substitution(clause: AlignedClause) -> bool:
    """Whether all of a short clause is quoted but a word or two, in whose place others stand."""
    return len(clause.edits) == 1 and _is_local(clause.edits[0])


def _is_local(edit: Edit) -> bool:
    sides = len(words_of(edit.removed)), len(words_of(edit.added))
    return all(0 < n <= MAX_LOCAL_WORDS for n in sides)


def _limit_problem(edit: Edit, clause: AlignedClause, words: str) -> str:
    removed, added = edit.removed.strip(), edit.added.strip()
    if not removed and _DENIAL.fullmatch(added):
        return "a denial that is not in the passages"
    if not added and _DENIAL.fullmatch(removed):
        return "a denial of the passages is left out"
    is_only_edit = len(clause.edits) == 1 and "一律" not in words
    if is_only_edit and _RESTRICTION.search(added) and not _LIMITED.search(clause.source):
        return "a restriction that is not in the passages"
    if _RESTRICTION.search(removed) and not _RESTRICTION.search(clause.text):
        return "a restriction of the passages is left out"
    before, after = set(words_of(removed)), set(words_of(added))
    is_denied = _DENIAL.search(clause.text[: edit.start])  # not A or B: neither A nor B
    is_other = (before & _ALTERNATIVE and after & _CONJUNCTION and not after & _ALTERNATIVE) or (
        before & _CONJUNCTION and after & _ALTERNATIVE and not before & _ALTERNATIVE
    )
    if is_other and not is_denied:
        return "an alternative that is none in the passages, or the other way round"
    if not _is_local(edit):
        return ""
    n_denials = [len(text) - len(_without_denials(text)) for text in (removed, added)]
    if _without_denials(removed) == _without_denials(added) and sum(n_denials) % 2:
        return "the opposite of the passages"
    if _is_opposite(removed, added):
        return "the opposite of the passages"
    if _VAGUE_AMOUNT.search(added) and not _VAGUE_AMOUNT.search(removed):
        return "a vague amount for an exact one"
    return _figure_problem(edit, clause)


def _figure_problem(edit: Edit, clause: AlignedClause) -> str:
    """Whether a figure or its unit is another, or only a figure went."""
    known, said = exact_values(edit.removed), exact_values(edit.added)
    is_unit = clause.text[: edit.start].rstrip()[-1:].isdigit()
    if is_unit and not (known or said):  # 3年 and 3个月
        known, said = (exact_values(f"7{text}") for text in (edit.removed, edit.added))
        known, said = ([v for v in values if v.unit] for values in (known, said))
    if not known or (_NUMERAL.search(edit.added) and not said):
        return ""
    if said and not all(is_known(figure, known) for figure in said):
        return "another figure than in the passages"
    has_gone = any(figure not in clause.text for figure in re.findall(r"\d+", edit.removed))
    return "another figure than in the passages" if not said and has_gone else ""


def _without_denials(text: str) -> str:
    return re.sub("[不未没无非]", "", text)


def _is_opposite(one: str, other: str) -> bool:
    """Whether two words differ in one character that turns the sense round."""
    pairs = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
    return len(one) == len(other) and len(pairs) == 1 and frozenset(pairs[0]) in opposites()


def _noun_problem(edit: Edit) -> str:
    """Whether one noun stands in the place of another that has another meaning."""
    if not _is_local(edit):
        return ""
    gone = [noun for noun in _nouns(edit.removed) if noun not in edit.added]
    new = [noun for noun in _nouns(edit.added) if noun not in edit.removed]
    if gone and new and not any(_may_replace(a, b) for a in gone for b in new):
        return "another noun than in the passages"
    return ""


def _are_exchanged(clause: AlignedClause) -> bool:
    """Whether words went to each other's place: nouns, or all that a clause differs in."""
    if len(clause.edits) == 2 and not re.search("[是为由]", clause.text):
        one, other = clause.edits
        texts = {one.removed + other.removed, one.added + other.added}
        if len(texts) == 2 and len({"".join(sorted(text)) for text in texts}) == 1:
            return True  # the same words in another order
    moves = [(set(_nouns(edit.removed)), set(_nouns(edit.added))) for edit in clause.edits]
    return any(
        one[0] & other[1] and one[1] & other[0]
        for i, one in enumerate(moves)
        for other in moves[i + 1 :]
    )


def _may_replace(one: str, other: str) -> bool:
    """Whether a noun may stand for another: a synonym, a shorter or longer form, a pronoun."""
    if one in _PRONOUNS or other in _PRONOUNS or other in synonyms().get(one, ()):
        return True
    return set(one) <= set(other) or set(other) <= set(one)


@lru_cache(maxsize=4096)
def _nouns(text: str) -> Sequence[str]:
    import jieba.posseg  # slow to import

    return tuple(
        word
        for word, flag in jieba.posseg.cut(text)
        if flag[0] == "n" and len(word) > 1 and "\u3400" <= word[0] <= "\u9fff"
    )
