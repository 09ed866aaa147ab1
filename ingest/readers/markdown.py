"""Markdown: headings, paragraphs, list items, tables, and HTML within."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..content import Document, TextBlock
from .encoding import load_lines
from .registry import SourceFile, document_format
from .structure import collapse_spaces, text_block
from .table_grid import TableGrid, table_row_blocks
from .web import html_parts

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)
_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)


@document_format("Markdown", suffixes=(".md", ".markdown"))
def read_markdown(file: SourceFile) -> Document:
    """The blocks of a Markdown text; the first heading of level 1 is its title."""
    from markdown_it import MarkdownIt  # loaded once a file needs it

    title, text = file.title, load_lines(file.path, file.limits)
    if front := _FRONT_MATTER.match(text):
        if named := _TITLE.search(front[1]):
            title = named[1]
        text = text[front.end() :]
    blocks = _blocks(MarkdownIt("commonmark").enable("table").parse(text))
    first = next((b.text for b in blocks if b.kind == "heading" and b.level == 1), title)
    return Document(first, tuple(blocks))


def _blocks(tokens: "Sequence[Token]") -> list[TextBlock]:
    blocks: list[TextBlock] = []
    lists: list[int | None] = []  # the next number of each list that is open; None for bullets
    marker = ""
    level = 0
    grid: list[list[str]] = []
    in_table = False
    for token in tokens:
        match token.type:
            case "heading_open":
                level = int(token.tag[1])
            case "heading_close":
                level = 0
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                number = lists[-1]
                marker = "" if number is None else f"{number}. "
                lists[-1] = None if number is None else number + 1
            case "table_open":
                in_table, grid = True, []
            case "tr_open":
                grid.append([])
            case "table_close":
                in_table = False
                blocks += table_row_blocks(grid, heading_rows=1)
            case "fence" | "code_block":
                blocks += [
                    TextBlock(line.strip()) for line in token.content.splitlines() if line.strip()
                ]
            case "html_block":
                for part in html_parts(token.content):
                    if isinstance(part, TableGrid):
                        blocks += table_row_blocks(part.grid, heading_rows=part.heading_rows)
                    else:
                        blocks.append(part)
            case "inline" if in_table:
                grid[-1].append(_plain(token))
            case "inline":
                for line in _plain(token).split("\n"):
                    if not (text := collapse_spaces(line)):
                        continue
                    if level:
                        blocks.append(TextBlock(text, "heading", None, level))
                    elif lists:
                        blocks.append(TextBlock(marker + text, "item"))
                        marker = ""
                    else:
                        blocks.append(text_block(text))
    return blocks


def _plain(inline: "Token") -> str:
    """The words of a paragraph without their marks; a hard line break stays one."""
    pieces: list[str] = []
    for child in inline.children or ():
        match child.type:
            case "text" | "code_inline":
                pieces.append(child.content)
            case "softbreak":
                pieces.append(" ")
            case "hardbreak":
                pieces.append("\n")
            case "image":
                pieces.append(child.content)
            case "html_inline" if re.match(r"<br\s*/?>", child.content, re.IGNORECASE):
                pieces.append("\n")
    return "".join(pieces)
