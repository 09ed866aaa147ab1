"""What comes out of real files: encodings, tables, headings, pages, order."""

import datetime
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from pptx.util import Inches
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Table

from ingest import readers
from ingest.content import Block, Document, UnreadableFile
from ingest.content import Table as Sheet
from ingest.readers import read

pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
BODY = ParagraphStyle(
    "body", fontName="STSong-Light", fontSize=11, leading=18, firstLineIndent=22, wordWrap="CJK"
)
HEADING = ParagraphStyle("heading", parent=BODY, fontSize=18, leading=28, firstLineIndent=0)
GRID = [
    ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
    ("FONT", (0, 0), (-1, -1), "STSong-Light", 10),
]
CLAUSE = (
    "公民应当自年满十六周岁之日起三个月内，向常住户口所在地的公安机关申请领取居民身份证；"
    "未满十六周岁的公民，由监护人代为申请领取居民身份证，公安机关应当自受理之日起六十日内发放。"
)


def document(path: Path) -> Document:
    content = read(path, name=path.name)
    assert isinstance(content, Document)
    return content


def tables(path: Path) -> tuple[Sheet, ...]:
    content = read(path, name=path.name)
    assert isinstance(content, tuple)
    return content


def cells(table: Sheet) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows]


def texts(content: Document, kind: str = "") -> list[str]:
    return [block.text for block in content.blocks if kind in ("", block.kind)]


def write_pdf(
    path: Path, story: Sequence[Flowable], header: str = "", footer: Callable[[int], str] = str
) -> Path:
    def decorate(canvas: Canvas, template: SimpleDocTemplate) -> None:
        canvas.setFont("STSong-Light", 9)
        canvas.drawString(72, 805, header)
        canvas.drawCentredString(297, 30, footer(template.page))

    SimpleDocTemplate(str(path), pagesize=A4).build(
        list(story), onFirstPage=decorate, onLaterPages=decorate
    )
    return path


# --- CSV and text encodings


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "big5", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_a_csv_is_read_in_whatever_encoding_it_was_saved(tmp_path: Path, encoding: str) -> None:
    rows = "問題,答案\n身份證怎麼辦,到公安派出所申請,\n" * 3
    rows = rows if encoding == "big5" else "问题,答案\r\n身份证怎么办,到派出所\r\n"
    path = tmp_path / "faq.csv"
    path.write_bytes(rows.encode(encoding))
    found = cells(tables(path)[0])
    assert found[0][0] in ("问题", "問題") and found[1][1] in ("到派出所", "到公安派出所申請")


@pytest.mark.parametrize("text", ["目录,录目\n目录,1\n", "姓名,电话\n张三,110\n"])
def test_a_few_characters_in_gb18030_are_enough_to_tell(tmp_path: Path, text: str) -> None:
    path = tmp_path / "short.csv"
    path.write_bytes(text.encode("gb18030"))
    assert ",".join(tables(path)[0].rows[0].cells) == text.split("\n")[0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_of_a_csv_is_found_out(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "faq.csv"
    rows = [["问题", "答案"], ["户口，怎么迁", "先申请;后办理, 再领证"]]
    path.write_text("\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows))
    assert cells(tables(path)[0]) == [tuple(row) for row in rows]


def test_quoted_line_ends_stay_in_their_cell_and_rows_keep_their_number(tmp_path: Path) -> None:
    path = tmp_path / "faq.csv"
    path.write_text('汇总,\n问题,答案\n甲,"一\n二"\n,\n乙,"=1+1"\n')
    rows = tables(path)[0].rows
    assert [row.number for row in rows] == [2, 3, 5]
    assert rows[1].cells == ("甲", "一\n二")
    assert rows[2].cells == ("乙", "=1+1")


def test_plain_text_in_gb18030_becomes_paragraphs_and_headings(tmp_path: Path) -> None:
    path = tmp_path / "通知.txt"
    lines = ["关于居住证的通知", "", "第一章 总则", f"第一条 {CLAUSE}", "1．身份证原件", "2．照片"]
    path.write_bytes("\r\n".join(lines).encode("gb18030"))
    found = document(path)
    assert found.title == "关于居住证的通知"
    assert [(b.kind, b.level) for b in found.blocks][1:] == [
        ("heading", 2), ("paragraph", 0), ("item", 0), ("item", 0),
    ]  # fmt: skip


def test_lines_that_were_broken_at_one_width_are_joined(tmp_path: Path) -> None:
    path = tmp_path / "wrapped.txt"
    path.write_text("\n".join(CLAUSE[i : i + 20] for i in range(0, len(CLAUSE), 20)), "utf-8")
    assert texts(document(path)) == [CLAUSE]


# --- JSON


def test_json_objects_become_rows_with_numbers_as_written(tmp_path: Path) -> None:
    path = tmp_path / "faq.json"
    path.write_text(
        '{"code": 0, "data": [{"问题": "甲", "费用": 10.50}, {"问题": "乙", "别名": ["丙", "丁"]}]}'
    )
    assert cells(tables(path)[0]) == [
        ("问题", "费用", "别名"),
        ("甲", "10.50", ""),
        ("乙", "", "丙\n丁"),
    ]


def test_json_lines_are_numbered_by_line_and_a_bad_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "faq.jsonl"
    path.write_text('{"问题": "甲"}\n\n{"问题": "乙"}\n')
    assert [row.number for row in tables(path)[0].rows] == [0, 1, 3]
    path.write_text('{"问题": "甲"}\n{"问题": \n')
    with pytest.raises(UnreadableFile, match="line 2 is not JSON"):
        read(path, name="faq.jsonl")


# --- XLSX


def test_a_workbook_reads_as_people_see_it(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "常见问题"
    sheet.append(["某某市常见问题"])
    sheet.merge_cells("A1:D1")
    sheet.append([])
    sheet.append(["部门", "问题", "费用", "日期"])
    sheet.append(["公安局", "身份证", 20.0, datetime.date(2024, 3, 1)])
    sheet.append([None, "户口", 0.15, datetime.datetime(2024, 3, 1, 9, 30)])
    sheet.append(["税务局", "个税", 10010, "#N/A"])
    sheet.merge_cells("A4:A5")
    sheet["C5"].number_format = "0%"
    sheet["C6"].number_format = "000000"
    hidden = book.create_sheet("内部")
    hidden.append(["问题", "答案"])
    hidden.append(["密", "密"])
    hidden.sheet_state = "hidden"
    path = tmp_path / "faq.xlsx"
    book.save(path)
    (table,) = tables(path)
    assert table.name == "常见问题"
    assert [row.number for row in table.rows] == [3, 4, 5, 6]
    assert cells(table) == [
        ("部门", "问题", "费用", "日期"),
        ("公安局", "身份证", "20", "2024-03-01"),
        ("公安局", "户口", "15%", "2024-03-01 09:30"),
        ("税务局", "个税", "010010", ""),
    ]


def test_formulas_give_their_last_value_and_chinese_date_formats_are_dates(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["项目", "数量", "日期"])
    sheet.append(["甲", "=1+2", 45352])
    sheet["C2"].number_format = "0.000"
    path = tmp_path / "a.xlsx"
    book.save(path)
    # As Excel saves it: with the value, and with the format known by its number 31 alone
    rewrite(
        path, "xl/worksheets/sheet1.xml", lambda x: re.sub("<v ?/>|<v></v>", "<v>3</v>", x, count=1)
    )
    rewrite(
        path,
        "xl/styles.xml",
        lambda x: re.sub(r"<numFmts.*?</numFmts>", "", x).replace(
            'numFmtId="164"', 'numFmtId="31"'
        ),
    )
    assert cells(tables(path)[0])[1] == ("甲", "3", "2024-03-01")


def test_a_heading_over_two_rows_names_each_column(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["项目", "收费", None], [None, "首次", "补领"], ["身份证", "免费", "40元"]):
        sheet.append(row)
    sheet.merge_cells("A1:A2")
    sheet.merge_cells("B1:C1")
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert cells(tables(path)[0]) == [
        ("项目", "收费·首次", "收费·补领"),
        ("身份证", "免费", "40元"),
    ]


def rewrite(path: Path, part: str, change: Callable[[str], str]) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    before = parts[part]
    parts[part] = change(before.decode()).encode()
    assert parts[part] != before
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


# --- DOCX


def test_a_word_file_gives_headings_items_and_rows_that_stand_alone(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_heading("身份证办理指南", 0)
    word.add_heading("第一章　总则", 1)
    word.add_paragraph(CLAUSE)
    word.add_paragraph("户口簿原件", style="List Number")
    word.add_paragraph("照片", style="List Number")
    table = word.add_table(3, 3)
    for i, row in enumerate(
        [["项目", "类别", "金额"], ["身份证", "首次", "免费"], ["", "补领", "40元"]]
    ):
        for j, text in enumerate(row):
            table.cell(i, j).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    path = tmp_path / "guide.docx"
    word.save(str(path))
    found = document(path)
    assert found.title == "身份证办理指南"
    assert [(b.kind, b.text) for b in found.blocks] == [
        ("heading", "身份证办理指南"),
        ("heading", "第一章 总则"),
        ("paragraph", CLAUSE),
        ("item", "1. 户口簿原件"),
        ("item", "2. 照片"),
        ("table_row", "项目：身份证；类别：首次；金额：免费"),
        ("table_row", "项目：身份证；类别：补领；金额：40元"),
    ]


def test_article_numbers_that_word_counts_are_in_the_text(tmp_path: Path) -> None:
    word = docx.Document()
    numbering = word.part.numbering_part.element
    abstract = parse_xml(
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
        '<w:numFmt w:val="chineseCountingThousand"/><w:lvlText w:val="第%1条"/></w:lvl>'
        "</w:abstractNum>"
    )
    numbering.insert(0, abstract)
    numbering.append(
        parse_xml(f'<w:num {nsdecls("w")} w:numId="90"><w:abstractNumId w:val="90"/></w:num>')
    )
    for _ in range(12):
        properties = word.add_paragraph(CLAUSE)._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_numId().val = 90
    path = tmp_path / "rules.docx"
    word.save(str(path))
    found = texts(document(path))
    assert [text.split(" ")[0] for text in found][::11] == ["第一条", "第十二条"]


def test_deleted_and_hidden_words_are_left_out_and_inserted_ones_taken(tmp_path: Path) -> None:
    word = docx.Document()
    paragraph = word.add_paragraph("收费")
    for markup in (
        "<w:ins {0}><w:r><w:t>四十元</w:t></w:r></w:ins>",
        "<w:del {0}><w:r><w:delText>二十元</w:delText></w:r></w:del>",
        "<w:r {0}><w:rPr><w:vanish/></w:rPr><w:t>内部</w:t></w:r>",
    ):
        paragraph._p.append(parse_xml(markup.format(nsdecls("w"))))
    path = tmp_path / "a.docx"
    word.save(str(path))
    assert texts(document(path)) == ["收费四十元"]


def test_a_word_file_that_is_one_faq_table_comes_out_as_a_table(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_paragraph("常见问题")
    table = word.add_table(3, 2)
    for i, row in enumerate([["问题", "答案"], ["怎么办", "去窗口"], ["多少钱", "免费"]]):
        for j, text in enumerate(row):
            table.cell(i, j).text = text
    path = tmp_path / "faq.docx"
    word.save(str(path))
    (found,) = tables(path)
    assert found.name == "常见问题"
    assert cells(found) == [("问题", "答案"), ("怎么办", "去窗口"), ("多少钱", "免费")]


def test_a_form_of_labels_reads_as_label_and_value(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_paragraph("本指南适用于本市。" + CLAUSE)
    table = word.add_table(2, 4)
    for i, row in enumerate(
        [
            ["事项名称", "居民身份证换领", "办理时限", "20日"],
            ["办理地点", "政务大厅", "咨询电话", "12345"],
        ]
    ):
        for j, text in enumerate(row):
            table.cell(i, j).text = text
    path = tmp_path / "guide.docx"
    word.save(str(path))
    assert texts(document(path), "table_row") == [
        "事项名称：居民身份证换领", "办理时限：20日", "办理地点：政务大厅", "咨询电话：12345",
    ]  # fmt: skip


# --- PPTX


def test_slides_are_pages_with_titles_as_headings_and_hidden_ones_left_out(tmp_path: Path) -> None:
    show = pptx.Presentation()
    for number in (1, 2, 3):
        slide = show.slides.add_slide(show.slide_layouts[1])
        # Drawn first, read after the title
        table = slide.shapes.add_table(2, 2, Inches(1), Inches(5), Inches(5), Inches(1)).table
        for i, row in enumerate([["项目", "金额"], ["身份证", f"{number}元"]]):
            for j, text in enumerate(row):
                table.cell(i, j).text = text
        slide.shapes.title.text = f"第{number}讲"
        slide.placeholders[1].text = "带户口簿\n带照片"
    show.slides[1]._element.set("show", "0")
    path = tmp_path / "show.pptx"
    show.save(str(path))
    found = document(path)
    assert {block.page for block in found.blocks} == {1, 3}
    assert [(b.kind, b.text) for b in found.blocks if b.page == 1] == [
        ("heading", "第1讲"), ("item", "带户口簿"), ("item", "带照片"),
        ("table_row", "项目：身份证；金额：1元"),
    ]  # fmt: skip


# --- HTML and Markdown

PAGE = f"""<!DOCTYPE html><html><head><meta charset="gb2312"><title>指南-某某市政府</title>
<script>var a = "脚本";</script></head><body>
<div class="header"><a href="/">首页</a></div>
<ul class="links"><li><a>机构</a></li><li><a>公开</a></li><li><a>服务</a></li></ul>
<div id="zoom"><h1>身份证办理指南</h1><p>{CLAUSE}</p><p style="display: none">隐藏文字</p>
<ol><li>带户口簿</li><li>交<b>照片</b></li></ol>
<table><tr><th rowspan="2">项目</th><th colspan="2">收费</th></tr>
<tr><th>首次</th><th>补领</th></tr>
<tr><td>身份证</td><td>免费</td><td>40<br>元</td></tr></table></div>
<div class="footer">版权所有 某某市政府</div></body></html>"""


def test_a_web_page_gives_its_main_content_in_gb2312(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(PAGE.encode("gb2312"))
    found = document(path)
    assert found.title == "身份证办理指南"
    assert [(b.kind, b.text) for b in found.blocks] == [
        ("heading", "身份证办理指南"),
        ("paragraph", CLAUSE),
        ("item", "1. 带户口簿"),
        ("item", "2. 交照片"),
        ("table_row", "项目：身份证；收费·首次：免费；收费·补领：40 元"),
    ]


def test_markdown_gives_headings_numbered_items_and_rows(tmp_path: Path) -> None:
    path = tmp_path / "guide.md"
    path.write_text(
        "---\ntitle: 前言\n---\n# 办理指南\n\n第一段**重点**\n接着写。\n\n3. 户口簿\n4. 照片\n\n"
        "| 项目 | 金额 |\n|---|---|\n| 身份证 | 20元 |\n\n"
        "<table><tr><th>部门</th><th>电话</th></tr><tr><td>公安局</td><td>110</td></tr></table>\n",
        "utf-8",
    )
    found = document(path)
    assert found.title == "办理指南"
    assert texts(found) == [
        "办理指南", "第一段重点接着写。", "3. 户口簿", "4. 照片",
        "项目：身份证；金额：20元", "部门：公安局；电话：110",
    ]  # fmt: skip


# --- notes


def test_footnotes_and_endnotes_follow_their_paragraph_and_comments_are_left_out(
    tmp_path: Path,
) -> None:
    word = docx.Document()
    for number, kind in ((1, "footnote"), (2, "endnote")):
        run = word.add_paragraph(f"第{number}条 居住满半年的，可以申请").add_run()
        run._r.append(parse_xml(f'<w:{kind}Reference {nsdecls("w")} w:id="{number}"/>'))
        notes = "".join(
            f'<w:{kind} w:id="{i}"{extra}><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:{kind}>'
            for i, extra, text in (
                (0, ' w:type="separator"', "线"),
                (number, "", f"自登记之日起算{number}"),
            )
        )
        name = f"/word/{kind}s.xml"
        blob = f"<w:{kind}s {nsdecls('w')}>{notes}</w:{kind}s>".encode()
        part = Part(PackURI(name), f"application/vnd.openxmlformats-officedocument."
                    f"wordprocessingml.{kind}s+xml", blob, word.part.package)  # fmt: skip
        word.part.relate_to(
            part, f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}s"
        )
    word.add_comment(word.paragraphs[0].runs[0], "这里还要再改", "小王")
    word.save(str(tmp_path / "a.docx"))
    assert texts(document(tmp_path / "a.docx")) == [
        "第1条 居住满半年的，可以申请", "注：自登记之日起算1",
        "第2条 居住满半年的，可以申请", "注：自登记之日起算2",
    ]  # fmt: skip


# --- PDF


def test_pages_lose_their_headers_and_lines_become_paragraphs(tmp_path: Path) -> None:
    story: list[Flowable] = [Paragraph("居民身份证办理指南", HEADING)]
    for number in range(1, 31):
        story.append(Paragraph(f"第{number}条 {CLAUSE}", BODY))
    path = write_pdf(
        tmp_path / "law.pdf", story, "某某市行政审批服务局 办事指南", lambda page: f"— {page} —"
    )
    found = document(path)
    assert found.title == "居民身份证办理指南"
    assert found.blocks[0] == Block("居民身份证办理指南", "heading", 1, 1)
    # Each article is one paragraph, also the one that the page break cuts.
    assert texts(found)[1:] == [f"第{number}条 {CLAUSE}" for number in range(1, 31)]
    assert found.blocks[1].page == 1
    assert found.blocks[-1].page == 3


def test_a_single_page_loses_its_number(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [Paragraph(CLAUSE, BODY)], "", "第 {} 页 共 1 页".format)
    assert texts(document(path)) == [CLAUSE]


def test_numbered_titles_at_the_top_of_pages_are_no_header(tmp_path: Path) -> None:
    story: list[Flowable] = []
    for number in range(1, 6):
        story += [Paragraph(f"附件{number}", BODY), Paragraph(CLAUSE, BODY), PageBreak()]
    found = texts(document(write_pdf(tmp_path / "a.pdf", story, "办事指南汇编", "第 {} 页".format)))
    assert [text for text in found if text.startswith("附件")] == [
        "附件1", "附件2", "附件3", "附件4", "附件5",
    ]  # fmt: skip
    assert set(found) == {*(f"附件{number}" for number in range(1, 6)), CLAUSE}


def test_a_ruled_table_over_two_pages_repeats_its_headings_in_every_row(tmp_path: Path) -> None:
    rows = [["项目", "类别", "金额"], *([f"情形{i}", "首次", f"{i}元"] for i in range(60))]
    spans = [("SPAN", (0, 1), (0, 2))]
    table = Table(rows, style=[*GRID, *spans], repeatRows=1)
    path = write_pdf(tmp_path / "table.pdf", [Paragraph(CLAUSE, BODY), table])
    found = [block for block in document(path).blocks if block.kind == "table_row"]
    assert len(found) == 60
    assert found[1].text == "项目：情形0；类别：首次；金额：1元"  # a merged cell
    assert found[-1].text == "项目：情形59；类别：首次；金额：59元"
    assert {block.page for block in found} == {1, 2}


def test_a_table_with_lines_across_only_is_a_table(tmp_path: Path) -> None:
    rows = [["项目", "类别", "金额"], ["身份证", "首次", "免费"], ["户口簿", "补领", "10元"]]
    lines = [
        ("LINEABOVE", (0, 0), (-1, 1), 1, colors.black),
        ("LINEBELOW", (0, -1), (-1, -1), 1, colors.black),
    ]
    table = Table(rows, colWidths=120, style=[*lines, GRID[1]])
    path = write_pdf(tmp_path / "open.pdf", [Paragraph(CLAUSE, BODY), table])
    assert texts(document(path), "table_row") == [
        "项目：身份证；类别：首次；金额：免费", "项目：户口簿；类别：补领；金额：10元",
    ]  # fmt: skip


def test_two_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "columns.pdf"
    canvas = Canvas(str(path), A4)
    canvas.setFont("STSong-Light", 10)
    for line in range(12):  # drawn row by row, across both columns
        for x, side in ((72, "左"), (320, "右")):
            canvas.drawString(x, 700 - 16 * line, f"{side}栏" * 10)
    canvas.save()
    whole = "".join(texts(document(path)))
    assert whole == "左栏" * 120 + "右栏" * 120


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_turned_pages_are_read_upright(tmp_path: Path, angle: int) -> None:
    path = tmp_path / "turned.pdf"
    canvas = Canvas(str(path), (842, 842))
    canvas.translate(421, 421)
    canvas.rotate(angle)
    canvas.translate(-421, -421)
    canvas.setFont("STSong-Light", 12)
    for i, text in enumerate(["第一行文字在这里。", "第二行文字在这里。", "第三行文字在这里。"]):
        canvas.drawString(100, 700 - 40 * i, text)
    canvas.save()
    assert texts(document(path)) == [
        "第一行文字在这里。",
        "第二行文字在这里。",
        "第三行文字在这里。",
    ]


def test_hyphens_at_line_ends_are_dissolved_and_english_words_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "english.pdf"
    canvas = Canvas(str(path), A4)
    for i, line in enumerate(
        ["The residence permit is a docu-", "ment issued by the public", "security."]
    ):
        canvas.drawString(72, 700 - 14 * i, line)
    canvas.save()
    assert texts(document(path)) == [
        "The residence permit is a document issued by the public security."
    ]


def scan(path: Path, pages: int = 2) -> Path:
    """Pages that are pictures of text."""
    import pypdfium2

    words = io.BytesIO()
    canvas = Canvas(words, A4)
    canvas.setFont("STSong-Light", 24)
    canvas.drawString(80, 700, "居民身份证办理须知")
    canvas.save()
    picture = pypdfium2.PdfDocument(words.getvalue())[0].render(scale=2).to_pil()
    canvas = Canvas(str(path), A4)
    for _ in range(pages):
        canvas.drawInlineImage(picture, 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    return path


def test_a_scan_is_recognised_as_one(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"扫描件.pdf: is a scan \(2 of 2 pages.*ocr"):
        read(scan(tmp_path / "a.pdf"), name="扫描件.pdf")


def test_a_scan_without_tesseract_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreadableFile, match="tesseract is not installed: install"):
        read(scan(tmp_path / "a.pdf"), name="a.pdf", ocr=True)


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_a_scan_is_read_where_tesseract_is_installed(tmp_path: Path) -> None:
    content = read(scan(tmp_path / "a.pdf", 1), name="a.pdf", ocr=True)
    assert isinstance(content, Document)
    assert "居民身份证" in "".join(texts(content))
    assert content.blocks[0].page == 1


def test_a_few_pages_that_are_pictures_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    import pypdfium2

    story: list[Flowable] = []
    for number in range(1, 13):
        story += [Paragraph(f"第{number}条 {CLAUSE}", BODY), PageBreak()]
    file = pypdfium2.PdfDocument(write_pdf(tmp_path / "text.pdf", story))
    picture = pypdfium2.PdfDocument(scan(tmp_path / "scan.pdf", 1))
    for place in (6, 11):  # before the seventh page, and the twelfth
        file.import_pages(picture, index=place)
    file.save(tmp_path / "a.pdf")
    found = document(tmp_path / "a.pdf")
    assert [text for text in texts(found) if "条" in text] == [
        f"第{number}条 {CLAUSE}" for number in range(1, 13)
    ]
    [warning] = found.warnings
    assert "pages 7, 12 are left out" in warning and "--ocr" in warning


# --- wrong names


@pytest.mark.parametrize("name", ["faq.xls", "faq.docx", "faq.dat", "faq"])
def test_a_workbook_under_another_name_is_read_for_what_it_is(tmp_path: Path, name: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["问题", "答案"])
    sheet.append(["甲", "乙"])
    book.save(tmp_path / "faq.xlsx")
    (tmp_path / "faq.xlsx").rename(tmp_path / name)
    assert cells(tables(tmp_path / name)[0])[1] == ("甲", "乙")


def test_an_old_excel_name_often_holds_a_web_page_or_tabs(tmp_path: Path) -> None:
    path = tmp_path / "export.xls"
    path.write_text(
        "<html><table><tr><th>问题</th><th>答案</th></tr><tr><td>甲</td><td>乙</td></tr></table>"
    )
    assert cells(tables(path)[0]) == [("问题", "答案"), ("甲", "乙")]
    path.write_bytes("问题\t答案\n甲\t乙\n".encode("gb18030"))
    assert cells(tables(path)[0]) == [("问题", "答案"), ("甲", "乙")]


def test_content_survives_the_way_from_a_worker(tmp_path: Path) -> None:
    path = tmp_path / "faq.json"
    path.write_text(json.dumps([{"问题": "甲", "答案": "乙"}]))
    from ingest.files import find

    with find([path]) as found:
        ((item, content),) = readers.read_many(found)
    assert item.name == "faq.json"
    assert content == read(path, name="faq.json")
