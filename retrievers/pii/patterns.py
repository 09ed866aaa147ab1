"""What personal data looks like in China, with the checks that tell it from other numbers.

A pattern has the form of a number, mailbox or address; a check (checksum, date, numbering plan)
drops what only looks like it; and where the form alone does not tell, the words around it decide.
What public services publish passes: hotlines, office addresses and mailboxes, document numbers,
credit codes of organisations, masked examples.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import phonenumbers

from .disguises import JoinedNumber

KINDS = (
    "citizen_id",
    "mobile_number",
    "bank_card",
    "email",
    "messenger",
    "passport",
    "landline_with_name",
    "plate_with_name",
    "address_with_name",
    "illness_with_name",
)
"""Codes of the kinds; texts for people are in ``ingest.messages``."""

_PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54"
    " 61 62 63 64 65 71 81 82 83".split()
)
_PUBLISHED_EXAMPLES = frozenset({"11010519491231002X", "44052418800101001X"})
"""The numbers that the standard, GB 11643, gives as examples."""


def is_resident_id(text: str) -> bool:
    """Whether digits are a Chinese citizen ID number: region, birthday, ISO 7064 MOD 11-2.

    >>> is_resident_id("11010519491231002X")
    True
    """
    number = re.sub(r"[ -]", "", text).upper()
    if len(number) == 15:
        return number[:2] in _PROVINCES and _is_birthday("19" + number[6:12])
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(number[:17]))
    return (
        number[:2] in _PROVINCES
        and _is_birthday(number[6:14])
        and "10X98765432"[total % 11] == number[17]
    )


def _is_birthday(digits: str) -> bool:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return date(1880, 1, 1) <= born <= date.today()


def _is_real_resident_id(text: str) -> bool:
    return is_resident_id(text) and re.sub(r"[ -]", "", text).upper() not in _PUBLISHED_EXAMPLES


def _is_taiwan_id(text: str) -> bool:
    letter = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(text[0]) + 10
    digits = [letter // 10, letter % 10, *map(int, text[1:])]
    weights = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
    total = sum(digit * weight for digit, weight in zip(digits, weights, strict=True))
    return total % 10 == 0 and not _is_placeholder(text)


def _is_hong_kong_id(text: str) -> bool:
    bare = re.sub(r"[ ()]", "", text)
    letters = bare[:-7].rjust(2)
    values = [36 if c == " " else ord(c) - 55 for c in letters] + [int(c) for c in bare[-7:-1]]
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    return "0123456789A"[-total % 11] == bare[-1] and not _is_placeholder(bare)


def _is_mobile(region: str) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            return False
        mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
        return mobile and not _is_placeholder(text)

    return check


def _is_placeholder(text: str) -> bool:
    """Whether the digits are made up beyond doubt, like 13888888888.

    13812345678 looks made up too, but is somebody's: a person may release what is not.
    """
    digits = re.sub(r"[^0-9]", "", text)
    return re.search(r"([0-9])\1{6}", digits) is not None


def _is_bank_card(text: str) -> bool:
    number = re.sub(r"[ -]", "", text)
    issued = (
        (number.startswith(("62", "81")) and 16 <= len(number) <= 19)
        or (number.startswith(("9558", "6013")) and len(number) in (16, 19))
        or (len(number) == 16 and re.match(r"4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|35", number))
        or (len(number) == 15 and number.startswith(("34", "37")))
    )
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return bool(issued) and sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


_MAIL_HOST = (
    r"(?:qq|163|126|139|189|sina|sohu|foxmail|gmail|outlook|hotmail|live|yahoo|icloud|aliyun)"
)
_AT = r"\s?[(\[{<（【]\s?(?:at|艾特|@)\s?[)\]}>）】]\s?|\s?艾特\s?|\sat\s|#|@"
_DOT = r"\s?[(\[{<（【]\s?(?:dot|点)\s?[)\]}>）】]\s?|\sdot\s|点|。|\."


def _is_private_mailbox(text: str) -> bool:
    address = re.sub(_AT, "@", text.lower(), count=1)
    address = re.sub(_DOT, ".", address).replace(" ", "")
    name, _, domain = address.rpartition("@")
    # gov.cn, gov.tw, gov.hk, gov.taipei: an office's, whoever reads it.
    return not re.search(r"(?:^|\.)gov(?:\.[a-z]{2,6})?$", domain) and name not in _ROLES


_ROLES = frozenset(
    "info service services support sales marketing contact office webmaster postmaster hostmaster"
    " abuse noc security admin help helpdesk kefu hr news press example".split()
)
"""Mailboxes of a role, not of a person: RFC 2142, and those offices use."""


class PiiPattern(NamedTuple):
    """Personal data of one kind."""

    kind: str
    form: re.Pattern[str]
    is_valid: Callable[[str], bool]
    """Whether what has the form can be real: checksum, date, numbering plan."""
    nearby: re.Pattern[str] | None = None
    """What must stand near it for it to count; None: it counts anywhere."""
    reach: tuple[int, int] = (24, 12)
    """How many characters before and after are near."""
    unless: re.Pattern[str] | None = None
    """What makes it an office's, standing in it or near it, unless it is called a home."""


_NOT_AFTER = r"(?<![0-9A-Za-z_=/&%*.@])(?<![0-9]-)"
_NOT_BEFORE = r"(?![0-9A-Za-z_*]|-[0-9]|\.[0-9])"
_SURNAME = (
    "[赵钱孙李周吴郑王冯陈卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻苏潘葛范彭郎鲁韦马苗方俞任"
    "袁柳唐罗薛雷贺倪汤郝邬毕顾孟黄穆萧尹姚邵汪祁毛狄戴宋庞熊纪舒屈项祝董梁杜阮蓝闵季贾江颜郭梅林钟徐"
    "邱骆高夏蔡田樊胡凌霍虞万柯莫房丁邓洪包左石崔龚程邢裴陆荣翁侯宁武刘詹龙叶司黎薄白蒲赖卓池乔谭申冉"
    "牛温庄晏柴瞿阎易廖耿匡文关欧聂曾趙錢孫鄭馮陳衛蔣韓楊許呂張嚴華謝鄒蘇魯韋馬羅賀湯畢顧黃蕭龐項閔賈"
    "顏鍾駱萬劉葉黎賴喬譚溫莊閻關歐]"
)
_NAME = rf"(?:{_SURNAME}|欧阳|上官|司马|诸葛|歐陽|司馬)[\u4e00-\u9fff]{{1,2}}"
_NAMED_PERSON = re.compile(
    r"(?:姓名|车主|車主|户主|戶主|业主|業主|当事人|當事人|申请人|申請人|联系人|聯絡人|收件人|房东|房東|租客"
    rf"|患者|学生|家长|驾驶人)\s*[:：]\s*{_NAME}(?![\u4e00-\u9fff])|我(?:名?叫|是){_NAME}(?![\u4e00-\u9fff])"
    rf"|{_NAME}(?:先生|女士|小姐)|{_NAME}[,，(（]\s*[男女]\s*[,，)）]|患者{_NAME}(?![\u4e00-\u9fff])"
    rf"|(?:^|[\s,，。；;：:、]){_NAME}[,，]?\s*(?:家?住|现住)"
)
_NAME_BEFORE_ADDRESS = re.compile(
    rf"(?:^|[\s,，。；;：:、|]){_NAME}\s*[,，、：:|\s]\s*(?=[\u4e00-\u9fff]{{2,18}}[0-9])"
)
"""A name that nothing announces, right before an address."""
_OFFICE_CONTEXT = re.compile(
    "政府|局|中心|大厅|大廳|窗口|法院|检察院|大楼|大樓|大厦|大廈|委员会|委員會|派出所|事务所|事務所|公司|医院|醫院"
    "|学校|學校|办事处|辦事處|服务|服務|银行|銀行|辦公|办公|區公所|戶政"
    "|[邮郵]寄|主[办辦]|单位|單位"
)
_OFFICE_MAILBOX = re.compile(
    "活[動动]信箱|中心信箱|申[訴诉].{0,4}信箱|信箱.{0,3}通[報报]|企[劃划畫画][書书]|官[網网]|[課课]程"
)
_NUMBER = "(?:[0-9]{1,5}|[零〇一二三四五六七八九十百两]{1,7})"
_ILLNESS = (
    "乙肝|丙肝|肝炎|艾滋病?|HIV|梅毒|性病|肺结核|结核病|抑郁症|躁郁症|双相|精神分裂症?|精神病|自闭症|癫痫|糖尿病"
    "|高血压|心脏病|尿毒症|白血病|[\u4e00-\u9fff]{0,2}癌|肿瘤|不孕|流产|智力障碍|痴呆"
)
HOME_CONTEXT = re.compile("家住|住址|家庭|现住|現住|住在|居住|户籍|戶籍")


def joined_number_kind(number: JoinedNumber, text: str) -> str | None:
    """What a number that was put together is; None if it is nobody's.

    Args:
        number: From :func:`~retrievers.pii.disguises.joined_numbers`.
        text: Where it stands.
    """
    digits, sizes = number.digits, number.sizes
    in_one = len(sizes) == 1 or max(sizes) == 1
    if len(digits) == 18 and re.fullmatch("[1-8][0-9]{16}[0-9X]", digits):
        return "citizen_id" if _is_real_resident_id(digits) else None
    if not digits.isdecimal():
        return None
    national = digits[2:] if len(digits) == 13 and digits.startswith("86") else digits
    if len(national) == 11 and national[0] == "1":
        groups = sizes[1:] if len(digits) == 13 else sizes
        between = re.sub(r"\w", "", text[number.start : number.end])
        is_telephone = in_one or groups in ((3, 4, 4), (3, 8), (7, 4)) or not between.strip("-\r\n")
        return "mobile_number" if is_telephone and _is_mobile("CN")(national) else None
    # Four digits, a comma and four digits are telephone extensions sooner than a card.
    is_grouped = all(size == 4 for size in sizes[:-1]) and not re.search(
        "[,，、]", text[number.start : number.end]
    )
    if len(digits) >= 15 and (in_one or is_grouped):
        return "bank_card" if _is_bank_card(digits) else None
    return None


PII_PATTERNS = (
    PiiPattern(
        "citizen_id",
        re.compile(
            _NOT_AFTER
            + r"[1-8][0-9]{5}[ -]?(?:18|19|20)[0-9]{2}[ -]?[01][0-9][ -]?[0-3][0-9][ -]?[0-9]{3}"
            r"[0-9Xx]" + _NOT_BEFORE,
            re.MULTILINE,
        ),
        _is_real_resident_id,
    ),
    PiiPattern(
        "citizen_id",  # of the generation that ended in 2012
        re.compile(
            _NOT_AFTER + r"[1-8][0-9]{7}[01][0-9][0-3][0-9]{4}" + _NOT_BEFORE,
            re.MULTILINE,
        ),
        _is_real_resident_id,
        re.compile(r"身份[证證号號]|公民身份|证件号|(?i:\bid\b)"),
    ),
    PiiPattern(
        "citizen_id",  # Taiwan
        re.compile(
            _NOT_AFTER + r"[A-Z][1289][0-9]{8}" + _NOT_BEFORE,
            re.MULTILINE,
        ),
        _is_taiwan_id,
        re.compile(r"身[分份][证證]|統一編號|统一编号|居留證|(?i:\bid\b)"),
    ),
    PiiPattern(
        "citizen_id",  # Hong Kong
        re.compile(
            _NOT_AFTER + r"[A-Z]{1,2}[0-9]{6} ?\(?[0-9A]\)?(?![0-9A-Za-z])",
            re.MULTILINE,
        ),
        _is_hong_kong_id,
        re.compile(r"身[分份][证證]|(?i:hkid|identity card)"),
    ),
    PiiPattern(
        "mobile_number",
        re.compile(
            _NOT_AFTER + r"(?:(?:\+|00)?86[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{4}){2}" + _NOT_BEFORE,
            re.MULTILINE,
        ),
        _is_mobile("CN"),
    ),
    PiiPattern(
        "mobile_number",
        re.compile(
            _NOT_AFTER
            + r"(?:(?:\+|00)?886[ -]?|0)9[0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{3}"
            + _NOT_BEFORE,
            re.MULTILINE,
        ),
        _is_mobile("TW"),
        re.compile(r"手[机機]|行[动動]|电话|電話|联[络系]|聯[絡繫]|洽|(?i:mobile|phone|tel)"),
    ),
    PiiPattern(
        "mobile_number",
        re.compile(
            _NOT_AFTER + r"(?:(?:\+|00)?852[ -]?)?[4-9][0-9]{3}[ -]?[0-9]{4}" + _NOT_BEFORE,
            re.MULTILINE,
        ),
        _is_mobile("HK"),
        re.compile(r"手[机機提]|(?i:mobile|whatsapp)"),
    ),
    PiiPattern(
        "bank_card",
        re.compile(
            _NOT_AFTER
            + r"(?:(?:62|81)[0-9]{14,17}|[2-69][0-9]{3}(?:[ -][0-9]{4}){3}(?:[ -]?[0-9]{3})?)"
            + _NOT_BEFORE,
            re.MULTILINE,
        ),
        _is_bank_card,
    ),
    PiiPattern(
        "bank_card",
        re.compile(
            _NOT_AFTER + r"[2-69][0-9]{14,18}" + _NOT_BEFORE,
            re.MULTILINE,
        ),
        _is_bank_card,
        re.compile(r"卡[号號]|银行卡|信用卡|储蓄|账[号户]|帳[號戶]|(?i:card|account)"),
    ),
    PiiPattern(
        "email",
        re.compile(
            r"(?<![0-9A-Za-z._%+-])[0-9A-Za-z](?:[0-9A-Za-z._%+-]{0,62}[0-9A-Za-z_])?"
            r"@(?:[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.)+[A-Za-z]{2,18}(?![0-9A-Za-z-])",
            re.MULTILINE,
        ),
        _is_private_mailbox,
        unless=_OFFICE_MAILBOX,
    ),
    PiiPattern(
        "email",  # that avoids the sign
        re.compile(
            rf"(?<![0-9A-Za-z._%+-])[0-9A-Za-z][0-9A-Za-z._%+-]{{0,63}}"
            rf"(?:(?:{_AT})(?:{_MAIL_HOST})|\s?[(\[{{（【]\s?at\s?[)\]}}）】]\s?[0-9A-Za-z-]{{1,63}})"
            rf"(?:(?:{_DOT})[A-Za-z]{{2,18}}){{1,3}}(?![0-9A-Za-z-])",
            re.IGNORECASE,
        ),
        _is_private_mailbox,
    ),
    PiiPattern(
        "messenger",
        re.compile(
            r"(?:微信|[威薇]信|\b(?:vx|v信|wechat|weixin|qq|telegram)|扣扣|企鹅)(?:号码?|账号|名|\s?id)?"
            r"\s?(?:是|为|[:：])?\s?@?(?:[A-Za-z][A-Za-z0-9_-]{5,19}|[1-9][0-9]{5,10})(?![0-9A-Za-z@.])",
            re.IGNORECASE,
        ),
        lambda text: (
            not re.search(r"(?i)(?:gov|office|service|kefu|12345|[0-9]{5}$(?<=123\d\d))", text)
            # "a WeChat account", "a Telegram message": an English word follows, no name.
            and not re.fullmatch(r"(?i)[a-z]+ [a-z]+", text)
        ),
        unless=re.compile("官方|公众|公眾|政务|关注|關注|客服|订阅|服务号|群"),
    ),
    PiiPattern(
        "passport",
        re.compile(
            _NOT_AFTER
            + r"(?:[EGDSP][A-Z]?[0-9]{7,8}|[CWHMT][0-9]{8,10}|1[45][0-9]{7})"
            + _NOT_BEFORE,
            re.MULTILINE,
        ),
        lambda text: not _is_placeholder(text),
        re.compile(r"护照|護照|通行[证證]|台胞[证證]|回乡[证證]|回鄉證|(?i:passport)"),
    ),
    PiiPattern(
        "landline_with_name",
        re.compile(
            r"(?<![0-9-])(?:\(0[1-9][0-9]{1,2}\)|0[1-9][0-9]{1,2})[ -]?[2-8][0-9]{2,3}[ -]?[0-9]{4}"
            r"(?![0-9]|-[0-9])"
        ),
        lambda text: not _is_placeholder(text),
        _NAMED_PERSON,
        reach=(16, 4),
        unless=_OFFICE_CONTEXT,
    ),
    PiiPattern(
        "illness_with_name",
        re.compile(rf"(?:患|确诊|诊断|感染|得了|因)[有为:：了]{{0,2}}\s?(?:{_ILLNESS})"),
        lambda text: True,
        _NAMED_PERSON,
        reach=(16, 0),
    ),
    PiiPattern(
        "plate_with_name",
        re.compile(
            r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][· ]?"
            r"[A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]" + _NOT_BEFORE,
            re.MULTILINE,
        ),
        lambda text: not re.search(r"12345|([0-9])\1{4}", text),
        _NAMED_PERSON,
    ),
    PiiPattern(
        "address_with_name",
        re.compile(
            r"[\u4e00-\u9fff]{1,4}(?:路|街|道|巷|弄|里|村|区|區|园|園|苑|寓|庭|府|坊|胡同|段)\s*"
            rf"{_NUMBER}\s*(?:号|號|弄|幢|栋|棟|组)"
            r"[0-9零〇一二三四五六七八九十百A-Za-z号號院幢栋棟单單元楼樓层室户之 -]{0,24}",
            re.MULTILINE,
        ),
        lambda text: True,
        _NAMED_PERSON,
        reach=(50, 30),
        unless=_OFFICE_CONTEXT,
    ),
    PiiPattern(
        "address_with_name",  # a flat, so that no cue is needed to know it for a home
        re.compile(
            r"[\u4e00-\u9fff]{2,18}[0-9]{1,5}\s*(?:号|號|弄|幢|栋|棟)"
            r"[0-9A-Za-z号號幢栋棟单單元楼樓层 -]{0,20}[0-9]\s*[室户]",
            re.MULTILINE,
        ),
        lambda text: True,
        _NAME_BEFORE_ADDRESS,
        reach=(8, 0),
        unless=_OFFICE_CONTEXT,
    ),
)
