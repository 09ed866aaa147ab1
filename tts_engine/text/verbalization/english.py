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


def _money(match: Match[str]) -> str:
    sign, currency, number = match.groups()
    return f"{'minus ' if sign else ''}{number} {_CURRENCIES[currency]}"


def _temperature(match: Match[str]) -> str:
    sign, number, scale = match.groups()
    name = {"C": " Celsius", "F": " Fahrenheit"}.get(scale or "", "")
    return f"{'minus ' if sign else ''}{number} degrees{name}"


RULES: tuple[ReadingRule, ...] = table(
    # Dates and times
    (
        rf"{NOT_AFTER}((?:19|20)\d\d)([-/.])(\d{{1,2}})\2(\d{{1,2}})(?!\.?\d)", _date,
        "Valid until 2024-05-01", "Valid until May 1, 2024",
    ),
    # Codes
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
        rf"(-)?(?<!\d-)({'|'.join(map(re.escape, _CURRENCIES))})\s?({NUMBER})(?![\d,]*\d)", _money,
        "Balance -¥200", "Balance minus 200 yuan",
    ),
    (
        rf"{NOT_AFTER}({NUMBER})\s*(?:-|~)\s*(?={NUMBER}\s*(?:°|%|days|{_UNIT_SYMBOLS}))",
        r"\1 to ",
        "2-8 km", "2 to 8 kilometres",
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
        r"(?<=\d)\s*~\s*(?=\d)", " to ",
        "3~5 copies", "3 to 5 copies",
    ),
    (
        r"(?<=\d:\d\d)\s*[-—]\s*(?=\d)", " to ",
        "9:00-17:00", "9:00 to 17:00",
    ),
    (
        r"(?<!\S)-(?=[\d$])|(?<=[(:])-(?=\d)", "minus ",
        "Growth -3", "Growth minus 3",
    ),
    # Signs
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
