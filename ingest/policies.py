"""What a policy document says of itself: title, issuing body, number, dates, where it holds.

Only what the document states is taken; what it leaves open stays empty.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import PurePath

from .content import Block, Document
from .dates import BARE_DAY, NUMERALS, YEAR, day, days, months_later, whole_number
from .regions import region_of


@dataclass(frozen=True, slots=True)
class Policy:
    """What a document says of itself; an empty text where it says nothing."""

    title: str
    """Without 《》."""
    issuer: str = ""
    """The issuing body, e.g. ``"杭州市人民政府"``."""
    document_number: str = ""
    """E.g. ``"杭政函〔2019〕5号"`` or ``"国务院令第583号"``."""
    issued: str = ""
    """Date of issue, ISO 8601: of the revised text if the whole was revised (修订)."""
    valid_from: str = ""
    valid_until: str = ""
    region: str = ""
    """``"全国"``, or names from the province down, e.g. ``"浙江省杭州市"``."""
    status: str = ""
    """Notes such as ``"已废止"`` or ``"2020-05-14修正"``, separated by ``；``."""


_ARTICLE = re.compile(rf"\s*第[{NUMERALS}\d]+[条條]")
_CHAPTER = re.compile(rf"\s*第[{NUMERALS}\d]+[编編章节節]")
_VERBS = "通过|通過|公布|发布|發布|印发|颁布|修订|修訂|修正|批准|施行"
_ORGAN = (
    "(?:人民政府|政府|办公厅|办公室|委员会|常务委员会|人民代表大会|国务院|人民法院|人民检察院"
    "|银行|总局|[厅局部委署会院])"
)
_LABELS = {
    "issuer": "发文机关|发布机构|发布机关|制定机关|公布机关|发文单位|发布单位",
    "document_number": "发文字号|文号|公文编号",
    "issued": "成文日期|发文日期|公布日期|发布日期|印发日期|发布时间",
    "valid_from": "施行日期|生效日期|实施日期",
    "valid_until": "失效日期|废止日期|有效期至",
    "status": "有效性|时效性|效力状态",
}
_NUMBER = re.compile(
    r"[\u4e00-\u9fffA-Za-z]{1,16}\s*[〔﹝\[［（(【]\s*(?:19|20)\d\d\s*[〕﹞\]］）)】]\s*第?\s*\d{1,5}\s*[号號]"
    rf"|[\u4e00-\u9fff]{{2,20}}?(?:令|公告)\s*(?:(?:19|20)\d\d年)?第?\s*[\d{NUMERALS}]{{1,5}}\s*[号號]"
)
# When this document, not another that it names (《…》自…), comes into force.
_EFFECT = re.compile(
    r"(?:^|[。；，,]|本[\u4e00-\u9fff]{1,8}?|现予(?:以)?公布|予以公布)[，,]?\s*[自从於于]\s*"
    rf"(?:(?P<day>{BARE_DAY})|(?:公布|发布|印发|颁布|通过|批准|发文)之?日)"
    rf"\s*[起后]?[，,]?\s*(?:满?(?P<count>[\d{NUMERALS}]+)(?P<unit>日|天|个月)[后後])?起?"
    r"(?:正式)?(?:施行|实施|执行|生效|试行)(?P<rest>[^。]*)"
)
_TERM = re.compile(
    rf"(?:有效期|试行期|施行期)(?:限)?[为是]?\s*(?P<years>[\d{NUMERALS}两]+)\s*年"
    rf"|(?:有效期|施行|执行|试行)\s*(?:截)?[至止到]+\s*(?P<until>{BARE_DAY})"
)
_KIND = re.compile(
    r"(?:条例|條例|办法|辦法|规定|規定|规则|規則|细则|細則|规程|规范|通知|通告|公告|决定|意见|方案|措施"
    r"|制度|指南|指引|须知|标准|目录|纲要|规划|计划|预案|章程|解释|批复|法|函|要點|解读|问答)$"
)
_STANDING = re.compile(
    r"[（(【\[]\s*(已?废止|已?失效|已被修改|尚未生效|征求意见稿|草案|试行|暂行)\s*[）)】\]]"
)


def about(document: Document, *, file: str) -> Policy:
    """Read title, issuing body, number, dates and region off a document.

    Args:
        document: The document.
        file: Its name, the title of last resort.
    """
    head = _head(document.blocks)
    tail = [block.text.strip() for block in document.blocks[-12:]]
    labelled = _labelled(head)
    title = _title(document.title, head) or PurePath(file).stem
    events = [event for line in head for event in _events(line)]
    issuer = labelled["issuer"] or _issuer(head, tail, title)
    issued = day(labelled["issued"]) or _issue_day(events, tail)
    effects = (_EFFECT.search(block.text) for block in reversed(document.blocks))
    effect = next(filter(None, effects), None)
    valid_from = day(labelled["valid_from"]) or _first_day(effect, issued)
    return Policy(
        title=title,
        issuer=issuer,
        document_number=_plain_number(labelled["document_number"]) or _number(head),
        issued=issued,
        valid_from=valid_from,
        valid_until=day(labelled["valid_until"]) or _last_day(effect, valid_from),
        region=region_of(issuer) or region_of(title),
        status=_status(document.title, head, labelled["status"], events),
    )


def _head(blocks: tuple[Block, ...]) -> list[str]:
    """The lines before the first article, without those of a table of contents: at most thirty."""
    lines: list[str] = []
    for block in blocks[:90]:
        if _ARTICLE.match(block.text):
            break
        if not _CHAPTER.match(block.text):
            lines.extend(line.strip() for line in block.text.splitlines() if line.strip())
    return lines[:30]


def _labelled(head: list[str]) -> dict[str, str]:
    """Values behind labels, as government web pages list them above a document."""
    values = dict.fromkeys(_LABELS, "")
    for line in head:
        for name, labels in _LABELS.items():
            found = re.search(
                rf"(?:{labels})[\]】]?\s*[:：|\t]\s*\|?\s*([^|\t；;]+?)(?=\s*(?:[|\t；;]|$|\s\S+[:：]))",
                line,
            )
            if found and not values[name]:
                values[name] = found[1].strip()
    return values


def _title(given: str, head: list[str]) -> str:
    candidates = [_bare_title(given), *filter(_KIND.search, map(_bare_title, head))]
    title = next(filter(None, [*candidates, *map(_bare_title, head[:10])]), "")
    # A covering notice is cited by the name of what it puts into force.
    passed_on = re.search(
        r"关于(?:印发|公布|发布|颁布)[《〈]?(.{4,60}?)[》〉]?的(?:通知|决定)$", title
    )
    return passed_on[1] if passed_on and passed_on[1] in candidates[1:] else title


def _bare_title(text: str) -> str:
    """A line without marks and site names; empty if it cannot be a title."""
    bare = re.split(r"[_|｜]|\s[-–—]\s", text.strip())[0].strip("《》 　")
    bare = re.sub(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])", "", _STANDING.sub("", bare))
    foreign = (
        not 4 <= len(bare) <= 80
        or re.match(r"(?i)microsoft|untitled|无标题|文档\d|第.{1,8}[号號]$", bare)
        or re.search(r"[。；：:]|文件$|令$", bare)
        or _NUMBER.fullmatch(bare)
        or day(bare)
        or _events(bare)
    )
    return "" if foreign else bare


def _events(line: str) -> list[tuple[str, str, str]]:
    """Date, wording and verb of each step of law-making in the note under a title."""
    if not re.match(rf"[（(]?\s*(?:根据|已?经)?\s*{YEAR}\s*年", line):
        return []
    found = list(days(line))
    ends = [*(start for _, start, _ in found[1:]), len(line)][: len(found)]
    steps = []
    for (iso, _, end), stop in zip(found, ends, strict=True):
        if verbs := re.findall(_VERBS, line[end:stop]):
            steps.append((iso, line[end:stop], verbs[-1]))
    return steps


def _issue_day(events: list[tuple[str, str, str]], tail: list[str]) -> str:
    revised = [iso for iso, _, verb in events if verb in ("修订", "修訂")]
    if revised:
        return max(revised)
    for verbs in ("公布发布發布印发颁布", "通过通過批准"):
        if published := [iso for iso, _, verb in events if verb in verbs]:
            return min(published)
    return next((iso for line in reversed(tail) if (iso := day(line))), "")


def _issuer(head: list[str], tail: list[str], title: str) -> str:
    for line in head:
        if found := re.fullmatch(
            rf"([\u4e00-\u9fff\s]{{2,30}}?{_ORGAN})\s*(?:文件|令|公告)(?:\s*第?.{{1,8}}号)?", line
        ):
            return re.sub(r"\s", "", found[1])
    for line in head:
        for _, wording, _ in _events(line):
            if maker := _maker(wording, title):
                return maker
    if found := re.match(rf"([\u4e00-\u9fff、\s]{{2,40}}?{_ORGAN})(?:等.{{1,4}}部门)?关于", title):
        return re.sub(r"\s+", "、", found[1])
    for signed, dated in pairwise(tail):
        if day(dated) and re.fullmatch(rf"[\u4e00-\u9fff、\s]{{2,40}}{_ORGAN}", signed):
            return re.sub(r"\s+", "、", signed)
    return ""


def _maker(wording: str, title: str) -> str:
    """The body named in a step such as 「上海市第十五届人民代表大会第二次会议通过」."""
    session = re.match(
        rf"[\s，,经由]*([\u4e00-\u9fff]{{0,16}}?)第?[{NUMERALS}\d]+届(全国)?"
        r"(?:人民代表大会|人大)(常务委员会|常委会)?",
        wording,
    )
    if session:
        place = session[1] or session[2] or ""
        if place in ("省", "市", "县"):  # 「市十四届人大常委会」: which one, the title says
            named = re.match(rf"[\u4e00-\u9fff]{{2,11}}?{place}", title)
            place = named[0] if named else ""
        return f"{place}人民代表大会{'常务委员会' if session[3] else ''}" if place else ""
    found = re.match(
        r"[\s，,]*(?:经|由)?(?:中华人民共和国)?(国务院|最高人民(?:法院|检察院))", wording
    )
    if found:
        return found[1]
    decreed = re.match(rf"[\s，,]*([\u4e00-\u9fff]{{2,20}}?{_ORGAN})令", wording)
    return decreed[1] if decreed else ""


def _number(head: list[str]) -> str:
    decrees = [
        f"{line}{number}"
        for line, number in pairwise(head)
        if re.search(r"(?:令|公告)$", line) and re.fullmatch(r"第.{1,8}[号號]", number)
    ]
    for line in (*decrees, *head):
        if (found := _NUMBER.fullmatch(re.sub(r"\s*签发人.*$", "", line))) or (
            (events := _events(line)) and (found := _NUMBER.search(events[0][1]))
        ):
            return _plain_number(found[0])
    return ""


def _plain_number(written: str) -> str:
    bare = re.sub(r"\s", "", written).removeprefix("中华人民共和国")
    return re.sub(r"[﹝\[［（(【]((?:19|20)\d\d)[﹞\]］）)】]", r"〔\1〕", bare)


def _first_day(effect: re.Match[str] | None, issued: str) -> str:
    if not effect:
        return ""
    start = day(effect["day"]) if effect["day"] else issued
    if not start or not effect["count"]:
        return start
    count = whole_number(effect["count"])
    if effect["unit"] == "个月":
        return months_later(start, count)
    return (date.fromisoformat(start) + timedelta(days=count)).isoformat()


def _last_day(effect: re.Match[str] | None, valid_from: str) -> str:
    # Only in the sentence on entry into force: elsewhere 有效期 is that of a certificate.
    term = _TERM.search(effect[0]) if effect else None
    if not term:
        return ""
    if term["until"]:
        return day(term["until"])
    years = whole_number(term["years"].replace("两", "二"))
    if not valid_from:
        return ""
    after = date.fromisoformat(months_later(valid_from, 12 * years))
    return (after - timedelta(days=1)).isoformat()


def _status(title: str, head: list[str], said: str, events: list[tuple[str, str, str]]) -> str:
    notes = [] if said in ("", "有效", "现行有效") else [said]
    notes += _STANDING.findall(title)
    notes += [note for line in head[:10] if len(line) < 60 for note in _STANDING.findall(line)]
    notes += [f"{iso}修正" for iso, _, verb in events if verb == "修正"]
    return "；".join(dict.fromkeys(notes))
