"""Take away what is written but not said: markup, emoji, control characters."""

import html
import re
import unicodedata

# Full-width letters, digits and the signs that rules look for. Full-width punctuation
# stays: it says where to breathe. (NFKC would turn it into ASCII.)
_HALF_WIDTH = {
    code: code - 0xFEE0
    for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
} | str.maketrans("％＋－／．＠＃＆～＝＜＞＊＿｜￥－", "%+-/.@#&~=<>*_|¥-")
_LOOKALIKES = str.maketrans(
    {
        "㎡": "m²", "㎥": "m³", "㎞": "km", "㎝": "cm", "㎜": "mm", "㎏": "kg", "℃": "°C",
        "㎎": "mg", "㎖": "ml", "㎢": "km²",
        "㎐": "Hz", "℉": "°F", "µ": "μ", "\u2126": "Ω", "º": "°",
        "½": "1/2", "⅓": "1/3", "¼": "1/4", "¾": "3/4", "⅔": "2/3", "№": "编号", "⁄": "/",
        "‑": "-", "‐": "-", "–": "-", "−": "-", "﹣": "-", "〜": "~", "∼": "~", "∶": ":", "≒": "≈",
        "﹥": ">", "﹤": "<", "﹦": "=", "﹢": "+", "﹪": "%", "∗": "*", "✓": "√", "✔": "√",
        "〇": "零", "\t": " ",
    }
)  # fmt: skip

_BLOCK_TAG = re.compile(r"</?(?:br|p|div|li|ul|ol|tr|td|th|h\d)\b[^<>]*>", re.I)
_TAG = re.compile(  # those that texts are pasted with: "A<B, C>D" is no tag
    r"</?(?:[abipqsu]|(?i:abbr|big|blockquote|body|button|center|cite|code|dd|dl|dt|em|figure|font|"
    r"form|head|hr|html|img|input|label|link|mark|meta|nav|option|pre|script|section|select|small|"
    r"span|strike|strong|style|sub|sup|svg|table|tbody|tfoot|thead|title|video))"
    r"(?:\s[\w:-]+(?:=[^<>]*)?)?\s*/?>|<!--.*?-->",
    re.S | re.A,
)
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]*|#\d+|#[xX][0-9A-Fa-f]+);")
_IMAGE = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)")
_LINK = re.compile(r"\[([^\]\n]+)\]\([^)\n]*\)")
_LINE_MARK = re.compile(  # "> 60岁" is a comparison, "- 5℃" a temperature
    r"^[ ]*(?:#{1,6}[ ]+|>(?![ ]*[=\d+-])[ ]*"
    r"|-[ ]+(?!\d[\d,.]*\s*[%‰°元万亿])|[*•●■◆▪·][ ]+|[•●■◆▪][ ]*)",
    re.M,
)
_RULE = re.compile(r"^[ ]*(?:[-*_=][ ]*){3,}$|^[ ]*\|?[ :|-]*-{2,}[ :|-]*\|?[ ]*$", re.M)
# Stars hide a name or a number (张**, 138****1234) unless they enclose something, as Markdown's do,
# or half of a pair stands at the end of a clause that was cut out of it.
_MARKS = r"，。；：、！？,.;:!?（）()《》“”\s"
_EMPHASIS = re.compile(
    rf"(?<![\w*])(\*{{1,3}})(?![*{_MARKS}])([^*\n]+?)(?<!\s)\1(?![*\d])"
    rf"|(?<=[^\W\d])(\*\*)(?![*{_MARKS}])([^*\n]+?)(?<!\s)\*\*(?![*\d])"
)
_HALF_EMPHASIS = re.compile(
    r"^\*\*(?=[^\W\d])|(?<=[^\W\d]{3})\*\*(?=[，。；：、！？]?$)|__|~~|`+", re.M
)
_CIRCLED = {chr(0x2460 + n): f"{n + 1}、" for n in range(20)}  # ① to ⑳
_LISTED = {chr(start + n): f"{n + 1}、" for start in (0x2474, 0x2488) for n in range(20)}  # ⑴ ⒈
_LISTED |= {chr(0x3220 + n): f"（{name}）" for n, name in enumerate("一二三四五六七八九十")}  # ㈠
_RAISED = {"⁰": "^0", "¹": "^1"} | {chr(0x2070 + n): f"^{n}" for n in range(4, 10)}
_LOWERED = {chr(0x2080 + n): str(n) for n in range(10)}
_NUMERALS = str.maketrans(_CIRCLED | _LISTED | _RAISED | _LOWERED)
# What stands for 零 among Chinese numerals: 二○二五年, 二OO五年, 一一○. ○ is a list mark elsewhere.
_NUMERAL = "[零一二三四五六七八九]"
_ZEROS = re.compile(
    rf"(?<={_NUMERAL})[○◯OΟ0]+(?={_NUMERAL}|[年届])"
    rf"|(?<={_NUMERAL})[○◯]+(?=[号室房路条]|{_NUMERAL})|(?<={_NUMERAL}{{2}})[○◯]+(?![○◯])"
)
_MIXED_FRACTION = re.compile("(?<=\\d)(?=[½⅓¼¾⅔])")
_KEPT_SYMBOLS = frozenset("-~%‰°¥$€£^|²³→&/*@#·")


def _said(character: str) -> bool:
    if character == "\n" or character in _KEPT_SYMBOLS:
        return True
    category = unicodedata.category(character)
    # Cc, Cf, Co, Cs, Cn: control, format, private, unassigned; Sk, So: emoji and ornaments.
    # Mn is for combining marks and the emoji variation selectors.
    return category[0] in "LNPZ" or category in ("Sc", "Sm")


def _plain(character: str) -> str:
    """Any script's digit as ASCII's, any blank as a space."""
    if character.isascii():
        return character
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    return " " if unicodedata.category(character) == "Zs" else character


def strip_markup(text: str) -> str:
    """Return ``text`` without HTML, Markdown, emoji and control characters.

    Full-width letters and digits become ASCII; punctuation and line breaks stay.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    text = _TAG.sub("", _BLOCK_TAG.sub("\n", text))
    text = (
        _MIXED_FRACTION.sub("又", text)
        .translate(_LOOKALIKES)
        .translate(_NUMERALS)
        .translate(_HALF_WIDTH)
    )
    text = _ZEROS.sub(lambda zeros: "零" * len(zeros[0]), text)
    text = _LINK.sub(r"\1", _IMAGE.sub("", text))
    text = _LINE_MARK.sub("", _RULE.sub("", text))
    text = _EMPHASIS.sub(lambda bold: bold[2] or bold[4], text)
    text = _HALF_EMPHASIS.sub("", text)
    text = "".join(_plain(c) for c in text if _said(c)).replace("|", " ")
    return re.sub(r" {2,}", " ", text).strip()
