"""Codes, read sign by sign: of documents, standards, receipts, people, cars, rooms and sites."""

import re
from re import Match

from ..numerals import cardinal_in_words, spell_digits
from .rule import COUNTED, HAN, MEASURES, NOT_AFTER, TO, ReadingRule, table
from .units import UNIT

# Words after which a number is a code.
CODE_WORDS = (
    r"电话|热线|专线|手机|座机|传真|拨打|致电|来电|短信|号码|邮编|邮政编码|编码|编号|证号|账号|帐号|卡号|"
    r"代码|验证码|校验码|密码|口令|单号|流水号|户号|尾号|工号|车牌号?|微信号?|QQ|代号|票号|文号|案号|批号|学号"
)
_TELEPHONE_WORDS = re.compile(r"电话|热线|专线|手机|座机|传真|拨打|致电|来电|短信")
_TELEPHONE_SHAPES = re.compile(
    r"0\d{2,3}-\d{7,8}(?:-\d{1,5})?|1\d\d-\d{4}-\d{4}|[48]00-\d{3}-\d{4}|\d{3,4}-\d{4}"
)
_CURRENCY_CODES = "RMB|CNY|USD|HKD|EUR|GBP|JPY|TWD|MOP"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
_DOMAIN = r"(?:[A-Za-z0-9-]+\.)+(?:gov|com|cn|org|net|edu|info|top|mil|tw|hk|mo)(?:\.[a-z]{2})?"
_SIGN_NAMES = {"-": "杠", "—": "杠", ".": "点", "*": "星号", "/": " "}


_ROMAN_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_ROMAN_VALUES = {name: str(n) for n, name in enumerate(_ROMAN_NUMERALS, 1)}
_ROMAN_VALUES |= {chr(0x2160 + n): str(n + 1) for n in range(12)}  # Ⅰ to Ⅻ
# A lone V or X is a letter (V型, X光) unless it is the number of a grade.
_ROMAN = r"(?:[Ⅰ-Ⅻ]|VI{1,3}|I{1,3}|IV|IX|XI{1,2}|V(?=[-—~、/]|[类级期]))(?![A-Za-z])"
_CLASS = "[类级型期度区档等]"


def _roman_classes(match: Match[str]) -> str:
    words = re.sub("[IVXⅠ-Ⅻ]+", lambda name: cardinal_in_words(_ROMAN_VALUES[name[0]]), match[0])
    return re.sub(TO, "到", words).replace("/", "或")


def _letter_range(match: Match[str]) -> str:
    first, joint, last = match.groups()
    return first + ("到" if first < last else joint)


def _lettered_range(match: Match[str]) -> str:
    letters, first, joint, last = match.groups()
    return letters + first + ("到" if int(first) < int(last) else joint)


def _rooms_of_building(match: Match[str]) -> str:
    number, building, rooms = match.groups()
    rooms = re.sub(r"\d+", _digits, re.sub(TO, "到", rooms).replace("/", "或"))
    return (cardinal_in_words(number) if number else "") + building + rooms


def spell_code(code: str) -> str:
    """Read a code sign by sign; blanks are not said, and stars in a row are said once.

    >>> spell_code("E12-**** 7")
    'E幺二杠星号七'
    """
    signs = re.sub(r"\*+", "*", re.sub("—+", "—", code.replace(" ", "")))
    return "".join(
        spell_digits(sign, telephone=True) if sign.isdigit() else _SIGN_NAMES.get(sign, sign)
        for sign in signs
    )


def _part(digits: str) -> str:
    """Read one part of a number with hyphens: short ones as numbers, others digit by digit."""
    if len(digits) > 2 or digits.startswith("0"):
        return spell_digits(digits, telephone=True)
    return cardinal_in_words(digits)


def _parts(match: Match[str]) -> str:
    return "杠".join(map(_part, re.findall(r"\d+", match[0])))


def _room(match: Match[str]) -> str:
    first, last = match.groups()
    joint = "到" if len(first) == len(last) and first < last else "杠"
    return _part(first) + joint + _part(last)


def _house(match: Match[str]) -> str:
    return "杠".join(map(cardinal_in_words, match[0].split("-")))


def _year_and_number(match: Match[str]) -> str:
    return f"{spell_digits(match[1])}杠{_part(match[2])}"


def _standard(match: Match[str]) -> str:
    year = f"杠{spell_digits(match[3])}" if match[3] else ""
    return f"{spell_code(match[1])} {spell_code(match[2])}{year}"


def _after_code_word(match: Match[str]) -> str:
    word, code = match.groups()
    if _TELEPHONE_WORDS.search(word) or _TELEPHONE_SHAPES.fullmatch(code):
        return word + re.sub(r"\d[\d -]*", lambda m: spell_digits(m[0], telephone=True), code)
    return word + re.sub(r"\d[\d -]*", lambda m: spell_code(m[0]), code)


def _address(match: Match[str]) -> str:
    """Say the name of a site or mailbox; nobody reads out the path behind it."""
    spoken = match[1]
    for sign, word in ((".", "点"), ("@", "艾特"), ("-", "杠"), ("_", "下划线")):
        spoken = spoken.replace(sign, word)
    return re.sub(r"\d+", lambda m: spell_digits(m[0]), spoken)


def _lettered(match: Match[str]) -> str:
    return spell_code(match[0])


def _identity_number(match: Match[str]) -> str:
    return spell_code(match[0].upper())


def _digits(match: Match[str]) -> str:
    return spell_digits(match[0], telephone=True)


ADDRESSES: tuple[ReadingRule, ...] = table(
    (
        rf"(?<![\w.@-])(?:https?[:：]//)?((?:[\w.-]+@)?{_DOMAIN})(?![A-Za-z])(?:[/?:？][!-~？]*)?",
        _address,
        "访问https://www.gov.cn/a?id=3查询", "访问www点gov点cn查询",
    ),
    (
        rf"{NOT_AFTER}\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?![\d.])", lambda m: spell_code(m[0]),
        "服务器10.0.12.1", "服务器幺零点零点幺二点幺",
    ),
)  # fmt: skip

CLASSES: tuple[ReadingRule, ...] = table(
    (
        rf"(?<![A-Za-z\d]){_ROMAN}(?:{_CLASS}?(?:{TO}|[、/和或至到]){_ROMAN})*(?=\s?{_CLASS})",
        _roman_classes,
        "II类、Ⅲ—Ⅳ级", "二类、三到四级",
    ),
    (
        r"[Ⅰ-Ⅻ]+", lambda m: "、".join(_ROMAN_VALUES[name] for name in m[0]),
        "附录Ⅱ", "附录二",
    ),
    (
        rf"(?<![A-Za-z\d-])([A-Z])({TO})(?=([A-Z])(?:[类级型座区栋幢馆门档等段]|出?口|级别|等级))",
        _letter_range,
        "A-E类", "A到E类",
    ),
    (
        rf"(?<![A-Za-z\d])([A-Z]([类级型档等座区栋幢馆门口])){TO}(?=[A-Z]\2)", r"\1到",
        "A座-C座", "A座到C座",
    ),
    (
        rf"(?<![A-Za-z\d-])([A-Z]{{1,2}})(\d{{1,4}})({TO})(?=\1(\d{{1,4}})(?![A-Za-z\d-]))",
        _lettered_range,
        "B1-B3层", "B一到B三层",
    ),
)  # fmt: skip

LETTERED: tuple[ReadingRule, ...] = table(
    # Products known by their digits
    (
        r"(?<![A-Za-z\d])(K?N|KF)(9[0459])(?![A-Za-z\d.])", lambda m: m[1] + spell_digits(m[2]),
        "N95口罩", "N九五口罩",
    ),
    (
        rf"(?<=[a-z]{{3}})\d{{3}}(?![A-Za-z\d]|[.,]\d|{COUNTED}|{UNIT})",
        lambda m: spell_digits(m[0]),
        "Office365", "Office三六五",
    ),
    # Standards
    (
        r"(?<![A-Za-z\d])(DB\d{2,4}|[A-Z]{1,6}(?:\d{0,4}/[A-Z]{1,5})?)\s?(\d{1,6}(?:\.\d+)*)"
        r"\s?[-—:：]{1,2}\s?((?:19|20)\d\d)(?!\d)",
        _standard,
        "GB/T 19001—2016", "GB T幺九零零幺杠二零一六",
    ),
    (
        r"(?<![A-Za-z\d])((?:GB|GA|HJ|JB|YY|YD|DL|JT|JGJ|CJJ)(?:/T)?)\s?(\d{3,6})-(\d\d)(?!\d)",
        _standard,
        "GB 2312-80", "GB二三幺二杠八零",
    ),
    (
        rf"(?<![A-Za-z\d])(?!{_CURRENCY_CODES})([A-Z]{{2,6}}\d{{0,2}}/[A-Z]{{1,5}}|[A-Z]{{2,4}})"
        r"\s?(\d{3,6}(?:\.\d+)?)()(?![A-Za-z\d]|-\d|\s*(?:元|万|亿|%))",
        _standard,
        "执行标准GB 50016.1", "执行标准GB五零零幺六点幺",
    ),
    # Numbers of cars: 浙A·12B45
    (
        rf"(?<=[{_PROVINCES}][A-Z])[·•. -]?(?=[A-Z\d]*\d)[A-Z\d]{{5,6}}(?![A-Za-z\d])",
        lambda m: spell_code(m[0].lstrip("·•. -")),
        "车牌为浙A·12B45", "车牌为浙A幺二B四五",
    ),
    # Receipts: SL-2024-000123
    (
        r"(?<![A-Za-z\d-])(?=[A-Z\d-]*[A-Z])(?=[A-Z\d-]*-)(?=[A-Z\d-]*\d{3})"
        r"[A-Z\d]+(?:-[A-Z\d]+)+(?![A-Za-z\d])",
        _lettered,
        "受理编号SZ-2024-0315", "受理编号SZ杠二零二四杠零三幺五",
    ),
    # Credit codes and the like, perhaps in groups
    (
        r"(?<![A-Za-z\d])(?=[A-Z\d ]*[A-Z])(?=(?:[A-Z ]*\d){6})[A-Z\d]{4}(?: [A-Z\d]{4}){2,}"
        r"(?: [A-Z\d]{1,3})?(?![A-Za-z\d])",
        _lettered,
        "代码9133 0106 MA2C D123 4X", "代码九幺三三零幺零六MA二CD幺二三四X",
    ),
    (
        r"(?<![A-Za-z\d.])(?!\d+[A-Za-z]{1,4}(?![A-Za-z\d])|(?:19|20)\d\dQ)(?=[A-Za-z]*\d)(?=\d*[A-Za-z])"
        r"(?=(?:[A-Za-z]*\d){4})[A-Za-z\d]{6,}(?![A-Za-z\d])",
        _lettered,
        "代码91330106MA2CD1234X", "代码九幺三三零幺零六MA二CD幺二三四X",
    ),
    (
        rf"((?:{CODE_WORDS})[^A-Za-z\d，。；！？,;!?\n]{{0,4}})"
        r"((?=[A-Z]*\d)(?=\d*[A-Z])[A-Z\d]{3,})(?![A-Za-z\d])",
        lambda m: m[1] + spell_code(m[2]),
        "验证码8A3F", "验证码八A三F",
    ),
    (
        rf"(?<![A-Za-z\d])(?!{_CURRENCY_CODES})[A-Z]{{1,3}}\d{{3,}}(?!\.?\d|\s*(?:元|万|亿|%))",
        _lettered,
        "请A023号到5号窗口", "请A零二三号到五号窗口",
    ),
    (
        r"(?<![A-Za-z\d°])[A-SU-Z]-(?=\d)", lambda m: m[0][0] + "杠",
        "到B-5窗口", "到B杠五窗口",
    ),
    # What is hidden behind stars: identity numbers, cards, telephones
    (
        r"(?<![\d.*])(?:\d+ ?\*{2,}(?: ?[\d*]+)*[Xx]?|\*{2,} ?\d+[Xx]?)", _identity_number,
        "卡号6222 **** **** 1234", "卡号六二二二星号幺二三四",
    ),
    (
        rf"{NOT_AFTER}((?:19|20)\d\d)[-—](\d{{1,4}})(?=号)", _year_and_number,
        "第2024-015号公告", "第二零二四杠零幺五号公告",
    ),
)  # fmt: skip

DOCUMENTS: tuple[ReadingRule, ...] = table(
    (
        r"(?<=[〔\[【(（])(?:19|20)\d\d(?=[〕\]】)）])", lambda m: spell_digits(m[0]),
        "国发〔2024〕5号", "国发〔二零二四〕五号",
    ),
    (
        r"[\[【(（]([零一二三四五六七八九]{4})[\]】)）](?=第?\d)", r"〔\1〕",
        "财税（2022）第10号", "财税〔二零二二〕第十号",
    ),
    (
        r"(?<![A-Za-z])N[oO]\.\s?(?=\d)", "编号",
        "No.5", "编号五",
    ),
    (
        r"§+\s*(\d+(?:\.\d+)*)(?:条)?", r"第\1条",
        "根据§12", "根据第十二条",
    ),
)  # fmt: skip

NUMBERED: tuple[ReadingRule, ...] = table(
    (
        rf"((?:{CODE_WORDS})[^\d，。；！？,;!?\n]{{0,6}})"
        r"(\d[\d -]*\d(?:(?:[、/或和]|转|分机)\d[\d -]*\d)*)"
        r"(?![\dXx.%]|\s*(?:元|个|位|天|日|年|分钟|小时|次|万|周岁|岁|人|-|~))",
        _after_code_word,
        "编号2024-07-0012", "编号二零二四杠零七杠零零幺二",
    ),
    (
        r"(?<![\d.])\d{4}(?: \d{4}){2,}(?: \d{1,4})?(?!\d)", _digits,
        "转入6222 0212 3456 789", "转入六二二二零二幺二三四五六七八九",
    ),
    (r"(?<!\d)\d{17}[\dXx](?!\d)", _identity_number,
     "11010119900101123X", "幺幺零幺零幺幺九九零零幺零幺幺二三X"),
    (  # a part of a number, unless days or houses are ranged: 5月1号-3号
        r"(?<=\d{4}号)[-—](?=\d{1,3}(?![\d.]|\s*[号日月年点时栋楼]))", "杠",
        "京ICP备12345678号-1", "京ICP备幺二三四五六七八号杠一",
    ),
    # Houses and rooms: 文三路18-2号, 3幢2-301室
    (
        r"(?<=[路街道巷弄村里组队屯])\d{1,5}(?:-\d{1,5})+(?=号(?![楼线窗门馆机桌厅]))", _house,
        "文三路18-2号", "文三路十八杠二号",
    ),
    (
        r"(?<![\d.-])(\d{1,4})[-—](\d{1,4})(?=室)", _room,
        "3幢2-301室", "三幢二杠三零幺室",
    ),
    (
        r"(?<!\d)\d{3,4}(?=室|房间|房(?![屋产租])|病房|教室|会议室)", _digits,
        "请到302室", "请到三零二室",
    ),
    (
        rf"(?:(?<![\d.])(\d{{1,3}})|(?<=[A-Z一二三四五六七八九十]))"
        rf"(号?[楼栋幢]|层|单元|(?<=[A-Z])座)(\d{{3,4}}(?:(?:{TO}|[、和或/至到])\d{{3,4}})*)"
        rf"(?![\d~—-]|[.,]\d|{COUNTED}|\s*(?:[席分元题]|{UNIT}|{MEASURES}))",
        _rooms_of_building,
        "2栋501-503，5楼500人", "二栋五零幺到五零三，五楼五百人",
    ),
    # Buses and trains
    (
        r"(?<!\d)\d{3}(?=路(?:公交|车|、|\d))", _digits,
        "乘坐102路公交", "乘坐幺零二路公交",
    ),
    (
        r"(?<=[GDCZTKY])\d{1,4}(?=次)", _digits,
        "D12次列车", "D幺二次列车",
    ),
    (
        rf"(?<=[{HAN}])#(?=[A-Z\d])", "井号",
        "请到#12桌", "请到井号十二桌",
    ),
    (
        r"(?<=\d)#(?![A-Za-z\d号])", "号",
        "12#楼", "十二号楼",
    ),
)  # fmt: skip

# After the telephones, which have the same shape.
HYPHENATED: tuple[ReadingRule, ...] = table(
    (
        r"(?<![\d.-])\d{1,4}(?:-\d{1,4}){2,}(?![\d-])", _parts,
        "住3-2-501", "住三杠二杠五零幺",
    ),
)  # fmt: skip
