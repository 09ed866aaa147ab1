"""Addresses and accounts in a text: web, mail and network addresses, however they are disguised."""

import re

_BRACKETED_DOT = r"[\[({<（【]\s*(?:\.|点|點|dot)\s*[\])}>）】]"
_DOT = re.compile(
    rf"(?<=[a-z0-9])\s*(?:{_BRACKETED_DOT}|点|點|\bdot\b|[。·・．｡])\s*(?=(?:[a-z]{{2,}}|xn--)(?![a-z]*[点时]))"
    rf"|(?<=[\u4e00-\u9fff])\s*(?:{_BRACKETED_DOT}|点|點|[·・．｡])\s*"
    r"(?=(?:com|cn|net|org|gov|edu|info|top|xyz|cc|io|me|vip|ru|tk|club|shop)(?![a-z]))",
    re.I,
)
_AT = re.compile(r"\s*(?:[\[({<（【]\s*(?:at|@|艾特)\s*[\])}>）】]|艾特|＠)\s*", re.I)
_HAN_DOMAINS = (
    "中国|公司|网络|网址|网站|香港|台湾|澳门|政务|公益|在线|中文网|集团|商城|我爱你|移动|信息|手机"
)
WEB_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]{1,12}://[!-~]+"  # any scheme
    r"|(?:mailto|tel|sms|weixin):[!-~]+"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)*"
    r"|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])(?::\d+)?(?:/[!-~]*)?"
    r"|\[?(?:[0-9a-f]{1,4}:){3,7}:?[0-9a-f]{1,4}\]?"
    r"|(?:[a-z0-9_-]+\.)+(?:xn--[a-z0-9-]+|[a-z]{2,24})(?![a-z])(?::\d+)?(?:/[!-~]*)?"
    rf"|[a-z0-9_\u4e00-\u9fff-]{{1,2}}\.(?:[a-z]{{2,24}}|{_HAN_DOMAINS})(?![a-z])(?:/[!-~]*)?"
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


def plain_addresses(text: str) -> str:
    """A text in which dots and at signs of addresses are written as such.

    >>> plain_addresses("evil点com"), plain_addresses("a(at)b.cn")
    ('evil.com', 'a@b.cn')
    """
    return _AT.sub("@", _DOT.sub(".", _ABBREVIATIONS.sub("", text)))


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
