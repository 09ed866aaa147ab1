"""What a policy document says of itself: title, issuing body, number, dates, where it holds.

Only what the document states is taken; what it leaves open stays empty.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import PurePath

from retrievers.base import NATIONWIDE
from retrievers.text.numerals import ORDINALS, parse_number

from .content import Document, TextBlock
from .dates import DATE_PATTERN, YEAR, find_dates, months_later, parse_date


@dataclass(frozen=True, slots=True)
class PolicyMetadata:
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


_ARTICLE = re.compile(rf"\s*第[{ORDINALS}\d]+[条條]")
_CHAPTER = re.compile(rf"\s*第[{ORDINALS}\d]+[编編章节節]")
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
    rf"|[\u4e00-\u9fff]{{2,20}}?(?:令|公告)\s*(?:(?:19|20)\d\d年)?第?\s*[\d{ORDINALS}]{{1,5}}\s*[号號]"
)
# When this document, not another that it names (《…》自…), comes into force.
_EFFECT = re.compile(
    r"(?:^|[。；，,]|本[\u4e00-\u9fff]{1,8}?|现予(?:以)?公布|予以公布)[，,]?\s*[自从於于]\s*"
    rf"(?:(?P<day>{DATE_PATTERN})|(?:公布|发布|印发|颁布|通过|批准|发文)之?日)"
    rf"\s*[起后]?[，,]?\s*(?:满?(?P<count>[\d{ORDINALS}]+)(?P<unit>日|天|个月)[后後])?起?"
    r"(?:正式)?(?:施行|实施|执行|生效|试行)(?P<rest>[^。]*)"
)
_TERM = re.compile(
    rf"(?:有效期|试行期|施行期)(?:限)?[为是]?\s*(?P<years>[\d{ORDINALS}两]+)\s*年"
    rf"|(?:有效期|施行|执行|试行)\s*(?:截)?[至止到]+\s*(?P<until>{DATE_PATTERN})"
)
_KIND = re.compile(
    r"(?:条例|條例|办法|辦法|规定|規定|规则|規則|细则|細則|规程|规范|通知|通告|公告|决定|意见|方案|措施"
    r"|制度|指南|指引|须知|标准|目录|纲要|规划|计划|预案|章程|解释|批复|法|函|要點|解读|问答)$"
)
_STANDING = re.compile(
    r"[（(【\[]\s*(已?废止|已?失效|已被修改|尚未生效|征求意见稿|草案|试行|暂行)\s*[）)】\]]"
)


def extract_metadata(document: Document, *, file: str) -> PolicyMetadata:
    """Read title, issuing body, number, dates and region off a document.

    Args:
        document: The document.
        file: Its name, the title of last resort.
    """
    head = _head_lines(document.blocks)
    tail = [block.text.strip() for block in document.blocks[-12:]]
    labelled = _labelled(head)
    title = _title(document.title, head) or PurePath(file).stem
    events = [event for line in head for event in _events(line)]
    issuer = labelled["issuer"] or _issuer(head, tail, title)
    issued = parse_date(labelled["issued"]) or _issue_day(events, tail)
    effects = (_EFFECT.search(block.text) for block in reversed(document.blocks))
    effect = next(filter(None, effects), None)
    valid_from = parse_date(labelled["valid_from"]) or _first_day(effect, issued)
    return PolicyMetadata(
        title=title,
        issuer=issuer,
        document_number=_normalized_number(labelled["document_number"]) or _number(head),
        issued=issued,
        valid_from=valid_from,
        valid_until=parse_date(labelled["valid_until"]) or _last_day(effect, valid_from),
        region=region_of(issuer) or region_of(title),
        status=_status(document.title, head, labelled["status"], events),
    )


def _head_lines(blocks: tuple[TextBlock, ...]) -> list[str]:
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
        or parse_date(bare)
        or _events(bare)
    )
    return "" if foreign else bare


def _events(line: str) -> list[tuple[str, str, str]]:
    """Date, wording and verb of each step of law-making in the note under a title."""
    if not re.match(rf"[（(]?\s*(?:根据|已?经)?\s*{YEAR}\s*年", line):
        return []
    found = list(find_dates(line))
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
    return next((iso for line in reversed(tail) if (iso := parse_date(line))), "")


def _issuer(head: list[str], tail: list[str], title: str) -> str:
    for line in head:
        if found := re.fullmatch(
            rf"([\u4e00-\u9fff\s]{{2,30}}?{_ORGAN})\s*(?:文件|令|公告)(?:\s*第?.{{1,8}}号)?", line
        ):
            return re.sub(r"\s", "", found[1])
    for line in head:
        for _, wording, _ in _events(line):
            if maker := _issuing_body(wording, title):
                return maker
    if found := re.match(rf"([\u4e00-\u9fff、\s]{{2,40}}?{_ORGAN})(?:等.{{1,4}}部门)?关于", title):
        return re.sub(r"\s+", "、", found[1])
    for signed, dated in pairwise(tail):
        if parse_date(dated) and re.fullmatch(rf"[\u4e00-\u9fff、\s]{{2,40}}{_ORGAN}", signed):
            return re.sub(r"\s+", "、", signed)
    return ""


def _issuing_body(wording: str, title: str) -> str:
    """The body named in a step such as 「上海市第十五届人民代表大会第二次会议通过」."""
    session = re.match(
        rf"[\s，,经由]*([\u4e00-\u9fff]{{0,16}}?)第?[{ORDINALS}\d]+届(全国)?"
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
            return _normalized_number(found[0])
    return ""


def _normalized_number(written: str) -> str:
    bare = re.sub(r"\s", "", written).removeprefix("中华人民共和国")
    return re.sub(r"[﹝\[［（(【]((?:19|20)\d\d)[﹞\]］）)】]", r"〔\1〕", bare)


def _first_day(effect: re.Match[str] | None, issued: str) -> str:
    if not effect:
        return ""
    start = parse_date(effect["day"]) if effect["day"] else issued
    if not start or not effect["count"]:
        return start
    count = parse_number(effect["count"])
    if effect["unit"] == "个月":
        return months_later(start, count)
    return (date.fromisoformat(start) + timedelta(days=count)).isoformat()


def _last_day(effect: re.Match[str] | None, valid_from: str) -> str:
    # Only in the sentence on entry into force: elsewhere 有效期 is that of a certificate.
    term = _TERM.search(effect[0]) if effect else None
    if not term:
        return ""
    if term["until"]:
        return parse_date(term["until"])
    years = parse_number(term["years"].replace("两", "二"))
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


_CITIES = {
    "河北省": "石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水",
    "山西省": "太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁",
    "内蒙古自治区": "呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布",
    "辽宁省": "沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛",
    "吉林省": "长春 四平 辽源 通化 白山 松原 白城",  # 吉林市 shares the province's name
    "黑龙江省": "哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化",
    "江苏省": "南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁",
    "浙江省": "杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水",
    "安徽省": "合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城",
    "福建省": "福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德",
    "江西省": "南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶",
    "山东省": "济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽",
    "河南省": "郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳"
    " 周口 驻马店",
    "湖北省": "武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州",
    "湖南省": "长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底",
    "广东省": "广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远"
    " 东莞 中山 潮州 揭阳 云浮",
    "广西壮族自治区": "南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左",
    "海南省": "海口 三亚 三沙 儋州",
    "四川省": "成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安"
    " 巴中 资阳",
    "贵州省": "贵阳 六盘水 遵义 安顺 毕节 铜仁",
    "云南省": "昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧",
    "西藏自治区": "拉萨 日喀则 昌都 林芝 山南 那曲",
    "陕西省": "西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛",
    "甘肃省": "兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南",
    "青海省": "西宁 海东",
    "宁夏回族自治区": "银川 石嘴山 吴忠 固原 中卫",
    "新疆维吾尔自治区": "乌鲁木齐 克拉玛依 吐鲁番 哈密",
}
_PROVINCE_OF = {
    f"{city}市": province for province, cities in _CITIES.items() for city in cities.split()
}
_MUNICIPALITIES = ("北京市", "上海市", "天津市", "重庆市", "香港特别行政区", "澳门特别行政区")
_REGION_NAME = re.compile(
    rf"({'|'.join(_CITIES)})?({'|'.join((*_PROVINCE_OF, *_MUNICIPALITIES))})?"
    r"([\u4e00-\u9fff]{1,5}?[区县市旗](?=人民政府|人民代表大会))?"
)
_CENTRAL_BODY = re.compile(
    r"中华人民共和国|国务院|全国人民代表大会|国家[\u4e00-\u9fff]{2,}|最高人民|中国人民银行|中共中央"
    r"|[\u4e00-\u9fff]{2,8}部(?:$|、|办公厅|关于)|[\u4e00-\u9fff]{2,8}总局"
)


def region_of(name: str) -> str:
    """The region a body or a title names at its beginning; empty where that is not plain.

    >>> region_of("杭州市人民政府"), region_of("国务院办公厅"), region_of("县人民政府")
    ('浙江省杭州市', '全国', '')
    """
    found = _REGION_NAME.match(name)
    province, city, district = found.groups() if found else (None, None, None)
    if province or city:
        province = province or _PROVINCE_OF.get(city or "", "")
        return f"{province}{city or ''}{district or ''}"
    return NATIONWIDE if _CENTRAL_BODY.match(name) else ""
