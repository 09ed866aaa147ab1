"""List marks, slashes, comparisons and every other sign, when numbers are already in words."""

import re
from re import Match

from ..numerals import cardinal_in_words
from .rule import HAN, NUMERALS, ReadingRule, table
from .units import (
    AREAS_AND_VOLUMES,
    EACH,
    UNITS,
    each_in_words,
    ends_in_measure,
    ends_in_quantity,
)

_SIGNS = {
    "≥": "大于等于", "≧": "大于等于", "≤": "小于等于", "≦": "小于等于", "≠": "不等于",
    "≈": "约等于", "±": "正负", "÷": "除以", "×": "乘", "&": "和", "=": "等于", "→": "，",
    "²": "平方", "³": "立方", "%": "百分号", "‰": "千分号", "√": "勾", "∞": "无穷大", "∑": "合计",
    "§": "节", "@": "艾特", "+": "加", "$": "美元", "¥": "元", "€": "欧元", "£": "英镑",
    "#": "井号", "∩": "交", "∪": "并", "∈": "属于", "<": "小于", ">": "大于",
}  # fmt: skip
_LOWER_CASE_ACRONYMS = (
    "pdf|jpg|jpeg|png|doc|docx|xls|xlsx|ppt|pptx|txt|mp3|mp4|zip|rar|ofd|url|ip|id"
)
_FILE_FORMATS = "PDF|JPE?G|PNG|BMP|TIFF?|DOCX?|XLSX?|PPTX?|OFD|WPS|TXT|MP[34]|ZIP|RAR"
_COMPARED = rf"[{NUMERALS}负正A-Z]"


def _each(match: Match[str]) -> str:
    before = match.string[max(0, match.start() - 12) : match.start()]
    after = match.string[match.end() : match.end() + 1]
    # "2张/户口簿": behind what is counted the noun must end; behind money and units it may go on.
    ends = ends_in_measure(before) or not re.match(
        rf"[{HAN}](?<![以内外上下的为计起到至不可收左])", after
    )
    return each_in_words(match[0]) if ends and ends_in_quantity(before) else match[0]


def _path(match: Match[str]) -> str:
    is_comparison = re.search(rf">[{NUMERALS}]", match[0])
    return match[0] if is_comparison else match[0].replace(">", "，")


LIST_MARKS: tuple[ReadingRule, ...] = table(
    (
        r"^[ ]*(\d{1,2})\.(?=[^\d\s]|[ ])[ ]*", lambda m: cardinal_in_words(m[1]) + "、",
        "2.身份证原件", "二、身份证原件",
    ),
    (
        r"^[ ]*[(（]?(\d{1,2})[)）](?![-\d])[ ]*", lambda m: cardinal_in_words(m[1]) + "、",
        "1) 身份证", "一、身份证",
    ),
)  # fmt: skip

SIGNS: tuple[ReadingRule, ...] = table(
    # A slash: 每 behind a quantity, 或 between alternatives
    (
        rf"(?:[/·]{EACH})+", _each,
        "20元/天/人", "二十元每天每人",
    ),
    (
        rf"(?<=[零幺二三四五六七八九]{{5}})/(?=[{NUMERALS}]{{5}})", "或",
        "拨12345/12333", "拨幺二三四五或幺二三三三",
    ),
    (
        rf"(?<![A-Za-z])({_FILE_FORMATS})/(?=(?:{_FILE_FORMATS})(?![A-Za-z]))", r"\1或",
        "PDF/JPG格式", "PDF或JPG格式",
    ),
    (
        rf"(?<=[{NUMERALS}])/(?=[{NUMERALS}])", "杠",
        "24/7", "二十四杠七",
    ),
    (
        rf"(?<=[{NUMERALS}][元吨])/(?=[{HAN}]{{1,4}})(?!免费|减免|以|不|[{NUMERALS}])", "每",
        "50元/轴，2元/3元", "五十元每轴，两元或三元",
    ),
    (
        rf"(?<=[米寸分])\s?[*xX×]\s?(?=[{NUMERALS}])", "乘",
        "25mm*35mm", "二十五毫米乘三十五毫米",
    ),
    (
        r"和/或", "和或",
        "本人和/或配偶", "本人和或配偶",
    ),
    (
        rf"(?<=[{HAN}])\s?/\s?(?=[{HAN}A-Z“《])|(?<=[A-Z”》])/(?=[{HAN}“《])", "或",
        "驾驶证/护照", "驾驶证或护照",
    ),
    (
        rf"(?<![A-Za-z])([A-Z][{NUMERALS}]*)/(?=[A-Z](?![A-Za-z]))", r"\1或",
        "A/B卷", "A或B卷",
    ),
    # Comparisons
    (
        r">=|=>", "大于等于",
        ">=60岁", "大于等于六十岁",
    ),
    (
        r"<=|=<", "小于等于",
        "<=3项", "小于等于三项",
    ),
    (
        r"!=|<>", "不等于",
        "A!=B", "A不等于B",
    ),
    (
        r"-+>|=+>", "，",
        "受理->审核", "受理，审核",
    ),
    (
        r"==+", "等于",
        "A==B", "A等于B",
    ),
    (
        rf"(?<=[{HAN}A-Za-z]) ?> (?!{_COMPARED})", "，",
        "首页 > 办事", "首页，办事",
    ),
    (
        rf"[{HAN}]{{2,8}}(?:>[{HAN}]{{2,8}}){{2,}}", _path,
        "首页>办事>社保", "首页，办事，社保",
    ),
    (
        rf"(?<=[{NUMERALS}度元])→(?=[{NUMERALS}])", "到",
        "20→30", "二十到三十",
    ),
    # Arithmetic and ranges without digits
    (
        r"(?<=[打画划填选])×|×(?=[号”])", "叉",
        "不符的打×", "不符的打叉",
    ),
    (
        rf"(?<=[{NUMERALS}度])′", "分",
        "东经120°30′", "东经一百二十度三十分",
    ),
    (
        rf"(?<=[{NUMERALS}分])″", "秒",
        "15′20″", "十五分二十秒",
    ),
    (
        rf"(?<![A-Za-z\d])(?:{AREAS_AND_VOLUMES})(?![A-Za-z\d])", lambda m: UNITS[m[0]],
        "单位：㎡", "单位：平方米",
    ),
    (
        r"°C", "摄氏度",
        "单位：℃", "单位：摄氏度",
    ),
    (
        r"°", "度",
        "单位：°", "单位：度",
    ),
    (
        rf"(?<![A-Za-z])(T)-(?=[{NUMERALS}])", r"\1减",
        "T-1日", "T减一日",
    ),
    (
        r"(?<![A-Za-z])Rh([-+])", lambda m: "Rh阴性" if m[1] == "-" else "Rh阳性",
        "Rh-血型", "Rh阴性血型",
    ),
    (
        rf"(?<![A-Za-z])([A-Z])-(?![A-Za-z\d{NUMERALS}])", r"\1减",
        "成绩A-", "成绩A减",
    ),
    (
        rf"(?<=[{HAN}])-(?=[零一二三四五六七八九]{{4}}[年届])", "，",
        "浙江-2024年", "浙江，二零二四年",
    ),
    (
        rf"(?<![A-Za-z])-(?=[{NUMERALS}])", "杠",
        "A区-13812345678", "A区杠幺三八幺二三四五六七八",
    ),
    (
        rf"(?<=[{NUMERALS}]) +(?=[{NUMERALS}])", "，",
        "3 15", "三，十五",
    ),
    (
        r"[* ]*\*[* ]*", "星号",
        "张**", "张星号",
    ),
    (
        rf"(?<=[A-Za-z{HAN}])_(?=[A-Za-z{HAN}])", "下划线",
        "A_B", "A下划线B",
    ),
    # Pauses
    (
        rf"[—―]+|(?<=[{HAN}])\s*-+\s*(?=[{HAN}])", "，",
        "办理——领取", "办理，领取",
    ),
    (
        r"…+|\.{3,}", "，",
        "请稍等……", "请稍等，",
    ),
    (
        r"[#]+(?![A-Za-z\d" + NUMERALS + r"])", "",
        "#政务#", "政务",
    ),
    (
        "[" + "".join(_SIGNS).replace("-", r"\-") + "]", lambda m: _SIGNS[m[0]],
        "面积≥90平方米", "面积大于等于九十平方米",
    ),
    (
        r"[\^_~|/·]+", " ",
        "TCP/IP", "TCP IP",
    ),
    (
        rf"(?<![A-Za-z\d])(?:{_LOWER_CASE_ACRONYMS})(?![A-Za-z\d])", lambda m: m[0].upper(),
        "pdf文件", "PDF文件",
    ),
    (
        r" {2,}", " ",
        "TCP / IP", "TCP IP",
    ),
    (
        rf"(?<=[{HAN}，。；：、！？（）]) | (?=[{HAN}，。；：、！？（）])", "",
        "请 坐", "请坐",
    ),
)  # fmt: skip
