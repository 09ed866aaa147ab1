"""Tables of questions and answers become entries; rows that cannot are reported with the reason."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from retrievers.base import FaqEntry
from retrievers.text.language import language_of
from retrievers.text.normalization import normalize_text
from retrievers.text.numerals import parse_number

from .content import DataTable, TableRow, UnreadableFile
from .dates import parse_date
from .messages import IngestError, IngestMessage, field_name, message

LONGEST_QUESTION = 200
"""Characters; what is longer is a letter to an office or an answer in the wrong column."""

_COLUMN_SYNONYMS = {
    "faq_id": "id 编号 问题编号 知识编号 条目编号 唯一标识 faqid 事项编码",
    "question": "问题 标准问题 标准问 常见问题 咨询问题 问题描述 问题内容 提问 问 咨询内容 "
    "咨询标题 来信标题 问题标题 faq标题 标题 主题 事项 "
    "question questions standardquestion query title q",
    "answer": "答案 标准答案 标准回答 回答 答复 解答 回复 答 答复内容 回复内容 回答内容 "
    "解答内容 答案内容 官方回复 办理答复 内容 正文 answer answers reply response content a",
    "wordings": "相似问 相似问法 相似问题 扩展问 扩展问法 扩展问题 其他问法 别的问法 同义问 "
    "同义问法 类似问题 关联问法 similarquestions otherwordings wordings variants aliases",
    "spoken": "播报文本 播报 播报稿 语音播报 口播 口播稿 口播文本 语音文本 朗读文本 "
    "spoken spokenform spokenanswer speech",
    "field": "领域 业务领域 分类 类别 问题分类 问题类别 所属分类 业务类型 业务分类 主题分类 专题 "
    "field category topic type",
    "department": "部门 责任部门 承办单位 承办部门 主管部门 所属部门 负责部门 答复单位 回复单位 "
    "答复部门 办理单位 业务部门 责任单位 发布机构 单位 机关 department office agency",
    "region": "地区 区域 适用地区 适用区域 适用范围 行政区划 所属地区 城市 region area city",
    "language": "语言 语种 language lang",
    "source_title": "来源 出处 依据 政策依据 法律依据 来源标题 来源名称 文件名称 政策名称 政策文件 "
    "source sourcetitle basis",
    "source_url": "链接 网址 来源链接 来源网址 原文链接 原文地址 url link sourceurl website",
    "portal": "网站名称 门户 门户名称 平台名称 官网名称 portal portalname",
    "document_url": "文件链接 文件网址 办事链接 办理链接 办事指南链接 documenturl deeplink",
    "year": "年份 年度 year",
    "notice": "提示 温馨提示 特别提示 notice",  # not 备注: what clerks note is not for citizens
    "document_number": "文号 发文字号 文件编号 公文编号 documentnumber",
    "issued": "发布日期 发布时间 发文日期 成文日期 公布日期 印发日期 issued dateofissue published",
    "place": "位置 条款 章节 place article",
    "origin": "来源文件 origin",
    "valid_from": "生效日期 有效期自 有效期起 施行日期 实施日期 启用日期 生效时间 开始日期 "
    "validfrom effectivefrom effectivedate",
    "valid_until": "失效日期 有效期至 有效期止 有效期 截止日期 失效时间 到期日期 结束日期 "
    "validuntil validto expires expirydate",
}
"""Field of an entry → headings it goes by, folded; where a table has several, the first counts."""

_LANGUAGES = {
    **dict.fromkeys(("中文", "汉语", "简体", "简体中文", "chinese"), "zh-CN"),
    **dict.fromkeys(("繁体", "繁体中文"), "zh-TW"),
    **dict.fromkeys(("英文", "英语", "english"), "en"),
}
_NO_END_DATE = {"长期", "长期有效", "永久", "永久有效", "无", "无期限", "至今", "-", "—", "--", "/"}
_NUMBERING = re.compile(r"^[（(]?(?:\d{1,2}|[一二三四五六七八九十]{1,2})[)）.、．]\s*")


class RowError(IngestError):
    """A row cannot become an entry; the message says why."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that did not become an entry."""

    file: str
    table: str
    """The sheet; empty where the file has one table only."""
    row: int
    """Counted from 1 as the office program shows it."""
    reason: IngestMessage


def table_entries(
    tables: Iterable[DataTable],
    *,
    file: str,
    mapping: Mapping[str, str] | None = None,
    defaults: Mapping[str, str] | None = None,
    places: dict[str, tuple[str, int]] | None = None,
) -> Iterator[FaqEntry | BadRow]:
    """The rows of a file's tables as entries, in order.

    The headings are the first of a table's first ten rows that names a question and an answer;
    titles may stand above. A row that is there twice is one entry; empty rows are passed over,
    and so are empty tables. Another table without such headings is a bad row of its own.

    Args:
        tables: The tables of one file.
        file: Its name, for the reports.
        mapping: Field of :class:`FaqEntry` (``id`` for ``faq_id``) → heading of its column, for
            columns that are not recognised.
        defaults: Field → text for rows that leave it empty or tables that lack the column.
        places: Is told the table and the row of each entry, by its id.

    Raises:
        UnreadableFile: No table has a question and an answer column, or a mapped heading is
            nowhere; the text lists the headings that were seen.
        IngestError: ``mapping`` or ``defaults`` names something that is no field of an entry.
    """
    mapping, defaults = _fields(mapping or {}), _fields(defaults or {})
    filled = [
        table
        for table in tables
        if any(_visible_text(cell) for row in table.rows for cell in row.cells)
    ]
    found = [(table, _heading_row(table, mapping)) for table in filled]
    if not any(heading for _, heading in found):
        raise _no_columns(file, filled, mapping)
    return _all_entries(found, file, mapping, defaults, {} if places is None else places)


def _all_entries(
    found: list[tuple[DataTable, TableRow | None]],
    file: str,
    mapping: Mapping[str, str],
    defaults: Mapping[str, str],
    places: dict[str, tuple[str, int]],
) -> Iterator[FaqEntry | BadRow]:
    seen: dict[str, tuple[FaqEntry, str]] = {}
    for table, heading in found:
        if heading is None:
            reason = message("no_columns", headings=_listed(table.rows[:1]))
            yield BadRow(file, table.name, table.rows[0].number, reason)
            continue
        columns = _columns(heading.cells, mapping)
        for row in table.rows[table.rows.index(heading) + 1 :]:
            cells = {
                name: row.cells[column]
                for name, column in columns.items()
                if column < len(row.cells) and row.cells[column].strip()
            }
            if not cells or row.cells == heading.cells:
                continue
            try:
                entry = _entry(cells, defaults)
            except RowError as error:
                yield BadRow(file, table.name, row.number, error.message)
                continue
            where = f"{table.name} row {row.number}".strip()
            first, place = seen.setdefault(entry.faq_id, (entry, where))
            if first is entry:
                places[entry.faq_id] = (table.name, row.number)
                yield entry
            elif first != entry:
                reason = message("repeated", place=place)
                yield BadRow(file, table.name, row.number, reason)


def stable_id(question: str, region: str) -> str:
    """The id of an entry that has none: the same question for the same region, the same id."""
    bare = "".join(
        c for c in normalize_text(question).lower() if unicodedata.category(c)[0] in "LN"
    )
    return "qa-" + hashlib.sha256(f"{bare}\n{normalize_text(region)}".encode()).hexdigest()[:16]


def _entry(cells: Mapping[str, str], defaults: Mapping[str, str]) -> FaqEntry:
    """The entry of a row's cells that are not empty.

    Raises:
        RowError: They cannot be one; the message says why.
    """
    seen = {name: _visible_text(cell) for name, cell in cells.items()}
    for name in ("question", "answer"):
        if not seen.get(name):
            raise RowError("invisible" if name in cells else "empty", field=field_name(name))
        if re.fullmatch(r"#(REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)", seen[name]):
            raise RowError("formula_error", field=field_name(name), shown=seen[name])
    if len(seen["question"]) > LONGEST_QUESTION:
        raise RowError("long_question", n=len(cells["question"]), most=LONGEST_QUESTION)
    if not any(unicodedata.category(c)[0] in "LN" for c in seen["question"]):
        raise RowError("no_words")
    text = {**defaults, **{name: value for name, value in seen.items() if value}}
    # A bare number counts the rows of its file; in another file it means another question.
    if re.fullmatch(r"\d{1,6}(\.0)?", text.get("faq_id", "")):
        del text["faq_id"]
    for name in ("source_url", "document_url"):
        url = text.get(name, "")
        if url and not re.match(r"https?://\S+$", url):
            raise RowError("no_web_address", field=name, shown=url[:60])
    return FaqEntry(
        faq_id=text.get("faq_id") or stable_id(text["question"], text.get("region", "")),
        question=text["question"],
        answer=text["answer"],
        wordings=_wordings(text.get("wordings", ""), text["question"]),
        spoken=text.get("spoken", ""),
        field=text.get("field", ""),
        department=text.get("department", ""),
        region=text.get("region", ""),
        language=_language(text),
        source_title=text.get("source_title", ""),
        source_url=text.get("source_url", ""),
        portal=text.get("portal", ""),
        document_url=text.get("document_url", ""),
        year=_year(text.get("year", "")),
        notice=text.get("notice", ""),
        document_number=text.get("document_number", ""),
        issued=_date_field(text, "issued"),
        place=text.get("place", ""),
        origin=text.get("origin", ""),
        valid_from=_date_field(text, "valid_from"),
        valid_until=_date_field(text, "valid_until"),
    )


def _wordings(text: str, question: str) -> tuple[str, ...]:
    parts = (_NUMBERING.sub("", part.strip()) for part in re.split(r"[|｜;；\n]+", text))
    return tuple(dict.fromkeys(part for part in parts if part and part != question))


def _language(text: Mapping[str, str]) -> str:
    said = text.get("language", "")
    if not said:
        return language_of(text["question"]) or "zh-CN"
    tag = _LANGUAGES.get(normalize_text(said).lower(), said)
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag):
        raise RowError("no_language", shown=said)
    return tag


def _year(text: str) -> int | None:
    if not text:
        return None
    found = re.fullmatch(r"(民国)?\s*(\d{2,4})(\.0)?\s*年?(度)?", normalize_text(text))
    year = parse_number(found[2]) + (1911 if found[1] else 0) if found else 0
    if not 1900 <= year <= 2200:
        raise RowError("no_year", shown=text)
    return year


def _date_field(text: Mapping[str, str], name: str) -> str:
    written = text.get(name, "")
    if not written or normalize_text(written) in _NO_END_DATE:
        return ""
    if iso := parse_date(unicodedata.normalize("NFKC", written)):
        return iso
    raise RowError("no_date", field=field_name(name), shown=written[:30])


def _visible_text(cell: str) -> str:
    """A cell without characters nobody sees, in composed form, and without space around it."""
    seen = (
        c for c in cell if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cn")
    )
    return unicodedata.normalize("NFC", "".join(seen)).strip()


def _fields(named: Mapping[str, str]) -> dict[str, str]:
    """Option names as fields of an entry."""
    fields = {("faq_id" if name == "id" else name): value for name, value in named.items()}
    if unknown := sorted(fields.keys() - _COLUMN_SYNONYMS.keys()):
        known = ", ".join(["id", *list(_COLUMN_SYNONYMS)[1:]])
        raise IngestError("unknown_fields", fields=", ".join(unknown), known=known)
    return fields


@cache
def _normalized_heading(heading: str) -> str:
    """A heading without numbering, brackets, marks and spaces.

    >>> _normalized_heading("1. 問題（必填）*")
    '问题'
    """
    text = _NUMBERING.sub("", normalize_text(_visible_text(heading)).lower())
    bare = re.sub(r"[(\[【〔{「].*?[)\]】〕}」]", "", text)
    return re.sub(r"[\W_]+", "", bare) or re.sub(r"[\W_]+", "", text)


def _columns(headings: tuple[str, ...], mapping: Mapping[str, str]) -> dict[str, int]:
    """Field → index of its column. A column has one field; mapped ones choose first."""
    folded = [_normalized_heading(heading) for heading in headings]
    columns: dict[str, int] = {}
    for name, heading in mapping.items():
        if _normalized_heading(heading) in folded:
            columns[name] = folded.index(_normalized_heading(heading))
    for name, synonyms in _COLUMN_SYNONYMS.items():
        if name not in mapping:
            for synonym in synonyms.split():
                if synonym in folded and folded.index(synonym) not in columns.values():
                    columns[name] = folded.index(synonym)
                    break
    return columns


def _heading_row(table: DataTable, mapping: Mapping[str, str]) -> TableRow | None:
    for row in table.rows[:10]:
        columns = _columns(row.cells, mapping)
        if {"question", "answer", *mapping} <= columns.keys():
            return row
    return None


def _no_columns(file: str, tables: list[DataTable], mapping: Mapping[str, str]) -> UnreadableFile:
    if not tables:
        return UnreadableFile("empty_tables", file=file)
    seen = "; ".join(
        f"{table.name + ': ' if table.name else ''}{_listed(table.rows[:1])}" for table in tables
    )
    wanted = [
        f"{name} (mapped to {mapping[name]})" if name in mapping else name
        for name in dict.fromkeys(("question", "answer", *mapping))
    ]
    return UnreadableFile("missing_columns", file=file, wanted=", ".join(wanted), headings=seen)


def _listed(rows: tuple[TableRow, ...]) -> str:
    return "、".join(
        _visible_text(cell)[:20] for row in rows for cell in row.cells if _visible_text(cell)
    )
