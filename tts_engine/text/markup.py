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
        "½": "1/2", "⅓": "1/3", "¼": "1/4", "¾": "3/4", "⅔": "2/3", "№": "编号",
        "‑": "-", "‐": "-", "–": "-", "−": "-", "﹣": "-", "〜": "~", "∶": ":",
        "\u00a0": " ", "\u3000": " ", "\t": " ",
    }
)  # fmt: skip
_BLOCK_TAG = re.compile(r"</?(?:br|p|div|li|ul|ol|tr|td|th|h\d)\b[^<>]*>", re.I)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.S)
_IMAGE = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)")
_LINK = re.compile(r"\[([^\]\n]+)\]\([^)\n]*\)")
_LINE_MARK = re.compile(r"^[ ]*(?:#{1,6}[ ]+|>[ ]*|[-*+•●■◆▪·][ ]+|[•●■◆▪][ ]*)", re.M)
_RULE = re.compile(r"^[ ]*(?:[-*_=][ ]*){3,}$|^[ ]*\|?[ :|-]*-{2,}[ :|-]*\|?[ ]*$", re.M)
_EMPHASIS = re.compile(r"(?<![\d*])\*\*|\*\*(?![\d*])|__|~~|`+|(?<!\d)\*(?!\d)")
_CIRCLED = {chr(0x2460 + n): f"{n + 1}、" for n in range(20)}  # ① to ⑳
_ROMAN = {chr(0x2160 + n): str(n + 1) for n in range(12)}  # Ⅰ to Ⅻ
_NUMERALS = str.maketrans(_CIRCLED | _ROMAN)
_KEPT_SYMBOLS = frozenset("+-=<>×÷±≥≤≠~%‰°¥$€£^|²³→&/*@#·")


def _said(character: str) -> bool:
    if character == "\n" or character in _KEPT_SYMBOLS:
        return True
    category = unicodedata.category(character)
    # Cc, Cf, Co, Cs, Cn: control, format, private, unassigned; Sk, So: emoji and ornaments.
    # Mn is for combining marks and the emoji variation selectors.
    return category[0] in "LNPZ" or category == "Sc"


def strip_markup(text: str) -> str:
    """Return ``text`` without HTML, Markdown, emoji and control characters.

    Full-width letters and digits become ASCII; punctuation and line breaks stay.
    """
    text = html.unescape(text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _TAG.sub("", _BLOCK_TAG.sub("\n", text))
    text = text.translate(_LOOKALIKES).translate(_NUMERALS).translate(_HALF_WIDTH)
    text = _LINK.sub(r"\1", _IMAGE.sub("", text))
    text = _EMPHASIS.sub("", _LINE_MARK.sub("", _RULE.sub("", text)))
    text = "".join(filter(_said, text)).replace("|", " ")
    return re.sub(r" {2,}", " ", text).strip()
