"""Mandarin words with their pinyin as spoken: polyphones chosen, tones changed in context.

On 363 polyphones of public service ``pypinyin`` errs in 24 and espeak-ng's own
dictionary in about 40 (and it spells 穷 and 兄 as English); ``polyphones.py`` repairs what
is left and ``neutral_tone.py`` adds the neutral tones. Words come from ``jieba``.
"""

import logging
import re
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise

from .neutral_tone import apply_neutral_tones
from .polyphones import DIGITS, EXCEPTIONS, IN_CONTEXT
from .word_boundaries import cuts_words, word_parts

_COMPLEMENTS = "好满者所体里"  # third tones that belong to the word before them
# Syllables that dictionaries give and no speaker of a public counter needs apart.
_RARE = {"m": "mu", "hm": "hen", "n": "en", "ng": "en", "hng": "heng", "ê": "ei", "wong": "weng"}


@dataclass(frozen=True, slots=True)
class Word:
    """A Mandarin word."""

    text: str
    """Chinese characters only."""
    syllables: tuple[str, ...]
    """Pinyin with the spoken tone as a digit 1 to 5 and ``v`` for ü: ``("yin2", "hang2")``."""


def words_with_pinyin(text: str) -> list[Word]:
    """Return the words of a Mandarin text in order, with pinyin as spoken.

    一 and 不 change their tone, and of neighbouring third tones in one breath all
    but the last become second. What is not a Chinese character ends a breath and
    is left out, as are characters no dictionary knows.
    """
    found: list[Word] = []
    for run in re.findall(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+", text):
        found += _sandhi(_read(run))
    return found


@cache
def _exception_pattern() -> re.Pattern[str]:
    longest_first = sorted(EXCEPTIONS, key=len, reverse=True)
    return re.compile("|".join(longest_first))


def _read(run: str) -> list[Word]:
    """Segment one run of Chinese characters and give each its citation reading."""
    import jieba  # here, because it takes a second to load
    from pypinyin import Style, lazy_pinyin

    jieba.setLogLevel(logging.WARNING)
    segments: list[str] = jieba.lcut(run)
    readings: list[str] = []
    for segment in segments:
        for part in word_parts(segment):
            # A word that the phrase dictionary misreads as a whole is still read per character.
            readings += lazy_pinyin(
                part,
                style=Style.TONE3,
                neutral_tone_with_five=True,
                errors=lambda unknown: [""] * len(unknown),  # type: ignore[arg-type, return-value]
            )
    for pattern, reading in IN_CONTEXT:
        for match in pattern.finditer(run):
            readings[match.start(1)] = reading
    starts = list(accumulate(map(len, segments), initial=0))
    for match in _exception_pattern().finditer(run):
        if not cuts_words(segments, starts, match.start(), match.end()):
            readings[match.start() : match.end()] = EXCEPTIONS[match[0]]
    apply_neutral_tones(segments, readings)
    found, start = [], 0
    for segment in segments:
        end = start + len(segment)
        syllables = tuple(_spelling(reading) for reading in readings[start:end] if reading)
        if syllables:
            found.append(Word(segment, syllables))
        start = end
    return found


def _spelling(syllable: str) -> str:
    name, tone = syllable[:-1], syllable[-1]
    if not tone.isdigit():
        name, tone = syllable, "5"
    return _RARE.get(name, name).replace("ü", "v") + tone


def _sandhi(read: list[Word]) -> list[Word]:
    """Change tones as fluent speech does; ``read`` is one breath."""
    characters = "".join(word.text for word in read)
    syllables = [syllable for word in read for syllable in word.syllables]
    if len(characters) != len(syllables):  # an unknown character was left out
        return read
    starts = [0]
    for word in read:
        starts.append(starts[-1] + len(word.syllables))
    for i in range(len(syllables) - 1):
        _change_yi_bu(characters, syllables, i)
    for start, end in pairwise(starts):
        _change_third_tones(syllables, start, end)
        # A word of one syllable leans on the next word, a complement on the one before.
        leans = end < len(syllables) and characters[end] in _COMPLEMENTS
        if end < len(syllables) and (end - start == 1 or leans):
            _change_third_tones(syllables, end - 1, end + 1)
    return [
        Word(word.text, tuple(syllables[start : start + len(word.syllables)]))
        for word, start in zip(read, starts, strict=False)
    ]


def _change_yi_bu(characters: str, syllables: list[str], i: int) -> None:
    falling = syllables[i + 1].endswith("4")
    if characters[i] == "不" and syllables[i] == "bu4" and falling:
        syllables[i] = "bu2"
    if characters[i] != "一" or syllables[i] != "yi1":
        return
    before, after = characters[i - 1] if i else "", characters[i + 1]
    in_number = before in f"第初周统唯专单万之{DIGITS}十" if before else False
    if in_number or after in f"{DIGITS}十点月日号级期":  # a figure or an ordinal keeps its tone
        return
    syllables[i] = "yi2" if falling or after == "个" else "yi4"


def _change_third_tones(syllables: list[str], start: int, end: int) -> None:
    """展览馆 is 2-2-3."""
    for i in range(start, end - 1):
        if syllables[i].endswith("3") and syllables[i + 1].endswith("3"):
            syllables[i] = syllables[i][:-1] + "2"


# Acronyms that are said as words.
_SPOKEN_AS_WORDS = "VISA|WIFI|COVID|POS|SIM|PIN|SARS|AIDS|APEC|OPEC|NATO|JPEG|CAD"
_SPELLED = re.compile(
    rf"(?<![A-Za-z])(?:(?!(?:{_SPOKEN_AS_WORDS})(?![A-Za-z]))[A-Z]{{1,5}}|[Aa]pp)(?![A-Za-z])"
)


def spell_acronyms(text: str) -> str:
    """Return a text with the letters of its acronyms apart; words stay as they are.

    >>> spell_acronyms("下载APP，连接WiFi")
    '下载A P P，连接WiFi'
    """
    return _SPELLED.sub(lambda named: " ".join(named[0].upper()), text)


_LETTER_PINYIN = {
    "A": "ei1", "B": "bi4", "C": "xi1", "D": "di4", "E": "yi4", "F": "ai2 fu5", "G": "ji4",
    "H": "ei2 chi5", "I": "ai4", "J": "zhei4", "K": "kei4", "L": "ai2 lou5", "M": "ai2 mu5",
    "N": "en1", "O": "ou1", "P": "pi4", "Q": "kiu4", "R": "a4 er5", "S": "ai2 si5",
    "T": "ti4", "U": "you1", "V": "wei4", "W": "da2 bu5 liu5", "X": "ai2 ke5 si5",
    "Y": "wai4", "Z": "zei4",
}  # fmt: skip


def letter_pinyin(letters: str) -> tuple[str, ...]:
    """Return the syllables that spell letters out: ``("ei1", "pi4", "pi4")`` for APP."""
    return tuple(s for letter in letters.upper() for s in _LETTER_PINYIN[letter].split())
