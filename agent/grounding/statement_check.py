"""Whether a sentence states what a passage states: who, what, how much, how often, and whether not.

Each clause is laid beside the words of the passage that it comes from
(:mod:`agent.grounding.clause_alignment`). What differs may be of no account (a synonym, an article)
or a contradiction: another value of a closed class of words, a denial, a figure that the passage
gives for something else. The classes are tables in ``assets/grounding``.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from retrievers.text.tokenization import tokenize

from .clause_alignment import CLAUSE_BREAK, AlignedClause, Edit, align, words_of
from .conditions import condition_problem
from .exact_values import WrittenAmount, exact_values, is_known, written_amounts
from .local_changes import local_problem
from .negation import has_denial, is_contradicted
from .word_classes import find_words, synonyms, word_classes

MIN_CONTEXT_MARGIN = 0.08
"""By how much more the words around a figure must be those around another."""
MIN_OTHER_UNIT_MARGIN = 0.25
"""The same where the other has another unit; there only the clause of each is compared."""
MIN_OTHER_UNIT_SIMILARITY = 0.85
"""Share of the words around a figure that an amount of another unit must have."""
MAX_ADDED_SHARE = 0.4
"""Share of a clause's characters in the passage below which it is no quotation."""
MIN_VERBATIM_SHARE = 0.6
"""Share of a clause's characters in the passage from which it is a quotation with changes."""

_EXCLUSIVE = frozenset(
    "body person sex document insurance action direction validity channel place region frequency "
    "weekday daytime season bound order quantity certainty grade education exam vehicle status "
    "fee currency party level".split()
)
"""Classes of which one value in the place of another makes a statement false."""
_NOT_ADDED = frozenset("frequency weekday daytime currency season sex region".split())
"""Classes of which a value that the passage lacks makes a statement false."""
_FUNCTION_WORDS = frozenset(
    "的 了 着 地 得 是 也 都 还 就 便 即 而 而且 并 并且 且 和 与 及 以及 或 或者 会 要 要是 请 您 "
    "你 我 我们 您的 你的 这 那 这个 那个 这些 该 其 此 它 他 她 所 之 于 以 把 将 被 由 在 到 去 "
    "向 对 给 为 从 自 用 来 呢 吧 啊 哦 即可 就行 可以 就是 可 能 能够 应 应当 应该 须 必须 需 "
    "需要 时 时候 的话 如果 若 如 则 那么 因 因为 所以 因此 由于 但 但是 不过 其中 另外 此外 同时 "
    "然后 首先 一般来说 根据 按照 按 依照 规定 目前 现在 注意 具体 相关 有关 进行 情况 一下 一个 "
    "一些 个 名 也就是说 来说 而言 另 好 完 上 里 中 好了 方面 便 以便 资料 显示 据 有 后 先 再 "
    "a an the to of in on at for by with and or is are be been it its this that you your they "
    "their can may will should must need needs do does also then so as if from has have".split()
)
_TURNING = (
    ("或", "或者", "or"),
    ("前", "先", "之前", "以前", "before"),
    ("后", "再", "之后", "以后", "after"),
)
"""Function words that are of account when they change: alternatives, and what comes first."""
_NEGATIVE = re.compile(
    r"[不没未无非勿莫免别]|禁止|严禁|拒绝|除外|例外|仅|只[能有限要]|cannot|n't|\b(?:not|no|never|only|except|unless|without)\b"
)
_HAS_NEGATIVE = re.compile(
    rf"{_NEGATIVE.pattern}|取消|停止|终止|作废|失效|以外|之外|外(?!国|币|省|地|文)|超过|逾期|避免|防止|丢失|"
    r"\b(?:free|waive\w*|exempt\w*|neither|nor|none|cannot|stop\w*|end\w*|abolish\w*)\b"
)
"""What a denial may stand for."""
_OUTSIDE = re.compile("以外|之外|(?<=[\u4e00-\u9fff])外(?=[的出就])")
"""Denied, it is what is inside: 不在清单里 is 清单以外."""


def statement_problem(sentence: str, *, words: str, claims: str) -> str:
    """How a sentence contradicts what a passage states, fit for a log; empty if it does not.

    Args:
        sentence: Without markers; normalised, in lower case.
        words: What the passage has in words, the question it answers included.
        claims: What it states.
    """
    clauses = align(sentence, claims)
    for clause in clauses:
        for edit in clause.edits:
            if problem := _edit_problem(edit, clause, words):
                return problem
        if problem := local_problem(clause, words):
            return problem
        if _HAS_NEGATIVE.search(clause.source) is None and has_denial(clause.text, words):
            return "a denial that is not in the passages"
    if problem := condition_problem(sentence, clauses, claims=claims, words=words):
        return problem
    if _has_added_clause(clauses):
        return "a clause that is not in the passages"
    if _has_swapped_figure(sentence, claims):
        return "a figure that the passages give for something else"
    return ""


def _has_added_clause(clauses: Sequence[AlignedClause]) -> bool:
    """Whether a sentence is a quotation to which one clause has been added."""
    clauses = [clause for clause in clauses if _content(clause.text)]
    own = [clause for clause in clauses if clause.share < MAX_ADDED_SHARE]
    quoted = [clause for clause in clauses if not any(edit.added for edit in clause.edits)]
    return len(own) == 1 and len(own) + len(quoted) == len(clauses) > 1


def _bounds(text: str) -> frozenset[int]:
    position, bounds = 0, {0}
    for word in words_of(text):
        position = text.index(word, position)
        bounds.add(position)
        position += len(word)
        bounds.add(position)
    return frozenset(bounds)


def _values(text: str, name: str) -> dict[int, str]:
    return {word.value: word.word for word in find_words(text, name, _bounds(text))}


def _edit_problem(edit: Edit, clause: AlignedClause, words: str) -> str:
    """How an edit contradicts the passage: another value of a class, or one it has nowhere."""
    for name in word_classes():
        said = _values(edit.added, name)
        if not said:
            continue
        known = {word.value for word in find_words(clause.source, name)}
        new = said.keys() - known
        there = _values(edit.removed, name)
        lost = there.keys() - said.keys()
        moved = said.keys() & known
        is_swapped = new or (moved and clause.share >= MIN_VERBATIM_SHARE)
        if there and lost and is_swapped and (name in _EXCLUSIVE or name == "modality"):
            return f"another {name} than in the passages"
        if name in _NOT_ADDED and new:
            anywhere = {word.value for word in find_words(words, name)}
            if new - anywhere:
                return f"a {name} that is not in the passages"
    is_denied_once = bool(_NEGATIVE.search(edit.removed)) != bool(_NEGATIVE.search(edit.added))
    is_quoted = clause.share >= MIN_VERBATIM_SHARE
    denials = {match[0] for match in _NEGATIVE.finditer(edit.removed + edit.added)}
    is_moved = all(word in clause.text and word in clause.source for word in denials)
    is_moved |= len(words_of(edit.removed)) > 4 and not _NEGATIVE.search(edit.added)
    is_moved |= "免费" in edit.added and "免费" in words
    is_antonym = bool(_OUTSIDE.search(edit.removed) or _OUTSIDE.search(clause.source))
    if is_denied_once and is_quoted and not (is_harmless(edit) or is_moved or is_antonym):
        return "the opposite of the passages" if is_contradicted(clause.text, clause.source) else ""
    return ""


def is_harmless(edit: Edit) -> bool:
    """Whether an edit changes nothing of what is said, as far as tables tell."""
    removed, added = _content(edit.removed), _content(edit.added)
    if any(_turns(edit, words) for words in _TURNING):
        return False
    if removed == added:
        return True
    if _NEGATIVE.search(edit.removed) or _NEGATIVE.search(edit.added):
        return added == removed or _are_synonyms(edit.removed, edit.added)
    if not added:
        return not removed
    return bool(removed) and (
        _are_synonyms(edit.removed, edit.added)
        or _same_words(removed, added)
        or _same_figures(edit)
    )


def _turns(edit: Edit, words: tuple[str, ...]) -> bool:
    """Whether one of the words stands on one side of an edit and not on the other."""
    there = [
        {word for word in words_of(text) if word in words} for text in (edit.removed, edit.added)
    ]
    return there[0] != there[1] and bool(edit.removed and edit.added)


def _content(text: str) -> tuple[str, ...]:
    """The words of a text that say something."""
    return tuple(word for word in words_of(text) if word not in _FUNCTION_WORDS)


def _are_synonyms(one: str, other: str) -> bool:
    return other in synonyms().get(one, ())


def _same_words(removed: tuple[str, ...], added: tuple[str, ...]) -> bool:
    """Whether each word has its synonym, in any order."""
    left = list(removed)
    for word in added:
        match = next((w for w in left if w == word or _are_synonyms(w, word)), None)
        if match is None and word.isascii():
            stems = tokenize(word)
            match = next((w for w in left if stems and tokenize(w) == stems), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _same_figures(edit: Edit) -> bool:
    said, known = exact_values(edit.added), exact_values(edit.removed)
    return bool(said) and all(is_known(figure, known) for figure in said)


# ---- figures with the words around them ---------------------------------------------------------

_DIMENSIONS: dict[str, str] = {
    **dict.fromkeys(("元", "角", "美元", "欧元", "英镑", "港元", "外币"), "money"),
    **dict.fromkeys(("工作日", "天", "个月", "小时", "分钟"), "duration"),
    **dict.fromkeys(("%", "‰", "‱", "折"), "share"),
}
"""By unit; an amount may stand in the place of another of its dimension."""

_RANGE = frozenset(("至", "到", "-", "~", "to"))


def _has_swapped_figure(sentence: str, claims: str) -> bool:
    """Whether a figure stands with words with which the passage has another: 单位缴8% for 16%."""
    said_text, said = written_amounts(sentence)
    known_text, known = written_amounts(claims)
    for i, figure in enumerate(said):
        if i and said_text[said[i - 1].end : figure.start].strip() in _RANGE:
            continue  # what stands before it is said of the other end
        rivals = [other for other in known if _dimension(other) == _dimension(figure)]
        is_same = [_is_same(other, figure) for other in rivals]
        if all(is_same) or not any(is_same):
            continue
        for is_wide, margin in ((True, MIN_CONTEXT_MARGIN), (False, MIN_OTHER_UNIT_MARGIN)):
            context = _context(said_text, figure, is_wide=is_wide)
            near = [_similarity(context, _context(known_text, o, is_wide=is_wide)) for o in rivals]
            same = max(score for score, is_one in zip(near, is_same, strict=True) if is_one)
            others = [
                score
                for score, is_one, rival in zip(near, is_same, rivals, strict=True)
                if not is_one
                and (_unit(known_text, rival) == _unit(said_text, figure)) == is_wide
                and (is_wide or score > MIN_OTHER_UNIT_SIMILARITY)
            ]
            if others and max(others) > same + margin:
                return True
    return False


def _dimension(written: WrittenAmount) -> str:
    return _DIMENSIONS.get(written.amount.unit, written.amount.unit)


def _unit(text: str, written: WrittenAmount) -> str:
    """Its unit, years apart from months."""
    return written.amount.unit + "年" * ("年" in text[written.start : written.end])


def _is_same(one: WrittenAmount, other: WrittenAmount) -> bool:
    return (one.amount.value, one.amount.unit) == (other.amount.value, other.amount.unit)


def _context(text: str, match: WrittenAmount, *, is_wide: bool) -> dict[str, float]:
    """Characters and pairs of them around a figure, with weights: its own clause counts most.

    Args:
        text: From :func:`written_amounts`.
        match: The figure.
        is_wide: The clause before counts too.
    """
    start = max((m.end() for m in CLAUSE_BREAK.finditer(text, 0, match.start)), default=0)
    earlier = max((m.end() for m in CLAUSE_BREAK.finditer(text, 0, max(0, start - 1))), default=0)
    end = CLAUSE_BREAK.search(text, match.end)
    found: dict[str, float] = {}
    for part, weight in (
        (text[earlier:start] if is_wide else "", 0.3),
        (text[match.end : end.start() if end else len(text)], 0.7),
        (text[start : match.start], 1.0),
    ):
        units = re.findall(r"(?![为是])[\u3400-\u9fff]|[a-z]{3,}|\d+", part)
        for unit in (*units, *map("".join, pairwise(units))):
            found[unit] = max(found.get(unit, 0.0), weight)
    return found


def _similarity(one: dict[str, float], other: dict[str, float]) -> float:
    shared = sum(min(weight, other.get(unit, 0.0)) for unit, weight in one.items())
    return shared / (0.5 + sum(one.values()))
