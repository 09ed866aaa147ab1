"""The sounds of a Mandarin syllable: an initial, perhaps, and a final with its tone."""

import re
from dataclasses import dataclass

INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l",
    "g": "k", "k": "kʰ", "h": "x", "j": "tɕ", "q": "tɕʰ", "x": "ɕ", "zh": "ʈʂ", "ch": "ʈʂʰ",
    "sh": "ʂ", "r": "ʐ", "z": "ts", "c": "tsʰ", "s": "s",
}  # fmt: skip
"""Pinyin initials and their IPA."""

FINALS = {
    "a": "a", "o": "o", "e": "ɤ", "ê": "ɛ", "ai": "ai", "ei": "ei", "ao": "au", "ou": "ou",
    "an": "a n", "en": "ə n", "ang": "a ŋ", "eng": "ə ŋ", "er": "ɚ", "i": "i", "ia": "j a",
    "ie": "j ɛ", "iao": "j au", "iou": "j ou", "ian": "j ɛ n", "in": "i n", "iang": "j a ŋ",
    "ing": "i ŋ", "u": "u", "ua": "w a", "uo": "w o", "uai": "w ai", "uei": "w ei",
    "uan": "w a n", "uen": "w ə n", "uang": "w a ŋ", "ueng": "w ə ŋ", "ong": "ʊ ŋ",
    "iong": "j ʊ ŋ", "v": "y", "ve": "y ɛ", "van": "y ɛ n", "vn": "y n",
    "ii": "ɹ̩", "iii": "ɻ̩", "io": "j o",
}  # fmt: skip
"""Finals as they sound, and their IPA; ``ii`` is the vowel of zi, ``iii`` that of zhi."""

PAUSE = ""
SYMBOLS = (PAUSE, *INITIALS, *FINALS)
"""All phones; a phone's number is its place here."""

_NUMBERS = {symbol: number for number, symbol in enumerate(SYMBOLS)}
_SYLLABLE = re.compile(rf"({'|'.join(sorted(INITIALS, key=len, reverse=True))})?(.+)([1-5])")
_WITHOUT_INITIAL = {
    "yi": "i", "ya": "ia", "ye": "ie", "yai": "ai", "yao": "iao", "you": "iou", "yan": "ian",
    "yin": "in", "yang": "iang", "ying": "ing", "yong": "iong", "yo": "io", "yu": "v",
    "yue": "ve", "yuan": "van", "yun": "vn", "wu": "u", "wa": "ua", "wo": "uo", "wai": "uai",
    "wei": "uei", "wan": "uan", "wen": "uen", "wang": "uang", "weng": "ueng",
}  # fmt: skip
_CONTRACTED = {"iu": "iou", "ui": "uei", "un": "uen", "ue": "ve"}
_GLIDE_SHARE, _CODA_SHARE = 0.3, 0.35


@dataclass(frozen=True, slots=True)
class Phone:
    """One sound of a text, before it has a time."""

    number: int
    """Its place in ``SYMBOLS``."""
    tone: int
    """1 to 5, that of its syllable; 0 for a pause."""

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.number]

    @property
    def is_final(self) -> bool:
        return self.symbol in FINALS


SILENCE = Phone(0, 0)


def syllable_phones(syllable: str) -> tuple[Phone, ...]:
    """Return the phones of one syllable of pinyin, ``"zhong1"``, with ``v`` for ü.

    Raises:
        ValueError: It is no Mandarin syllable.
    """
    match = _SYLLABLE.fullmatch(syllable)
    if not match:
        raise ValueError(f"{syllable!r} is no pinyin syllable with a tone, such as zhong1")
    initial, final, tone = match[1] or "", match[2], int(match[3])
    if not initial:
        final = _WITHOUT_INITIAL.get(final, final)
    elif initial in "jqx":
        final = re.sub("^u", "v", final)
    final = _CONTRACTED.get(final, final)
    if final == "i" and initial in ("z", "c", "s"):
        final = "ii"
    elif final == "i" and initial in ("zh", "ch", "sh", "r"):
        final = "iii"
    if final not in FINALS:
        raise ValueError(f"{syllable!r} is no Mandarin syllable: there is no final {final!r}")
    symbols = (initial, final) if initial else (final,)
    return tuple(Phone(_NUMBERS[symbol], tone) for symbol in symbols)


def phone_to_ipa(phone: Phone, start: float, end: float) -> list[tuple[str, float]]:
    """Return the IPA symbols of a phone that lasts from ``start`` to ``end``, and their starts."""
    if phone.symbol in INITIALS or phone.symbol == PAUSE:
        return [(INITIALS.get(phone.symbol, PAUSE), start)]
    sounds = FINALS[phone.symbol].split()
    seconds = end - start
    coda = sounds[-1] in ("n", "ŋ")
    starts = [start]
    if len(sounds) == 3 or (len(sounds) == 2 and not coda):
        starts.append(start + _GLIDE_SHARE * seconds)
    if coda:
        starts.append(end - _CODA_SHARE * seconds)
    return list(zip(sounds, starts, strict=True))
