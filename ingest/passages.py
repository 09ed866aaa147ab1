"""Pieces of a document become entries that are quoted, each with its place and its gist."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from retrievers.base import FaqEntry
from retrievers.text.language import language_of
from retrievers.text.numerals import chinese_number

from .chunking import ARTICLE, CHAPTER, ITEM, Chunk, chunk_document
from .content import Document
from .metadata import PolicyMetadata


def document_passages(
    document: Document, policy: PolicyMetadata, *, longest: int = 400
) -> Iterator[FaqEntry]:
    """The passages of a document as entries of kind ``"passage"``, in reading order.

    Args:
        document: The document.
        policy: What it says of itself.
        longest: Characters of an answer, its context included. Only what must not be cut is
            longer: an item, a table row, a sentence.
    """
    seen: Counter[str] = Counter()
    for piece in chunk_document(document, longest=longest):
        if re.search(r"\w", piece.text) and _bare(piece.text) != _bare(policy.title):
            # The title over the whole document is cited as such, not as a heading in it.
            headings = tuple(text for text in piece.headings if _bare(text) != _bare(policy.title))
            piece = replace(piece, headings=headings)
            entry = _entry(piece, policy)
            seen[entry.faq_id] += 1
            if (times := seen[entry.faq_id]) > 1:  # the same text at the same place again
                entry = replace(entry, faq_id=f"{entry.faq_id}-{times}")
            yield entry


def _bare(title: str) -> str:
    return re.sub(r"[\s《》]", "", title)


def _entry(piece: Chunk, policy: PolicyMetadata) -> FaqEntry:
    place = _place(piece)
    heading = "" if piece.article else " ".join(piece.headings[-2:])
    # A label alone stands before its text; a stem or a heading row is a line of its own.
    separator = " " if piece.context == piece.article else "\n"
    quoted = f"{piece.context}{separator}{piece.text}".strip()
    answer = f"{heading}\n{quoted}".strip()
    identity = "\n".join((policy.title, policy.document_number, place, piece.text))
    question, wordings = _question(piece, policy)
    years = re.findall(r"\d{4}(?=-\d\d-\d\d)", f"{policy.issued} {policy.status}")
    return FaqEntry(
        faq_id="passage-" + hashlib.sha256(identity.encode()).hexdigest()[:16],
        question=question,
        answer=answer,
        wordings=wordings,
        department=policy.issuer,
        region=policy.region,
        language=language_of(answer) or "zh-CN",
        source_title=_quoted_title(policy.title),
        year=int(max(years)) if years else None,
        notice=_notice(policy.status),
        kind="passage",
        document_number=policy.document_number,
        issued=policy.issued,
        place=place,
        valid_from=policy.valid_from,
        valid_until=policy.valid_until,
    )


def _quoted_title(title: str) -> str:
    title = title.replace("《", "〈").replace("》", "〉")  # as GB/T 15834 writes titles in titles
    return f"《{title}》" if language_of(title) == "zh-CN" else title


def _notice(status: str) -> str:
    """What must be said with every quotation: that the document is not, or no longer, in force."""
    notes = re.findall(r"[^；]*(?:废止|失效|被修改|尚未生效|征求意见|草案)[^；]*", status)
    return f"文件状态：{'；'.join(notes)}" if notes else ""


def _place(piece: Chunk) -> str:
    """E.g. ``"第三章 第十二条第二款第三项，第5页"`` or ``"二、申请材料，第5至6页"``."""
    steps = []
    for heading in piece.headings:
        chapter = CHAPTER.match(heading)
        if chapter or not piece.article:
            steps.append(chapter["label"] if chapter else heading)
    if piece.article:
        steps.append(piece.article + ("" if piece.whole else _clause_label(piece)))
    pages = sorted({unit.page for unit in piece.body if unit.page is not None})
    page = f"第{pages[0]}页" if len(pages) == 1 else ""
    if len(pages) > 1:
        page = f"第{pages[0]}至{pages[-1]}页"
    return "，".join(part for part in (" ".join(steps), page) if part)


def _clause_label(piece: Chunk) -> str:
    """Which paragraphs (款) or items (项) of an article, as a lawyer would cite them."""
    first, last = piece.body[0], piece.body[-1]
    if first.clause != last.clause:
        return f"第{chinese_number(first.clause)}款至第{chinese_number(last.clause)}款"
    clause = f"第{chinese_number(first.clause)}款"
    items = [re.sub(r"\W", "", unit.item) for unit in piece.body if unit.item]
    if not items:
        return clause
    numbers = dict.fromkeys((items[0], items[-1]))
    return (clause if first.clause > 1 else "") + "至".join(f"第{number}项" for number in numbers)


def _question(piece: Chunk, policy: PolicyMetadata) -> tuple[str, tuple[str, ...]]:
    """What a citizen would look for, and the same without the document's name."""
    gist = _summary(piece, policy.title)
    subject = " ".join(filter(None, map(_subject, piece.headings[-2:])))
    if piece.article:
        # 款 and 项, but neither chapter nor page: they do not make it easier to find.
        pageless = tuple(replace(unit, page=None) for unit in piece.body)
        place = _place(replace(piece, headings=(), body=pageless))
        return f"{_quoted_title(policy.title)}{place}：{gist}", (f"{subject} {gist}".strip(),)
    about = f"{subject}：{gist}" if subject and not piece.whole else subject or gist
    return f"{_quoted_title(policy.title)}：{about}", ((f"{subject} {gist}",) if subject else ())


def _subject(heading: str) -> str:
    """A heading without its number."""
    chapter = CHAPTER.match(heading)
    return (chapter["name"] if chapter else ITEM.sub("", heading, count=1)).strip()


def _summary(piece: Chunk, title: str) -> str:
    """The name of the article, else the first clause that says something; 40 characters at most."""
    text = piece.context.removeprefix(piece.article).strip() or piece.text
    found = (ARTICLE.match(text) if piece.article else None) or ITEM.match(text)
    if found and found.groupdict().get("name"):
        return found["name"][1:-1]
    bare = re.sub(r"[（(][^（()）]*[）)]", "", text[found.end() :] if found else text).strip()
    clauses = [clause.strip() for clause in re.split(r"[，。；：,:;！\n]", bare)]
    for clause in clauses:
        said_above = re.match(r"(?:违反|依照|根据|按照).*规定$", clause) or _bare(clause) == _bare(
            title
        )
        if len(clause) >= 4 and not said_above:
            return clause[:40]
    return bare.split("\n")[0][:40]
