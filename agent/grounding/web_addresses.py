"""Addresses and accounts in a text: web, mail and network addresses, however they are disguised."""

import re

_OTHER_SCRIPTS = "\u0370-\u1fff\u3040-\u30ff\uac00-\ud7af"
"""Greek, Cyrillic and others up to there, kana, and Hangul, as inside a character class."""
_DOT_NAMES = r"点|點|句[号點点]|圆点|小数点|[·・．｡•‧∙⋅․]"
_BRACKETED_DOT = r"[\[({<（【]\s*(?:\.|点|點|dot)\s*[\])}>）】]"
_LATIN_DOMAINS = (
    "com|cn|net|org|gov|edu|info|top|xyz|cc|io|me|vip|ru|tk|club|shop|online|site|store|tech|wang|"
    "xin|ltd|live|world|cloud|work|link|click|biz|asia|mobi|fun|icu|win|bid|ren|website|space|press|"
    "host|ink|tv|hk|tw|jp|kr|uk|eu|su"
)
_DOT = re.compile(
    rf"(?<=[a-z0-9])\s*(?:{_BRACKETED_DOT}|{_DOT_NAMES}|\bdot\b|。)\s*"
    rf"(?=(?:[a-z]{{2,}}|xn--|[{_OTHER_SCRIPTS}]{{2,}})(?![a-z]*[点时]))"
    rf"|(?<=[\u4e00-\u9fff{_OTHER_SCRIPTS}])\s*(?:{_BRACKETED_DOT}|{_DOT_NAMES})\s*"
    rf"(?=(?:{_LATIN_DOMAINS})(?![a-z])|[{_OTHER_SCRIPTS}]{{2,}})"
    r"|(?<=[a-z0-9]),(?=(?:com|cn|net|org|gov|info|top|xyz|cc|vip|ru)(?![a-z]))",
    re.I,
)
_SPACED_OUT = re.compile(
    r"(?<![a-z0-9])[a-z0-9](?: ?[.\-] ?[a-z0-9]| [a-z0-9]){3,}(?![a-z0-9])", re.I
)
"""e v i l . r u"""
_AT = re.compile(r"\s*(?:[\[({<（【]\s*(?:at|@|艾特)\s*[\])}>）】]|艾特|＠)\s*", re.I)
_HAN_DOMAINS = (
    "中国|公司|网络|网址|网站|香港|台湾|澳门|政务|公益|在线|中文网|集团|商城|我爱你|移动|信息|手机|"
    "商店|商标|机构|组织机构|政府|游戏|娱乐|购物|网店|企业|健康|世界|新闻|招聘|慈善|时尚|微博"
)
WEB_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]{1,12}://[!-~]+"  # any scheme
    r"|(?:mailto|tel|sms|weixin):[!-~]+"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)*"
    r"|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])(?::\d+)?(?:/[!-~]*)?"
    r"|\[?(?:[0-9a-f]{1,4}:){3,7}:?[0-9a-f]{1,4}\]?"
    r"|(?:[a-z0-9_-]+\.)+(?:xn--[a-z0-9-]+|[a-z]{2,24})(?![a-z])(?::\d+)?(?:/[!-~]*)?"
    rf"|[a-z0-9_\u4e00-\u9fff{_OTHER_SCRIPTS}-]{{1,2}}\."
    rf"(?:[a-z{_OTHER_SCRIPTS}]{{2,24}}|{_HAN_DOMAINS})(?![a-z])(?:/[!-~]*)?"
    r"|(?<![a-z])www(?=[\u4e00-\u9fff-])[a-z\u4e00-\u9fff-]{1,40}"
    r"|(?<=访问|登录|登陆|打开|网址|网站)[:：是为]?[a-z\u4e00-\u9fff]{1,12}(?<![网地站起终])点"
    rf"(?:{_HAN_DOMAINS})"
    r"|\b[a-z0-9-]+/[a-z0-9-]{3,}/[!-~]+",
    re.I | re.A,
)
"""In a text of which :func:`plain_addresses` has taken off the disguise."""
_ABBREVIATIONS = re.compile(
    r"\b(?:e\.g|i\.e|a\.m|p\.m|u\.s|u\.k|ph\.d|etc|no|vs|mr|mrs|dr)\.", re.I
)
_ACCOUNT = re.compile(
    r"(?:微信|weixin|wechat|v信|威信|qq群?|扣扣|企鹅|公众号|小程序|抖音|快手|微博|支付宝|钉钉|小红书|"
    r"(?<![a-z])(?:telegram|whatsapp|skype|signal)|账号|帐号|账户|帐户|卡号|用户名|(?:微信)?群)"
    r"\s*(?:号码?|id|名)?\s*[:：是为加搜]{0,2}\s*[“\"'「【]?([a-z0-9_\-]{4,40})",
    re.I,
)

_VISITED = re.compile(
    r"(?:访问|登[录陆]|打开|点开|网址|浏览|进入)(?:官网|网站|网页|链接)?[:：是为]?\s*[“\"'「【]?\s*"
    rf"(?!(?:apps?|wi-?fi|web)(?![a-z]))([a-z{_OTHER_SCRIPTS}][a-z0-9_{_OTHER_SCRIPTS}-]+)"
    r"(?![a-z0-9_.@:/-])",
    re.I,
)


def plain_addresses(text: str) -> str:
    """A text in which dots and at signs of addresses are written as such.

    >>> plain_addresses("evil点com"), plain_addresses("a(at)b.cn"), plain_addresses("e v i l . r u")
    ('evil.com', 'a@b.cn', 'evil.ru')
    """
    joined = _SPACED_OUT.sub(_without_spaces, _ABBREVIATIONS.sub("", text))
    return _AT.sub("@", _DOT.sub(".", joined))


def _without_spaces(match: re.Match[str]) -> str:
    written = match[0]
    is_address = "." in written and " " in written and re.search("[a-z]", written, re.I)
    return written.replace(" ", "") if is_address else written


def web_addresses(text: str) -> list[str]:
    """The addresses in a text, in one form: lower case, without scheme, ``www.`` and end marks."""
    return [plain_address(match[0]) for match in WEB_ADDRESS.finditer(plain_addresses(text))]


def plain_address(written: str) -> str:
    """One address in that form."""
    plain = re.sub(r"^[a-z][a-z0-9+.-]*://(?:www\.)?|^www\.", "", written.lower())
    return plain.rstrip("/.,;:!?)")


def accounts(text: str) -> list[str]:
    """Names and numbers of accounts with services that the text names."""
    return [match[1].lower() for match in _ACCOUNT.finditer(text)]


def visited_names(text: str) -> list[str]:
    """Names in Latin, Cyrillic or Japanese letters that readers are told to open or to visit.

    >>> visited_names("请访问evil办理"), visited_names("打开App")
    (['evil'], [])
    """
    return [match[1].lower() for match in _VISITED.finditer(text)]
