"""What a voice does not read rightly in English: dates, telephones, codes, amounts and signs."""

import re
from re import Match

from .rule import NOT_AFTER, NUMBER, ReadingRule, table

_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_UNITS = {
    "km/h": "kilometres per hour", "km²": "square kilometres", "km": "kilometres",
    "m²": "square metres", "m2": "square metres", "m³": "cubic metres", "cm": "centimetres",
    "mm": "millimetres", "kg": "kilograms", "mg": "milligrams", "ml": "millilitres",
    "mL": "millilitres", "kWh": "kilowatt hours", "mg/L": "milligrams per litre",
    "mmol/L": "millimoles per litre", "μg/m³": "micrograms per cubic metre", "dB": "decibels",
}  # fmt: skip
_UNIT_SYMBOLS = "|".join(map(re.escape, sorted(_UNITS, key=len, reverse=True)))
_CURRENCIES = {"¥": "yuan", "RMB": "yuan", "CNY": "yuan", "€": "euros", "£": "pounds"}
_SIGNS = {
    "≥": "at least", ">=": "at least", "≤": "at most", "<=": "at most", "≠": "not equal to",
    "≈": "about", "±": "plus or minus", "×": "times", "÷": "divided by", "=": "equals",
    "<": "less than", ">": "more than", "§": "section", "%": "percent", "‰": "per thousand",
    "&": "and", "+": "plus", "@": "at", "#": "number", "*": "star",
}  # fmt: skip
_SIGN = "|".join(map(re.escape, sorted(_SIGNS, key=len, reverse=True)))


_PER = "day|month|year|hour|person|household|kilogram|kg|kWh|km|m²|m³|L|time|copy|item|visit"
_SITE = r"(?:[A-Za-z0-9-]+\.)+(?:gov|com|cn|org|net|edu|info)(?:\.[a-z]{2})?"


def _address(match: Match[str]) -> str:
    """Say the name of a site or mailbox without the path behind it."""
    return match[1].replace(".", " dot ").replace("@", " at ").replace("-", " dash ")


def _spelled(match: Match[str]) -> str:
    return " ".join(re.findall(r"\d", match[0]))


def _international(match: Match[str]) -> str:
    return "plus " + _spelled(match)


def _code(match: Match[str]) -> str:
    signs = re.findall(r"[A-Za-z\d]|\*+|[-—/]+", match[0])
    names = {"*": "star", "-": "dash", "—": "dash", "/": "slash"}
    return " ".join(names.get(sign[0], sign) for sign in signs)


def _date(match: Match[str]) -> str:
    year, _, month, day = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return match[0]
    return f"{_MONTHS[int(month) - 1]} {int(day)}, {year}"


def _range(match: Match[str]) -> str:
    first, last = (float(number.replace(",", "")) for number in match.group(1, 2))
    return match[1] + (" to " if first < last else " dash ")


def _each(match: Match[str]) -> str:
    return " per " + _UNITS.get(match[1], match[1]).removesuffix("s")


def _money(match: Match[str]) -> str:
    sign, currency, number, power = match.groups()
    return f"{'minus ' if sign else ''}{number}{power} {_CURRENCIES[currency]}"


def _temperature(match: Match[str]) -> str:
    sign, number, scale = match.groups()
    name = {"C": " Celsius", "F": " Fahrenheit"}.get(scale or "", "")
    return f"{'minus ' if sign else ''}{number} degrees{name}"


RULES: tuple[ReadingRule, ...] = table(
    (
        r"[Ⅰ-Ⅻ]", lambda m: str(ord(m[0]) - 0x215F),
        "Class Ⅱ", "Class 2",
    ),
    (
        rf"(?<![\w.@-])(?:https?://)?((?:[\w.-]+@)?{_SITE})(?![A-Za-z])(?:[/?:][!-~]*)?", _address,
        "Visit https://www.gov.cn/a?b=1", "Visit www dot gov dot cn",
    ),
    # Dates and times
    (
        rf"{NOT_AFTER}((?:19|20)\d\d)([-/.])(\d{{1,2}})\2(\d{{1,2}})(?!\.?\d)", _date,
        "Valid until 2024-05-01", "Valid until May 1, 2024",
    ),
    (
        r"(?<=\d)\s*[-—~]\s*(?=(?:January|February|March|April|May|June|July|August|September|"
        r"October|November|December) \d)",
        " to ",
        "2024/5/1-2024/5/7", "May 1, 2024 to May 7, 2024",
    ),
    (
        r"(?<![\d.-])((?:19|20)\d\d)\s*[-—~]\s*(?=(?:19|20)\d\d(?![\d-]))", r"\1 to ",
        "In 2024-2025", "In 2024 to 2025",
    ),
    (
        r"(?<=\d:\d\d)\s*[-—~]\s*(?=\d)", " to ",
        "9:00-17:00", "9:00 to 17:00",
    ),
    (
        r"(?<=\d:\d\d)\s*/\s*(?=\d)", ", ",
        "8:30-11:30/14:00-17:00", "8:30 to 11:30, 14:00 to 17:00",
    ),
    # Codes
    (
        r"(?<![\d-])(?:19|20)\d\d-(?:0\d{2,}|\d{3,})(?![\d-])", _code,
        "Notice No. 2024-015", "Notice No. 2 0 2 4 dash 0 1 5",
    ),
    (
        r"(?<![\w*])[A-Za-z]{0,3}\d+ ?\*{2,}(?: ?[\d*]+)*[Xx]?", _code,
        "ID 3101********1234", "ID 3 1 0 1 star 1 2 3 4",
    ),
    (
        r"(?<![\w/-])[A-Z]{1,6}\d{0,2}(?:/[A-Z]{1,5})?[ -]\d{3,6}(?:\.\d+)?[-—](?:19|20)\d\d(?!\w)",
        _code,
        "GB/T 19001-2016", "G B slash T 1 9 0 0 1 dash 2 0 1 6",
    ),
    (
        r"(?<![\w-])(?=[A-Z\d-]*[A-Z])(?=[A-Z\d-]*-)(?=[A-Z\d-]*\d{3})[A-Z\d]+(?:-[A-Z\d]+)+(?!\w)",
        _code,
        "Case SL-2024-000123", "Case S L dash 2 0 2 4 dash 0 0 0 1 2 3",
    ),
    (
        r"(?<![\w.])(?=[A-Z]*\d)(?=\d*[A-Z])(?=(?:[A-Z]*\d){3})(?!\d+[A-Z]+\b)[A-Z\d]{4,}(?!\w)",
        _code,
        "Ticket E123456", "Ticket E 1 2 3 4 5 6",
    ),
    # Telephones
    (
        r"\+\d[\d() -]{5,}\d(?!\w)", _international,
        "Call +86 138 1234 5678", "Call plus 8 6 1 3 8 1 2 3 4 5 6 7 8",
    ),
    (
        r"(?<![\d.,$€£¥-])(?:\(?\d[\d() -]{5,}\d|1[0-2]\d{3}|9[56]\d{3})(?![\d,%]|\.\d)", _spelled,
        "Tel: 010-12345678", "Tel: 0 1 0 1 2 3 4 5 6 7 8",
    ),
    (
        r"(?<=[Cc]all )\d{3,6}\b|(?<=[Dd]ial )\d{3,6}\b|(?<=hotline )\d{3,6}\b"
        r"|(?<=[Rr]oom )\d{3,4}\b",
        _spelled,
        "Dial 120", "Dial 1 2 0",
    ),
    # Amounts
    (
        r"(?<![\d.])(?<!\d )\d{1,3}(?: \d{3})+(?=(?:\.\d+)? ?[a-z%])",
        lambda m: m[0].replace(" ", ","),
        "Subsidy: 2 000 yuan", "Subsidy: 2,000 yuan",
    ),
    (
        rf"(-)?(?<!\d-)({'|'.join(map(re.escape, _CURRENCIES))})\s?({NUMBER})(?![\d,]*\d)"
        r"((?: (?:thousand|million|billion))?)",
        _money,
        "Balance -¥1.5 million", "Balance minus 1.5 million yuan",
    ),
    (
        r"(?<=\d)\s?([€£¥])(?!\d)", lambda m: " " + _CURRENCIES[m[1]],
        "100€", "100 euros",
    ),
    (
        rf"{NOT_AFTER}({NUMBER})%\s*[-—~]\s*(?={NUMBER}%)", r"\1 to ",
        "5%-12%", "5 to 12 percent",
    ),
    (
        r"(?<![\d/.])(\d{1,3}/\d{1,3})\s*[-—~]\s*(?=\d{1,3}/\d{1,3}(?![\d/]))", r"\1 to ",
        "1/3-1/2 of owners", "1/3 to 1/2 of owners",
    ),
    (
        rf"(?<![\w.-])({NUMBER})\s*-\s*(?=({NUMBER})(?![\d/-]))", _range,
        "3-5 working days, 18-2 Wensan Road", "3 to 5 working days, 18 dash 2 Wensan Road",
    ),
    (
        r"(?<=[\dA-Z])\s*~\s*(?=\d)", " to ",
        "3~5 copies", "3 to 5 copies",
    ),
    (
        r"~\s*(?=\d)", "about ",
        "~200 people", "about 200 people",
    ),
    (
        rf"(?<![\w.)])(-)?({NUMBER})\s*°([CF])?(?![A-Za-z])", _temperature,
        "-5°C", "minus 5 degrees Celsius",
    ),
    (
        rf"(?<=\d)\s*({_UNIT_SYMBOLS})(?![A-Za-z\d²³])", lambda m: " " + _UNITS[m[1]],
        "120 km/h", "120 kilometres per hour",
    ),
    (
        rf"(?<=[a-z])/({_PER})(?![A-Za-z\d])", _each,
        "20 yuan/m²", "20 yuan per square metre",
    ),
    (
        r"(?<!\S)-(?=[\d$])|(?<=[(:])-(?=\d)", "minus ",
        "Growth -3", "Growth minus 3",
    ),
    # Signs
    (
        r"(?<![A-Za-z])([A-Z]\d?)/(?=[A-Z]\d?(?![A-Za-z\d]))", r"\1 or ",
        "C1/C2 licence", "C1 or C2 licence",
    ),
    (
        r"(?<=[Ss]ection )§\s*|#(?=[A-Za-z])", "",
        "Section §12", "Section 12",
    ),
    (
        r"(?<![\w#])(\d+)#", r"number \1",
        "Building 5#", "Building number 5",
    ),
    (
        rf"\s*({_SIGN})\s*", lambda m: f" {_SIGNS[m[1]]} ",
        "Age ≥60", "Age at least 60",
    ),
    (
        r" {2,}", " ",
        "Error ≤±5", "Error at most plus or minus 5",
    ),
    (
        r" (?=[.,;:!?])", "",
        "Up to 5%.", "Up to 5 percent.",
    ),
)  # fmt: skip
