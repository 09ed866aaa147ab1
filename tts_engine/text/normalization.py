"""Text as a person would say it: numbers, dates, telephones, money, units in words.

Own rules: of the libraries tried, ``wetext`` (45 MB of grammars inside the wheel,
works offline) reads 国发〔2024〕5号, 第2条, 5%-12% and ￥40，1.5万元 wrongly and ``cn2an``
knows no telephones, dates with hyphens or clock times, so both would have to be
overruled in most of the contexts of public service.
"""

import re
from collections.abc import Callable
from re import Match

from .markup import strip_markup
from .numerals import MAX_CARDINAL_DIGITS, cardinal_in_words, decimal_in_words, spell_digits

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_TO = r"\s*[-—~]+\s*"
_NOT_AFTER = r"(?<![\d.])"
_NOT_BEFORE = r"(?!\.?\d)"

# Words after which a number is a code, to be read digit by digit.
_CODE_WORDS = (
    r"电话|热线|专线|手机|座机|传真|拨打|致电|来电|短信|号码|邮编|邮政编码|编码|编号|证号|账号|帐号|卡号|"
    r"代码|验证码|密码|口令|单号|流水号|户号|尾号|工号|车牌号?|微信号?|QQ|代号"
)
_COUNTED = (  # what makes a five-digit number an amount and not a hotline
    r"\s*(?:[,.%‰]\d|[%‰元万亿人个户件家平米公块吨千百名次套份页字亩岁倍条项所例本位株辆台亿张天年多余]|m²|k[mg])"
)
_MEASURES = (  # 2 in front of these is 两
    "个|本|份|次|人|名|位|天|周|岁|张|套|家|件|项|种|类|条|款|步|部|间|台|辆|户|倍|点|小时|分钟|秒|万|亿|千|"
    "吨|米|公里|千米|公斤|元|块|片|支|只|枚|处|所|座|栋|页|行|段|批|组|对|双|轮|场|届|者|地|证|年(?!级)|寸|平方|"
    "立方|口|把|根|封|篇|门|笔|股|瓶|盒|箱|袋|升|毫|厘|分之|阶段|方面|成|边|侧|头|亩|公顷|克|千克|摄氏度|"
    "季度|学期|工作日|日内|刻钟|遍|趟|道|起|例|宗|艘|架|棵|株|盏|顿|餐|杯|碗|副|幅|颗"
)
_UNITS = {
    "km/h": "公里每小时", "m/s": "米每秒", "mg/L": "毫克每升", "μg/m³": "微克每立方米",
    "mg/m³": "毫克每立方米", "kWh": "千瓦时", "kW·h": "千瓦时", "km²": "平方公里",
    "m²": "平方米", "m2": "平方米", "m³": "立方米", "m3": "立方米", "cm²": "平方厘米",
    "km": "公里", "cm": "厘米", "mm": "毫米", "kg": "公斤", "mg": "毫克", "ml": "毫升",
    "mL": "毫升", "kW": "千瓦", "dB": "分贝", "MB": "兆", "M": "兆", "min": "分钟", "m": "米",
    "g": "克", "L": "升", "h": "小时", "t": "吨", "V": "伏", "W": "瓦",
}  # fmt: skip
_CURRENCIES = {"¥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_SIGNS = {
    "≥": "大于等于", "≤": "小于等于", "≠": "不等于", "±": "正负", "×": "乘", "÷": "除以",
    "&": "和", "=": "等于", "→": "，", "²": "平方", "³": "立方",
}  # fmt: skip


def _telephone(match: Match[str]) -> str:
    return spell_digits(match[0], telephone=True)


def _identity_number(match: Match[str]) -> str:
    return spell_digits(match[0], telephone=True) + ("X" if match[0][-1] in "Xx" else "")


def _year(match: Match[str]) -> str:
    return spell_digits(match[0])


def _address(match: Match[str]) -> str:
    """Say the name of a site or mailbox; nobody reads out the path behind it."""
    spoken = match[1]
    for sign, word in ((".", "点"), ("@", "艾特"), ("-", "杠"), ("_", "下划线")):
        spoken = spoken.replace(sign, word)
    return re.sub(r"\d+", lambda m: spell_digits(m[0]), spoken)


def _date(match: Match[str]) -> str:
    year, _, month, day = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return match[0]
    return f"{spell_digits(year)}年{cardinal_in_words(month)}月{cardinal_in_words(day)}日"


def _year_month(match: Match[str]) -> str:
    return f"{spell_digits(match[1])}年{cardinal_in_words(match[2])}月"


def _clock(match: Match[str]) -> str:
    hour, minute, second = match.groups()
    words = ("两" if int(hour) == 2 else cardinal_in_words(hour)) + "点"
    if int(minute) or second:
        words += ("零" if 0 < int(minute) < 10 else "") + cardinal_in_words(minute) + "分"
    if second:
        words += ("零" if 0 < int(second) < 10 else "") + cardinal_in_words(second) + "秒"
    return words


def _percent(number: str, sign: str = "%") -> str:
    whole = "百" if number == "100" else _signed(number)
    return ("百分之" if sign == "%" else "千分之") + whole


def _signed(number: str) -> str:
    return (
        "负" + decimal_in_words(number[1:]) if number.startswith("-") else decimal_in_words(number)
    )


def _percent_range(match: Match[str]) -> str:
    return f"{_percent(match[1], match[3])}到{_percent(match[2], match[3])}"


def _price(number: str) -> str:
    """Prices lose the zeros of a fraction: 20.00 is twenty, 12.50 twelve point five."""
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return "两" if number == "2" else decimal_in_words(number)


def _money(match: Match[str]) -> str:
    return _price(match[2]) + (match[3] or "") + _CURRENCIES[match[1]]


def _temperature(match: Match[str]) -> str:
    below = "零下" if match[1] else ""
    return below + decimal_in_words(match[2]) + ("摄氏度" if match[3] else "度")


def _fraction(match: Match[str]) -> str:
    top, bottom = match.groups()
    if int(bottom) <= int(top):
        return match[0]
    return f"{cardinal_in_words(bottom)}分之{cardinal_in_words(top)}"


def _measured(match: Match[str]) -> str:
    number, unit = match.groups()
    return ("两" if number == "2" else decimal_in_words(number)) + _UNITS[unit]


def _range(match: Match[str]) -> str:
    first = match[1]
    two = first == "2" and re.match(rf"{_NUMBER}\s*(?:{_MEASURES})", match.string[match.end() :])
    ordinal = match.string[: match.start()].endswith("第")
    words = "两" if two and not ordinal else decimal_in_words(first)
    return words + "到"


def _number(match: Match[str]) -> str:
    digits = match[0].replace(",", "")
    whole = digits.partition(".")[0]
    if len(whole) > MAX_CARDINAL_DIGITS or (len(whole) > 1 and whole.startswith("0")):
        return spell_digits(digits, telephone=True)
    is_long = "." not in digits and len(whole) >= 7 and "," not in match[0]
    if is_long and not re.match(_COUNTED, match.string[match.end() :]):
        # Nobody writes such amounts without commas or 亿: it is a code.
        return spell_digits(digits, telephone=True)
    return decimal_in_words(digits)


_DOMAIN = r"(?:[A-Za-z0-9-]+\.)+(?:gov|com|cn|org|net|edu|info|top|mil|tw|hk|mo)(?:\.[a-z]{2})?"
_UNIT_NAMES = "|".join(map(re.escape, _UNITS))
_AREA = r"[(（]?(?<![\d.])0\d{1,3}[)）]?[- —]{0,3}"

# In order: what is more special first, so that the general rules see only what is left.
_WRITTEN: list[tuple[str, int, str | Callable[[Match[str]], str]]] = [
    # Addresses of pages and mail
    (
        rf"(?:https?[:：]//)?((?:[\w.-]+@)?{_DOMAIN})(?![A-Za-z])(?:[/?:？][!-~？]*)?",
        re.A,
        _address,
    ),
    # List numbers: "1." and "(1)" at the start of a line are followed by a pause
    (r"^[ ]*(\d{1,2})\.(?=[^\d\s]|[ ])[ ]*", re.M, lambda m: cardinal_in_words(m[1]) + "、"),
    (r"^[ ]*[(（](\d{1,2})[)）][ ]*", re.M, lambda m: cardinal_in_words(m[1]) + "、"),
    (r"(?<=\d)，\s?(?=[05]00(?!\d))", 0, ","),  # 10，000
    # Dates
    (
        rf"{_NOT_AFTER}(1[89]\d\d|2[01]\d\d)([-/.])(\d{{1,2}})\2(\d{{1,2}}){_NOT_BEFORE}日?",
        0,
        _date,
    ),
    (rf"{_NOT_AFTER}((?:19|20)\d\d)-(0[1-9]|1[0-2])(?![\d-])", 0, _year_month),
    (
        rf"{_NOT_AFTER}(?:1[89]|20|21)\d\d(?={_TO}(?:1[89]|20|21)\d\d\s*(?:年|学年))",
        0,
        lambda m: spell_digits(m[0]) + "到",
    ),
    (r"(?<=到)[-—~\s]+(?=(?:1[89]|20|21)\d\d\s*(?:年|学年))", 0, ""),
    (
        rf"{_NOT_AFTER}(?:1[89]|20|21)\d\d"
        r"(?=\s*(?:年|学年|届|版|财年|级(?!别))|[、和至到及/]\s*(?:19|20|21)\d\d\s*(?:年|学年))",
        0,
        _year,
    ),
    (r"(?<!\d)0(?=[1-9][月日])", 0, ""),
    (  # those born in the nineties
        r"(?<![\d.满达到近超])(?:[5-9]0|00)(?=后(?:$|[青人女男职父妈群干、，。]))",
        0,
        lambda m: spell_digits(m[0]),
    ),
    # Days with a name: 3·15, 12·4
    (
        r"(?<![\d.·])(\d{1,2})·(\d{1,2})(?![\d.·])",
        0,
        lambda m: cardinal_in_words(m[1]) + spell_digits(m[2]),
    ),
    # Documents: 国发〔2024〕5号
    (r"(?<=[〔\[【(（])(?:19|20)\d\d(?=[〕\]】)）])", 0, _year),
    (r"[\[【(（]([零一二三四五六七八九]{4})[\]】)）](?=第?\d)", 0, r"〔\1〕"),
    # Standards and codes with letters in front: GB/T 37668-2019
    (
        r"\b([A-Z]{2,4}(?:/[A-Z]{1,2})?)\s?(\d{3,6})(?:\.(\d+))?(?:-((?:19|20)\d\d))?(?!\d)",
        re.A,
        lambda m: f"{m[1].replace('/', ' ')} {spell_digits(m[2], telephone=True)}"
        + (f"点{cardinal_in_words(m[3])}" if m[3] else "")
        + (f"，{spell_digits(m[4])}" if m[4] else ""),
    ),
    # Receipts: SL-2024-000123; telephones with their middle hidden: 138****1234
    (
        r"(?<![A-Za-z\d])([A-Z]{1,4})-(\d{4,8})-(\d{3,})(?!\d)",
        re.A,
        lambda m: f"{m[1]}，{spell_digits(m[2])}，{spell_digits(m[3], telephone=True)}",
    ),
    (
        r"(?<!\d)(\d{3,4})\*{2,}(\d{2,4})(?!\d)",
        0,
        lambda m: f"{spell_digits(m[1], telephone=True)}，{spell_digits(m[2], telephone=True)}",
    ),
    # Telephones and other codes
    (
        rf"((?:{_CODE_WORDS})[^\d，。；！？,;!?\n]{{0,6}})"
        r"(\d[\d -]*\d(?:(?:[、/或和]|转|分机)\d[\d -]*\d)*)"
        r"(?![\dXx.%]|\s*(?:元|个|位|天|日|年|分钟|小时|次|万|周岁|岁|人|-|~))",
        0,
        lambda m: m[1] + re.sub(r"\d[\d -]*", _telephone, m[2]),
    ),
    (r"(?<!\d)\+?86[- ]?(?=1[3-9]\d)", 0, ""),
    (r"(?<![\d.])1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)", 0, _telephone),
    (
        r"(?<!\d)[48]00(?:[- ]?\d{3}[- ]?\d{4}|\d-\d{3}-\d{3})(?!\d)",
        0,
        _telephone,
    ),
    (
        rf"{_AREA}(?:\d{{7,8}}|\d{{3,4}}[- ]\d{{3,4}})(?!\d)(?:[-—]\d{{1,5}}(?!\d))?",
        0,
        _telephone,
    ),
    (r"(?:(?<=转)|(?<=分机))\d{1,5}(?=$|[^\d个次人元万])", 0, _telephone),
    (
        rf"(?:(?<![\d.,第¥$])|(?<=\d[/]))(?:1[0-2]\d{{3}}|9[56]\d{{3,4}}){_NOT_BEFORE}(?!{_COUNTED})",
        0,
        _telephone,
    ),
    (
        rf"(?:(?<=拨打)|(?<=拨)|(?<=致电)|(?<=呼叫))1(?:10|14|19|20|22)(?!\d|{_COUNTED})"
        r"|(?<!\d)1(?:10|14|19|20|22)(?=(?:报警|急救|火警|热线|电话|指挥|接警|平台|查号|、1[12]\d))"
        r"|(?<=[一二]0、)1(?:10|14|19|20|22)(?!\d)",
        0,
        _telephone,
    ),
    (r"(?<!\d)\d{17}[\dXx](?!\d)", 0, _identity_number),
    # Rooms, buses, trains
    (r"(?<!\d)\d{3,4}(?=室|房间|房(?![屋产租])|病房|教室|会议室)", 0, _telephone),
    (r"(?<!\d)\d{3}(?=路(?:公交|车|、|\d))", 0, _telephone),
    (r"(?<=[GDCZTKY])\d{1,4}(?=次)", 0, _telephone),
    # Clock times, then ratios
    (
        rf"(比(?:例|值|率)?[^，。；,;]{{0,4}}?){_NOT_AFTER}(\d+(?:\.\d+)?)[:：](\d+(?:\.\d+)?)",
        0,
        lambda m: f"{m[1]}{decimal_in_words(m[2])}比{decimal_in_words(m[3])}",
    ),
    (
        rf"{_NOT_AFTER}([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?!\d)",
        0,
        _clock,
    ),
    (r"(?<=[点分秒])\s*[-—~]+\s*(?=(?:次日|当日)?(?:[零一二两三四五六七八九十]+点))", 0, "到"),
    (
        rf"{_NOT_AFTER}(\d+(?:\.\d+)?)[:：](\d+(?:\.\d+)?)(?![\d:：])",
        0,
        lambda m: f"{decimal_in_words(m[1])}比{decimal_in_words(m[2])}",
    ),
    # Percentages
    (rf"{_NOT_AFTER}({_NUMBER})[%‰]?{_TO}({_NUMBER})([%‰])", 0, _percent_range),
    (rf"(?<=[\u4e00-\u9fff])\s*-({_NUMBER})([%‰])", 0, lambda m: _percent("-" + m[1], m[2])),
    (rf"^-({_NUMBER})([%‰])", re.M, lambda m: _percent("-" + m[1], m[2])),
    (rf"({_NUMBER})([%‰])", 0, lambda m: _percent(m[1], m[2])),
    # Money
    (rf"([¥$€£])\s*({_NUMBER})\s*([万亿千百]*)(?:元)?", 0, _money),
    (
        rf"{_NOT_AFTER}({_NUMBER})(?=元|美元|欧元)",
        0,
        lambda m: _price(m[1]) if "." in m[1] else m[1],
    ),
    # Temperature
    (rf"{_NOT_AFTER}({_NUMBER}){_TO}(?={_NUMBER}\s*°)", 0, lambda m: decimal_in_words(m[1]) + "到"),
    (rf"(-)?{_NOT_AFTER}({_NUMBER})\s*°(C)?", 0, _temperature),
    # 7×24, fractions, units
    (rf"({_NUMBER})\s*[×xX*]\s*(?={_NUMBER})", 0, lambda m: decimal_in_words(m[1]) + "乘"),
    (rf"({_NUMBER})\s*\+\s*(?={_NUMBER})", 0, lambda m: decimal_in_words(m[1]) + "加"),
    (r"(?<![\d/.])(\d{1,3})/(\d{1,3})(?![\d/.])", 0, _fraction),
    (
        rf"({_NUMBER}){_TO}({_NUMBER})\s*(?=(?:{_UNIT_NAMES})(?![A-Za-z\d]))",
        0,
        lambda m: f"{decimal_in_words(m[1])}到{m[2]}",
    ),
    (
        rf"{_NOT_AFTER}({_NUMBER})\s*({_UNIT_NAMES})(?![A-Za-z\d])",
        0,
        _measured,
    ),
    (rf"(?<=元)/({_UNIT_NAMES})(?![A-Za-z\d])", 0, lambda m: "每" + _UNITS[m[1]]),
    # 元/人·月 and the like: every slash behind a measure is 每
    (
        r"(?<=[元次件吨分斤升米时度人户天年月日])/([\u4e00-\u9fff]{1,4})"
        r"(?:[·/](?=[\u4e00-\u9fff])([\u4e00-\u9fff]))?",
        0,
        lambda m: "每" + m[1] + ("每" + m[2] if m[2] else ""),
    ),
    # Ranges
    (rf"(?<![\d.A-Za-z-])({_NUMBER}){_TO}(?={_NUMBER}(?![\d-]))", 0, _range),
    (r"(?<=[元日月年个岁号点万亿℃度米天时分人周])\s*[-—~]+\s*(?=\d)", 0, "到"),
    (r"(?<=[\u4e00-\u9fff])~(?=[\u4e00-\u9fff])", 0, "到"),
    # What is left: 2 in front of a measure, then any number
    (
        rf"(?<![\d.第,零一二三四五六七八九十])2(?=\s?(?:{_MEASURES}))(?!\s?份?号)",
        0,
        "两",
    ),
    (r"(?<=[\s（(间为至到])-(?=\d)|^-(?=\d)", re.M, "负"),
    (r"(?<=\d)\.(?=\d+\.\d)|(?<=\d\.\d)\.(?=\d)", 0, "点"),
    (rf"{_NUMBER}", 0, _number),
    # Signs
    (r"(?<=[\u4e00-\u9fffA-Za-z])\+(?=[\u4e00-\u9fffA-Z])", 0, "加"),
    (r"(?<=[\u4e00-\u9fff])/(?=[\u4e00-\u9fff])", 0, "或"),
    (r">=|＞=", 0, "大于等于"),
    (r"<=|＜=", 0, "小于等于"),
    (r">(?=[零一二两三四五六七八九十百])", 0, "大于"),
    (r"<(?=[零一二两三四五六七八九十百])", 0, "小于"),
    (r"[—―]+|(?<=[\u4e00-\u9fff])-+(?=[\u4e00-\u9fff])", 0, "，"),
    (r"…+|\.{3,}", 0, "，"),
    ("|".join(map(re.escape, _SIGNS)), 0, lambda m: _SIGNS[m[0]]),
    (r"[<>^#*_~|/@+·°]+", 0, " "),
    (r" {2,}", 0, " "),
    (r"(?<=[\u4e00-\u9fff，。；：、！？（）]) | (?=[\u4e00-\u9fff，。；：、！？（）])", 0, ""),
]  # fmt: skip
_RULES = [(re.compile(pattern, flags), spoken) for pattern, flags, spoken in _WRITTEN]

_ENGLISH_CALLED = re.compile(
    r"(?<![\d.,$€£])(?:\+?\d[\d() -]{5,}\d|1[0-2]\d{3}|9[56]\d{3})(?![\d,%]|\.\d)"
    r"|(?<=[Cc]all )\d{3,6}\b|(?<=[Dd]ial )\d{3,6}\b|(?<=hotline )\d{3,6}\b"
)


def _english(text: str) -> str:
    """Telephone numbers spelled with spaces; the voice itself reads other numbers well."""
    return _ENGLISH_CALLED.sub(lambda m: " ".join(d for d in m[0] if d in "0123456789"), text)


def normalize_text(text: str, language: str = "zh-CN") -> str:
    """Return ``text`` as a person would say it.

    Markup, emoji and control characters are removed; punctuation stays, because
    it tells a voice where to breathe.

    Args:
        text: Anything; may be empty.
        language: BCP 47 tag. ``en…`` reads only telephone numbers digit by
            digit; every other language is read as Mandarin, without digits left over.
    """
    text = strip_markup(text)
    if language.lower().startswith("en"):
        return _english(text)
    for pattern, spoken in _RULES:
        text = pattern.sub(spoken, text)
    return text.strip()
