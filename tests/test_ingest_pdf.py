"""What comes out of PDF files: pages, tables, columns, scans."""

import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Table

from ingest.content import Document, TextBlock, UnreadableFile
from ingest.readers.reading import read
from tests.reading import document, texts

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


def test_pages_lose_their_headers_and_lines_become_paragraphs(tmp_path: Path) -> None:
    story: list[Flowable] = [Paragraph("居民身份证办理指南", HEADING)]
    for number in range(1, 31):
        story.append(Paragraph(f"第{number}条 {CLAUSE}", BODY))
    path = write_pdf(
        tmp_path / "law.pdf", story, "某某市行政审批服务局 办事指南", lambda page: f"— {page} —"
    )
    found = document(path)
    assert found.title == "居民身份证办理指南"
    assert found.blocks[0] == TextBlock("居民身份证办理指南", "heading", 1, 1)
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
    assert "page 7, 12;" in str(warning) and "--ocr" in str(warning)


WITHOUT_FONTS = """
import sys
from pathlib import Path
import pypdfium2
from ingest.readers.pdf import box_font, document

class NoFonts(pypdfium2.PdfSysfontBase):
    def EnumFonts(self, *asked):
        return None

    MapFont = GetFont = EnumFonts

if sys.argv[2] == "lent":
    box_font._FallbackFonts(NoFonts()).setup()
else:
    NoFonts().setup()
document.install_box_font = lambda: None
page = document._open(Path(sys.argv[1]))[0].get_textpage()
print(page.count_chars())
"""


@pytest.mark.parametrize(("how", "all_is_read"), [("lent", True), ("bare", False)])
def test_where_no_chinese_font_is_installed_a_font_of_boxes_is_lent(
    tmp_path: Path, how: str, all_is_read: bool
) -> None:
    path = tmp_path / "song.pdf"
    canvas = Canvas(str(path), A4)
    canvas.setFont("STSong-Light", 10)
    for line in range(12):
        for x in (72, 320):
            canvas.drawString(x, 700 - 16 * line, "居住" * 10)
    canvas.save()
    program = [sys.executable, "-c", WITHOUT_FONTS, str(path), how]
    done = subprocess.run(program, check=True, capture_output=True, text=True)
    assert (int(done.stdout) >= 12 * 40) is all_is_read
