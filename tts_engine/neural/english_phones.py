"""English words as phones: eSpeak NG says how they sound, in American English."""

import re
from functools import lru_cache

from ..espeak.library import library
from .phones import PRIMARY, SECONDARY, UNSTRESSED, Phone, phone

_VOICE = "en-us"
_SOUNDS = {
    "a^ɪ": "AY", "a^ʊ": "AW", "e^ɪ": "EY", "o^ʊ": "OW", "ɔ^ɪ": "OY", "t^ʃ": "CH", "d^ʒ": "JH",
    "iː": "IY", "i": "IY", "ɪ": "IH", "ᵻ": "IH", "ɛ": "EH", "e": "EH", "æ": "AE", "a": "AA",
    "ɑː": "AA", "ɑ": "AA", "ɔː": "AO", "ɔ": "AO", "o": "AO", "oː": "AO", "ʊ": "UH", "uː": "UW",
    "u": "UW", "ʌ": "AH", "ə": "AX", "ɐ": "AX", "ɚ": "ER", "ɜː": "ER", "ɜ": "ER",
    "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "h": "HH", "k": "K", "x": "K", "ç": "K",
    "l": "L", "ɬ": "L", "m": "M", "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "s": "S",
    "ʃ": "SH", "t": "T", "ʔ": "T", "ɾ": "D", "θ": "TH", "v": "V", "w": "W", "j": "Y", "ʲ": "Y",
    "z": "Z", "ʒ": "ZH",
}  # fmt: skip
_SYLLABIC = "\u0329"  # below a consonant that is a syllable: the n of button
_SOUND = re.compile(
    "|".join(sorted(map(re.escape, (*_SOUNDS, "ˈ", "ˌ", _SYLLABIC)), key=len, reverse=True))
)


@lru_cache(maxsize=4096)
def english_phones(word: str) -> tuple[Phone, ...]:
    """Return the phones of one English word; empty when it has none.

    Consonants have the stress of the vowel that they stand before; behind the last, its stress.

    Raises:
        OSError: The eSpeak NG library cannot be loaded.
    """
    symbols: list[tuple[str, int]] = []
    stress, n_waiting = UNSTRESSED, 0  # consonants before the next vowel
    for sound in _SOUND.findall(library().phonemize(word, _VOICE)):
        if sound in "ˈˌ":
            stress = PRIMARY if sound == "ˈ" else SECONDARY
            continue
        if sound == _SYLLABIC:
            symbols.insert(len(symbols) - 1, ("AX", UNSTRESSED))
            continue
        symbol = _SOUNDS[sound]
        vowel = phone(symbol, stress).is_final
        symbols.append((symbol, stress))
        n_waiting += 1
        if vowel:
            symbols[-n_waiting:] = [(name, stress) for name, _ in symbols[-n_waiting:]]
            stress, n_waiting = UNSTRESSED, 0
    return tuple(phone(symbol, tone) for symbol, tone in symbols)
