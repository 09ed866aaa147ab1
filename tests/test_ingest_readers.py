"""What comes out of real files: encodings, tables, headings, pages, order."""

import datetime
import json
import re
import zipfile
from collections.abc import Callable
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

from ingest.content import UnreadableFile
from ingest.readers.pool import read_many
from ingest.readers.reading import read
from tests.reading import cells, document, tables, texts

CLAUSE = (
    "公民应当自年满十六周岁之日起三个月内，向常住户口所在地的公安机关申请领取居民身份证；"
    "未满十六周岁的公民，由监护人代为申请领取居民身份证，公安机关应当自受理之日起六十日内发放。"
)


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
    from ingest.files import find_files

    with find_files([path]) as found:
        ((item, content),) = read_many(found)
    assert item.name == "faq.json"
    assert content == read(path, name="faq.json")
