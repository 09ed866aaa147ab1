"""Questions typed in pinyin or with the wrong characters, read as what they sound like.

A noisy channel (Kernighan, Church and Gale, "A Spelling Correction Program Based on a Noisy
Channel Model", 1990): of all ways to cut a question into words, either its own or words of the
store that sound the same, the most probable one is what was meant. A word is the more probable
the more entries ask with it, and the more often it occurs in Chinese at large; a character that
is not the one that was written costs, one that only sounds similar costs more.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import jieba

from ..base import FaqStore
from ..text.normalization import normalize_text
from ..text.pinyin import Span, SyllableLattice, general_words, is_syllables
from ..text.sounds import LONGEST_WORD, Syllables, loose_key, without_tones
from ..text.tokenization import STOP_WORDS, tokenize

LONGEST_QUERY = 80  # characters; nobody types more in pinyin, and longer texts have context enough
N_ALIKE = 8  # words of one sound that are considered, the most probable ones
WORDS_PER_QUESTION = 10  # to turn the share of entries with a word into a share of words

WRONG_CHARACTER = 6.0
"""What it costs, in nats, that a character was written for another of the same sound."""
SIMILAR_SOUND = 3.0
"""What it costs beside that if the sound is only similar."""
REAL_WORD = 6.0
"""What it costs beside that to take a word that exists for another one."""
REAL_FROM = 10
"""How often a word must occur in jieba's corpus of 60 million to be one that exists."""
PAIRS, PAIRS_IN_PINYIN = 0.3, 0.9
"""How much it counts whether the store's questions have two characters side by side, of 1."""
LEAST_GAIN = 2.0
"""How much more probable, in nats, a question must be as it sounds."""
CLEARLY_BETTER = 0.05
"""By how much the best score must rise for characters to be taken for others."""
LIKELY = 0.5
"""The score from which something is likely to be the answer."""
LONGEST_NAME = 4
"""Characters of a question that may only name a matter."""

_GRAMMATICAL = frozenset("的了吗呢吧是么不没那哪这什一我你他她它们就都也还被把让")
_OPPOSITES = ("买卖", "收售", "授受")
"""Characters that sound the same and mean the opposite: nobody is told of the other one."""
_HAN = re.compile("[\u3400-\u9fff]")
_WORD = re.compile("[a-z']+")
_TOKEN = re.compile("[a-z']+|[\u3400-\u9fff]|\\s+|[^a-z'\\s\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as it sounds."""

    text: str
    is_pinyin: bool
    """Whether nothing but pinyin was written."""

    def is_better(self, as_written: float, as_heard: float) -> bool:
        """Whether it was meant, judging by the best scores that are found in both ways.

        Pinyin cannot be meant as it is written. Characters can: then something must be found
        that is likely to be the answer, or, where a matter is only named, more likely to be.
        """
        if self.is_pinyin:
            return as_heard > as_written
        is_likely = as_heard >= LIKELY or len(self.text) <= LONGEST_NAME
        return is_likely and as_heard >= as_written + CLEARLY_BETTER


@dataclass(frozen=True, slots=True)
class _Edge:
    """A word that may have been meant from one place of the question to another."""

    end: int
    word: str
    cost: float
    is_changed: bool


class HomophoneCorrector:
    """Reads questions by their sound.

    Args:
        store: Whose entries say which words are likely.
    """

    def __init__(self, store: FaqStore) -> None:
        self._store = store

    def correct(self, query: str) -> Reading | None:
        """What a question sounds like, in the store's words; None if it is that already.

        A question in English, and one whose words fit together as they are, is left alone.
        """
        jieba.initialize()  # at once where it is already
        text = without_tones(normalize_text(query))
        if not 1 < len(text) <= LONGEST_QUERY:
            return None
        letters = self._letters(text)
        heard = self._words_heard(letters) if letters else []
        if letters is None or not any(edge.is_changed for edges in heard for edge in edges):
            return None
        written = [list(self._words_written(letters, i)) for i in range(len(letters.cells))]
        either = [[*edges, *others] for edges, others in zip(written, heard, strict=True)]
        trust = PAIRS_IN_PINYIN if any(letters.is_pinyin) else PAIRS
        cost_as_written, _ = self._cheapest(written, trust)
        cost, words = self._cheapest(either, trust)
        if cost_as_written - cost < LEAST_GAIN or not any(word.is_changed for word in words):
            return None
        return Reading("".join(word.word for word in words), is_pinyin=not _HAN.search(text))

    def _letters(self, text: str) -> SyllableLattice | None:
        """Cut a question; None if there is nothing to be read by its sound."""
        found = SyllableLattice()
        tokens = _TOKEN.findall(text.lower())
        words = [token for token in tokens if _WORD.fullmatch(token)]
        has_han = bool(_HAN.search(text))
        is_pinyin = self._is_pinyin_among_han(text, words) if has_han else self._is_pinyin(words)
        if not has_han and not is_pinyin:
            return None
        for token in tokens:
            if is_pinyin and token in words:
                found.add_pinyin(token)
            elif not token.isspace():
                found.add_other(token)
        return found

    def _is_pinyin(self, words: Sequence[str]) -> bool:
        """Whether words are syllables, and no English that the store knows."""
        if not words or not all(is_syllables(part) for word in words for part in word.split("'")):
            return False
        return sum(map(self._is_english, words)) <= len(words) / 2

    def _is_pinyin_among_han(self, text: str, words: Sequence[str]) -> bool:
        """The same beside characters, where abbreviations and names of programs are more likely."""
        if any(len(word) < 3 or word not in text or self._is_english(word) for word in words):
            return False
        return self._is_pinyin(words)

    def _is_english(self, word: str) -> bool:
        """Whether the store's English has a word, as which it does not write Chinese: hukou."""
        if word in STOP_WORDS:
            return True
        return any(map(self._is_known, tokenize(word))) and not self._is_romanized(word)

    def _is_romanized(self, word: str) -> bool:
        spans = SyllableLattice([*word], [True] * len(word)).spans(0)
        said = {span.said for span in spans if span.end == len(word) and len(span.said) > 1}
        alike = self._store.words_like({*map(loose_key, said)})
        heard = [one for words in alike.values() for one in words]
        return any(one.said in said and not _is_grammatical(one.word) for one in heard)

    def _words_heard(self, letters: SyllableLattice) -> list[list[_Edge]]:
        """From each place, the words that sound as what is written there."""
        strange = self._strange_places(letters)
        spans = [
            span
            for start in range(len(letters.cells))
            if not strange.isdisjoint(range(start, start + LONGEST_WORD))
            for span in letters.spans(start)
            if not strange.isdisjoint(
                range(start, max(span.end - 1, start + letters.is_pinyin[start]))
            )
        ]
        alike = self._store.words_like({loose_key(span.said) for span in spans}) if spans else {}
        general = general_words() if any(letters.is_pinyin) else {}
        edges: list[list[_Edge]] = [[] for _ in letters.cells]
        for span in spans:
            words = {word: said for word, said in alike.get(loose_key(span.said), ())}
            if "" in span.written:
                words.update(dict.fromkeys(general.get(span.said, ()), span.said))
            found = [
                _Edge(
                    span.end,
                    word,
                    self._cost(word, is_of_store=True) + _error(span, word, said),
                    True,
                )
                for word, said in words.items()
                if _may_be_meant(span, word)
            ]
            edges[span.start] += sorted(found, key=lambda edge: edge.cost)[:N_ALIKE]
        return edges

    def _strange_places(self, letters: SyllableLattice) -> set[int]:
        """Where there is pinyin, or a character that no entry has before the one that follows."""
        rarest, cells = self._rarest(), [*letters.cells, ""]
        return {
            place
            for place, is_pinyin in enumerate(letters.is_pinyin)
            if is_pinyin or self._store.idf(cells[place] + cells[place + 1]) >= rarest
        }

    def _words_written(self, letters: SyllableLattice, start: int) -> Iterator[_Edge]:
        """From a place, the words of Chinese at large that are written there."""
        word = ""
        for end in range(start + 1, min(start + LONGEST_WORD, len(letters.cells)) + 1):
            cell = letters.cells[end - 1]
            if letters.is_pinyin[end - 1] or (word and not _HAN.fullmatch(cell)):
                return
            word += cell
            if not _HAN.match(word):
                yield _Edge(end, word, 0.0, False)
                return
            if len(word) == 1 or jieba.dt.FREQ.get(word):
                exists = jieba.dt.FREQ.get(word, 0) >= REAL_FROM
                yield _Edge(end, word, self._cost(word, is_of_store=exists), False)

    def _cheapest(
        self, edges: Sequence[Sequence[_Edge]], trust: float
    ) -> tuple[float, list[_Edge]]:
        """The path of least cost (Viterbi), infinite if there is none."""
        best: list[dict[str, tuple[float, list[_Edge]]]] = [{} for _ in range(len(edges) + 1)]
        best[0][""] = (0.0, [])  # what words cost depends on the character before
        for start, following in enumerate(edges):
            for before, (cost, path) in best[start].items():
                for edge in following:
                    total = cost + edge.cost + self._joint(before, edge.word[0], trust)
                    known = best[edge.end].get(edge.word[-1])
                    if known is None or total < known[0]:
                        best[edge.end][edge.word[-1]] = (total, [*path, edge])
        return min(best[-1].values(), default=(math.inf, []), key=lambda found: found[0])

    def _cost(self, word: str, *, is_of_store: bool) -> float:
        """Of a word, in nats: the rarer, the more."""
        n = jieba.dt.FREQ.get(word, 0)
        # What entries say of a single character, they mostly say of words that it is in; and a
        # word that hardly exists is in entries as the end of one and the beginning of another.
        pairs = [one + other for one, other in pairwise(word)] if is_of_store else []
        here = min((self._share(pair) for pair in pairs), default=0.0) / WORDS_PER_QUESTION
        return -math.log((n / jieba.dt.total + here) / 2 + 0.1 / jieba.dt.total)

    def _joint(self, before: str, after: str, trust: float) -> float:
        """Of two characters where words meet: less if the store's questions have them so."""
        if not _HAN.fullmatch(before) or not _HAN.fullmatch(after):
            return 0.0
        together = self._share(before + after)
        apart = self._share(before) * self._share(after)
        lift = min(together / apart, 10.0) if together and apart else 0.0
        return -math.log(1 - trust + trust * lift)

    def _share(self, term: str) -> float:
        """Of the entries, those that ask with a term; 0 if none does."""
        idf = self._store.idf(term)
        return math.exp(-idf) if idf < self._rarest() else 0.0

    def _is_known(self, term: str) -> bool:
        return self._store.idf(term) < self._rarest()

    def _rarest(self) -> float:
        return self._store.idf("")  # no entry has the empty term


def _is_grammatical(word: str) -> bool:
    """Whether it says nothing of a matter, such as 「不是」."""
    return len(word) <= 2 and not _GRAMMATICAL.isdisjoint(word)


def _may_be_meant(span: Span, word: str) -> bool:
    """Whether a word could stand for what is written, and is not that already."""
    if "" in span.written:
        return True
    if "".join(span.written) == word or _is_grammatical(word):
        return False
    return not any({*pair} <= {*word, *span.written} for pair in _OPPOSITES)


def _error(span: Span, word: str, said: Syllables) -> float:
    """What it costs to have written this for a word."""
    cost = 0.0
    for heard, meant, written, character in zip(span.said, said, span.written, word, strict=True):
        if written and written != character:
            cost += WRONG_CHARACTER
        if heard != meant and written != character:
            cost += SIMILAR_SOUND
    is_word = jieba.dt.FREQ.get("".join(span.written), 0) >= REAL_FROM
    return cost + REAL_WORD if is_word and "" not in span.written else cost
