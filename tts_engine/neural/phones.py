"""The sounds of a Mandarin syllable, an initial, perhaps, and a final with its tone.

English sounds are named as in ARPABET (the CMU dictionary), with AX for the weak vowel of *about*.
"""

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

ENGLISH_CONSONANTS = {
    "B": "b", "CH": "tʃ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "dʒ",
    "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ",
    "T": "t", "TH": "θ", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
"""English consonants and their IPA."""

ENGLISH_VOWELS = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "a ʊ", "AX": "ə", "AY": "a ɪ", "EH": "ɛ",
    "ER": "ɚ", "EY": "e ɪ", "IH": "ɪ", "IY": "i", "OW": "o ʊ", "OY": "ɔ ɪ", "UH": "ʊ", "UW": "u",
}  # fmt: skip
"""English vowels and their IPA."""

PAUSE = ""
MANDARIN_SYMBOLS = (PAUSE, *INITIALS, *FINALS)
"""The phones of voices made of single words (format 1)."""
SYMBOLS = (*MANDARIN_SYMBOLS, *ENGLISH_CONSONANTS, *ENGLISH_VOWELS)
"""All phones; a phone's number is its place here."""
UNSTRESSED, SECONDARY, PRIMARY = 6, 7, 8
"""The stress of an English vowel and of the consonants before it, in the place of a tone."""

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
    """1 to 5, that of its Mandarin syllable; 6 to 8, the stress of its English one; 0, a pause."""

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.number]

    @property
    def is_final(self) -> bool:
        """Whether it carries pitch: a Mandarin final or an English vowel."""
        return self.symbol in FINALS or self.symbol in ENGLISH_VOWELS


SILENCE = Phone(0, 0)


def phone(symbol: str, tone: int) -> Phone:
    """Return the phone of that name.

    Raises:
        KeyError: There is none.
    """
    return Phone(_NUMBERS[symbol], tone)


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
    consonant = {**INITIALS, **ENGLISH_CONSONANTS, PAUSE: PAUSE}.get(phone.symbol)
    if consonant is not None:
        return [(consonant, start)]
    sounds = (FINALS.get(phone.symbol) or ENGLISH_VOWELS[phone.symbol]).split()
    seconds = end - start
    coda = sounds[-1] in ("n", "ŋ")
    starts = [start]
    if len(sounds) == 3 or (len(sounds) == 2 and not coda):
        starts.append(start + _GLIDE_SHARE * seconds)
    if coda:
        starts.append(end - _CODA_SHARE * seconds)
    return list(zip(sounds, starts, strict=True))
