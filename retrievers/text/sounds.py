"""How Chinese is said: syllables without tones, of characters and of what is typed in pinyin.

Syllables that are often taken for each other, by people from the south and by speech recognisers,
have one loose form: z and zh, c and ch, s and sh, l and n, an and ang, en and eng, in and ing.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

import jieba

from .normalization import normalize_text

Syllables = tuple[str, ...]
"""Toneless syllables such as ``("hu", "zhao")``; ü is written v."""
LONGEST_WORD = 5  # characters of a word that is known by its sound

LONGEST_SYLLABLE = 6  # zhuang
_HAN = re.compile("[\u3400-\u9fff]+")
_ALIKE = re.compile("^(?:(?P<retroflex>[zcs])h|n(?=[a-z]))|(?P<nasal>[aei]n)g$")
_TYPED = {
    "lyu": "lv",
    "nyu": "nv",
    "lue": "lve",
    "nue": "nve",
    "lyue": "lve",
    "nyue": "nve",
    "shei": "shui",
}


def words_to_hear(texts: Iterable[str]) -> set[str]:
    """The Chinese words of texts, those that questions may be read as.

    >>> sorted(words_to_hear(["补办ETC卡", "居住证丢了"]))
    ['丢', '了', '卡', '居住证', '补办']
    """
    return {
        word
        for text in texts
        for word in jieba.cut(normalize_text(text))
        if len(word) <= LONGEST_WORD and _HAN.fullmatch(word)
    }


@lru_cache(maxsize=20_000)
def sounds_of(word: str) -> Syllables:
    """The syllables of a word of Chinese characters; empty if it has anything else.

    >>> sounds_of("银行卡"), sounds_of("旅行证"), sounds_of("ETC")
    (('yin', 'hang', 'ka'), ('lv', 'xing', 'zheng'), ())
    """
    from pypinyin import lazy_pinyin  # here, because it takes a second to load

    syllables = tuple(lazy_pinyin(word))
    return syllables if all(syllable in known_syllables() for syllable in syllables) else ()


@lru_cache(maxsize=20_000)
def sound_of(character: str) -> str:
    """The most usual syllable of a character; empty if it is no Chinese character.

    >>> sound_of("照"), sound_of("行"), sound_of("A")
    ('zhao', 'xing', '')
    """
    from pypinyin.constants import PINYIN_DICT

    readings = PINYIN_DICT.get(ord(character), "") if len(character) == 1 else ""
    syllable = _toneless(readings.partition(",")[0])
    return syllable if syllable in known_syllables() else ""


@lru_cache(maxsize=2_000)
def loose(syllable: str) -> str:
    """What a syllable and those that are taken for it have in common.

    >>> loose("zhang"), loose("zan"), loose("nin"), loose("ling"), loose("en")
    ('zan', 'zan', 'lin', 'lin', 'en')
    """
    return _ALIKE.sub(
        lambda found: found["retroflex"] or found["nasal"] or ("l" if found[0] == "n" else ""),
        syllable,
    )


def loose_key(syllables: Syllables) -> str:
    """By which words that sound alike are kept together.

    >>> loose_key(("hu", "zao")) == loose_key(("hu", "zhao"))
    True
    """
    return "'".join(map(loose, syllables))


@cache
def known_syllables() -> frozenset[str]:
    """The syllables of Mandarin, without tones, about 400."""
    from pypinyin.constants import PINYIN_DICT

    common = range(0x4E00, 0x9FA6)
    found = {
        _toneless(reading)
        for code in common
        for reading in PINYIN_DICT.get(code, "").split(",")
        if reading
    }
    return frozenset(s for s in found if re.fullmatch("[a-z]*[aeiouv][a-z]*", s)) - {"eng", "yo"}


def as_typed(letters: str) -> str:
    """A syllable as it is kept, from how people type it.

    >>> as_typed("lyu"), as_typed("lue"), as_typed("zhao")
    ('lv', 'lve', 'zhao')
    """
    return _TYPED.get(letters, letters)


def without_tones(text: str) -> str:
    """Pinyin without tone marks and tone numbers; all else stays as it is.

    >>> without_tones("hùzhào duōshao qián"), without_tones("hu4zhao4"), without_tones("nǚ 2024")
    ('huzhao duoshao qian', 'huzhao', 'nv 2024')
    """
    plain = unicodedata.normalize("NFC", _toneless(text))
    return re.sub(r"(?<=[a-z])[1-5](?=[a-z\s]|$)", "", plain)


def _toneless(pinyin: str) -> str:
    decomposed = unicodedata.normalize("NFD", pinyin.replace("ü", "v"))
    return re.sub("u\u0308", "v", re.sub("[\u0300\u0301\u0304\u030c]", "", decomposed))
