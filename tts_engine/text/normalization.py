"""Text as a person would say it: numbers, dates, telephones, money, units and signs in words.

Mandarin is read by tables of rules (:mod:`.verbalization`), applied in the order below. Own rules:
of the libraries tried, ``WeTextProcessing`` and ``wetext`` read 31 of 100 hard texts of public
service rightly, these tables 99 before the last was mended (docs/voices.md); ``cn2an`` knows no
telephones, dates with hyphens or clock times.
"""

from .markup import strip_markup
from .verbalization import amount_pairs, codes, dates, english, quantities, signs, telephones
from .verbalization.rule import apply_rules

MANDARIN_RULES = (
    *codes.ADDRESSES,
    *codes.CLASSES,
    *signs.LIST_MARKS,
    *quantities.GROUPED,
    *telephones.INTERNATIONAL,
    *codes.LETTERED,
    *dates.DATES,
    *codes.DOCUMENTS,
    *codes.NUMBERED,
    *telephones.TELEPHONES,
    *codes.HYPHENATED,
    *dates.CLOCK,
    *amount_pairs.AMOUNT_PAIRS,
    *quantities.QUANTITIES,
    *signs.SIGNS,
)
ENGLISH_RULES = english.RULES


def normalize_text(text: str, language: str = "zh-CN") -> str:
    """Return ``text`` as a person would say it.

    Markup, emoji and control characters are removed; punctuation stays, because
    it tells a voice where to breathe. No digit and no sign that changes a value is lost.

    Args:
        text: Anything; may be empty.
        language: BCP 47 tag. ``en…`` keeps plain numbers, which voices read well, and puts dates,
            telephones, codes and signs in words; every other language is read as Mandarin,
            without digits left over.
    """
    is_english = language.lower().startswith("en")
    return apply_rules(strip_markup(text), ENGLISH_RULES if is_english else MANDARIN_RULES).strip()
