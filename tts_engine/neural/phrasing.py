"""Prosodic phrasing by rules: words of a clause are grouped into phrases, then into syllables.

The recordings hold single words only, so phrasing cannot be learnt from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..text import Word
from .phones import Phone, syllable_phones

_PREFERRED_LENGTH = 6.5  # syllables of a phrase
_MAX_LENGTH = 11  # syllables
_LENGTH_COST = 0.12  # times the square of the syllables too many or too few
_BREAK_COST = 1.0
_GOOD_BREAK_BONUS = 1.2  # before a word that begins a phrase, and after 的
_BAD_BREAK_COST = 6.0  # between words that belong together

_FUNCTION_WORDS = frozenset(
    (
        "的 地 得 了 着 过 们 吗 呢 吧 啊 呀 在 和 与 或 及 是 也 就 都 把 被 对 向 从 为 由 "
        "以 而 并 您 你 我 他 她 它 个 所 到 于 等 将 其 该 之"
    ).split()
)
_NO_BREAK_BEFORE = frozenset(
    ("的 地 得 了 着 过 们 吗 呢 吧 啊 呀 等 后 前 内 时 个 元 年 月 日 号 天 人").split()
)
_NO_BREAK_AFTER = frozenset(
    (
        "在 到 向 从 为 由 以 把 被 对 请 和 与 或 及 是 也 就 都 第 每 各 该 不 将 于 凭 按 "
        "可 已 需 应 未 无 有"
    ).split()
)
_PHRASE_STARTERS = frozenset(
    (
        "请 可以 可 需要 需 应当 应 在 到 向 从 由 以 把 和 与 或 或者 以及 并 并且 如果 因为 "
        "所以 但 但是 然后 办理 携带 提交 进行 是 就 也 都 不 对 凭 按 按照 根据 通过 前往"
    ).split()
)

_WORD_EDGE, _PHRASE_EDGE = 0.25, 0.6  # strength of a boundary, next to 1 for that of a clause


@dataclass(frozen=True, slots=True)
class Syllable:
    """A syllable in its phrase."""

    phones: tuple[Phone, ...]
    """An initial, perhaps, and a final."""
    begins: float
    """How much it begins something: 1 a clause, less a phrase, still less a word; else 0."""
    ends: float
    """How much it ends something, likewise."""
    weak: bool
    """Whether it is a function word of one syllable, such as 的 or 和."""
    phrase: int
    """Number of its phrase in the clause, from 0."""

    @property
    def tone(self) -> int:
        """1 to 5."""
        return self.phones[-1].tone


def plan_phrases(words: Sequence[Word]) -> list[Syllable]:
    """Return the syllables of words said in one breath, with the phrases they form."""
    syllables: list[Syllable] = []
    for number, phrase in enumerate(_phrases(words)):
        for word in phrase:
            last = len(word.syllables) - 1
            for i, spelling in enumerate(word.syllables):
                begins = _WORD_EDGE if i == 0 and last else 0.0
                ends = _WORD_EDGE if i == last and last else 0.0
                weak = last == 0 and word.text in _FUNCTION_WORDS
                syllables.append(Syllable(syllable_phones(spelling), begins, ends, weak, number))
    for i, syllable in enumerate(syllables):
        if i == 0 or syllables[i - 1].phrase != syllable.phrase:
            syllables[i] = replace(syllables[i], begins=_PHRASE_EDGE if i else 1.0)
        if i == len(syllables) - 1 or syllables[i + 1].phrase != syllable.phrase:
            edge = 1.0 if i == len(syllables) - 1 else _PHRASE_EDGE
            syllables[i] = replace(syllables[i], ends=edge)
    return syllables


def _phrases(words: Sequence[Word]) -> list[Sequence[Word]]:
    """The division into phrases of least cost (dynamic programming over the words' boundaries)."""
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word.syllables))
    best = [0.0] + [float("inf")] * len(words)
    came_from = [0] * (len(words) + 1)
    for end in range(1, len(words) + 1):
        for start in range(end):
            n_syllables = ends[end] - ends[start]
            if n_syllables > _MAX_LENGTH and end - start > 1:
                continue
            cost = best[start] + _LENGTH_COST * (n_syllables - _PREFERRED_LENGTH) ** 2
            if end < len(words):
                cost += _break_cost(words[end - 1], words[end])
            if cost < best[end]:
                best[end], came_from[end] = cost, start
    cuts = [len(words)]
    while cuts[-1]:
        cuts.append(came_from[cuts[-1]])
    cuts.reverse()
    return [words[start:end] for start, end in pairwise(cuts)]


def _break_cost(before: Word, after: Word) -> float:
    cost = _BREAK_COST
    if after.text in _NO_BREAK_BEFORE or before.text in _NO_BREAK_AFTER:
        cost += _BAD_BREAK_COST
    if after.text in _PHRASE_STARTERS or before.text == "的":
        cost -= _GOOD_BREAK_BONUS
    return cost
