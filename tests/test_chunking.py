"""Documents become quoted passages: nothing is lost, nothing doubled, no item cut."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking import Chunk, chunk_document
from ingest.content import BlockKind, Document, TextBlock
from ingest.dates import parse_date
from ingest.metadata import PolicyMetadata, extract_metadata, region_of
from ingest.passages import document_passages
from retrievers.base import FaqEntry

STATUTE = Document(
    "",
    (
        TextBlock("目　录", page=1),
        TextBlock("第一章 总则……1", page=1),
        TextBlock("第二章 申领……4", page=1),
        TextBlock("第三章 附则……6", page=1),
        TextBlock("杭州市居住证条例", page=2),
        TextBlock("（2016年10月28日杭州市第十二届人民代表大会常务委员会第四十次会议通过）", page=2),
        TextBlock("第一章 总则", page=2),
        TextBlock("第一条 为了规范居住证的申领，制定本条例。", page=2),
        TextBlock("第二章 申领", page=4),
        TextBlock("第十二条 申领居住证应当提交下列材料：", page=4),
        TextBlock("（一）居民身份证；", page=4),
        TextBlock("（二）本人近期免冠相片；", page=4),
        TextBlock("（三）居住地住址、就业、就读等证明材料。", page=5),
        TextBlock(
            "前款规定的居住地住址证明，包括房屋租赁合同、房屋产权证明文件、购房合同。", page=5
        ),
        TextBlock("第三章 附则", page=6),
        TextBlock("第十三条 本条例自2017年1月1日起施行，有效期5年。", page=6),
    ),
)


def passages_of(document: Document, longest: int = 400) -> list[FaqEntry]:
    return list(
        document_passages(document, extract_metadata(document, file="文件.docx"), longest=longest)
    )


def own_text(pieces: list[Chunk]) -> str:
    return "".join(unit.text for piece in pieces for unit in piece.lead + piece.body)


def test_a_passage_cites_document_chapter_article_and_page() -> None:
    (entry,) = [entry for entry in passages_of(STATUTE) if "第十二条" in entry.place]
    assert entry.kind == "passage"
    assert entry.place == "第二章 第十二条，第4至5页"
    assert entry.question == "《杭州市居住证条例》第十二条：申领居住证应当提交下列材料"
    assert entry.source_title == "《杭州市居住证条例》"
    assert entry.department == "杭州市人民代表大会常务委员会"
    assert entry.region == "浙江省杭州市"
    assert (entry.issued, entry.valid_from, entry.valid_until) == (
        "2016-10-28",
        "2017-01-01",
        "2021-12-31",
    )
    assert entry.answer.startswith("第十二条 申领居住证应当提交下列材料：\n（一）居民身份证；")


def test_an_item_of_a_divided_article_carries_its_stem() -> None:
    found = {entry.place: entry.answer for entry in passages_of(STATUTE, longest=45)}
    assert found["第二章 第十二条第三项，第5页"] == (
        "第十二条 申领居住证应当提交下列材料：\n（三）居住地住址、就业、就读等证明材料。"
    )
    assert found["第二章 第十二条第二款，第5页"].startswith("第十二条 前款规定的居住地住址证明")


def test_the_table_of_contents_is_no_passage() -> None:
    assert not any("……" in entry.answer for entry in passages_of(STATUTE))
    assert {entry.place for entry in passages_of(STATUTE) if "第一章" in entry.place} == {
        "第一章 第一条，第2页"
    }


def test_ids_stay_and_change_with_the_text() -> None:
    ids = [entry.faq_id for entry in passages_of(STATUTE)]
    changed = Document(
        "", (*STATUTE.blocks[:-1], TextBlock("第十三条 本条例自2017年2月1日起施行。", page=6))
    )
    assert ids == [entry.faq_id for entry in passages_of(STATUTE)]
    assert len(set(ids)) == len(ids)
    assert [entry.faq_id for entry in passages_of(changed)][:-1] == ids[:-1]
    assert [entry.faq_id for entry in passages_of(changed)][-1] != ids[-1]


def test_a_guide_follows_its_headings() -> None:
    lines = ("一、申请条件", "居住半年以上的，可以申领。", "二、申请材料", "（一）个人", "身份证。",
             "（二）单位", "营业执照。", "三、收费标准", "不收费。")  # fmt: skip
    guide = Document("杭州市居住证办理指南", tuple(TextBlock(line) for line in lines))
    found = passages_of(guide)
    assert [entry.place for entry in found] == [
        "一、申请条件", "二、申请材料 （一）个人", "二、申请材料 （二）单位", "三、收费标准",
    ]  # fmt: skip
    assert found[1].answer == "二、申请材料 （一）个人\n身份证。"
    assert found[3].question == "《杭州市居住证办理指南》：收费标准"


def test_a_list_is_not_taken_for_headings() -> None:
    lines = ("下列人员可以申请", "一、学生", "二、老人", "三、残疾人")
    (entry,) = passages_of(Document("补贴发放通知", tuple(TextBlock(line) for line in lines)))
    assert entry.answer == "\n".join(lines)


def test_short_paragraphs_without_headings_are_joined() -> None:
    lines = ("今天上午开会。", "下午继续。", "明天结束。")
    assert len(passages_of(Document("会议通知", tuple(TextBlock(line) for line in lines)))) == 1


def test_the_heading_row_is_repeated_over_the_rest_of_a_table() -> None:
    rows = ("名称 | 地址", *(f"第{n}分局 | 解放东路{n}号" for n in range(20)))
    document = Document("地址表格一览", tuple(TextBlock(row, "table_row") for row in rows))
    found = passages_of(document, longest=80)
    assert len(found) > 2
    assert all(entry.answer.startswith("名称 | 地址\n第") for entry in found)


def test_a_sentence_that_begins_with_the_name_of_an_article_begins_no_article() -> None:
    document = Document(
        "规定全文",
        (TextBlock("第一条 甲。"), TextBlock("第三条规定的人员除外。"), TextBlock("第二条 乙。")),
    )
    assert [piece.article for piece in chunk_document(document)] == ["第一条", "第二条"]


def test_what_is_repealed_says_so_in_every_passage() -> None:
    document = Document("杭州市暂住证条例（已废止）", (TextBlock("第一条 甲。"),))
    assert passages_of(document)[0].notice == "文件状态：已废止"


def test_longest_must_be_positive() -> None:
    with pytest.raises(ValueError, match="longest is 0"):
        list(chunk_document(STATUTE, longest=0))


unhurried = settings(deadline=None, database=None)
SENTENCES = st.lists(
    st.text(alphabet="甲乙丙丁，：（）一二三 \n", min_size=0, max_size=30), min_size=1, max_size=6
).map("。".join)
PREFIXES = st.sampled_from(
    [
        "",
        "",
        "第一条 ",
        "第二条 ",
        "第三条规定",
        "第一章 ",
        "（一）",
        "（二）",
        "1.",
        "一、",
        "目录",
        "附件1",
    ]
)
KINDS: list[BlockKind] = ["heading", "paragraph", "paragraph", "item", "table_row"]
BLOCKS = st.builds(
    lambda prefix, text, kind, page: TextBlock(
        prefix + text, kind, page, 1 if kind == "heading" else 0
    ),
    PREFIXES,
    SENTENCES,
    st.sampled_from(KINDS),
    st.none() | st.integers(1, 9),
)


@unhurried
@given(st.lists(BLOCKS, max_size=25), st.integers(1, 120))
def test_nothing_is_lost_nothing_doubled_and_the_order_kept(
    blocks: list[TextBlock], longest: int
) -> None:
    pieces = list(chunk_document(Document("", tuple(blocks)), longest=longest))
    assert own_text(pieces) == "".join(block.text for block in blocks)


@unhurried
@given(st.lists(BLOCKS, max_size=25), st.integers(1, 120))
def test_rows_and_items_are_never_cut(blocks: list[TextBlock], longest: int) -> None:
    units = [
        unit
        for piece in chunk_document(Document("", tuple(blocks)), longest=longest)
        for unit in piece.lead + piece.body
    ]
    for index, block in enumerate(blocks):
        if block.kind in ("item", "table_row") or re.match(r"（[一二]）|1\.", block.text):
            assert [unit.text for unit in units if unit.block == index] == [block.text]


@unhurried
@given(st.lists(BLOCKS, max_size=25), st.integers(40, 200))
def test_a_passage_is_long_only_where_it_must_not_be_cut(
    blocks: list[TextBlock], longest: int
) -> None:
    for piece in chunk_document(Document("", tuple(blocks)), longest=longest):
        parts = [unit for unit in piece.body if unit.text.strip()]
        # Two parts are the stem with its first item, or the heading row with its first row.
        assert len(piece.context) + len(piece.text) <= longest or len(parts) <= 2


@unhurried
@given(st.lists(BLOCKS, max_size=25))
def test_every_document_has_passages_with_ids_of_their_own(blocks: list[TextBlock]) -> None:
    ids = [entry.faq_id for entry in passages_of(Document("文件的标题", tuple(blocks)))]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2024年3月1日", "2024-03-01"),
        ("2024/3/1", "2024-03-01"),
        ("20240301", "2024-03-01"),
        ("二〇二四年三月二十一日", "2024-03-21"),
        ("中華民國113年3月1日", "2024-03-01"),
        ("2024-03-01 00:00:00", "2024-03-01"),
        ("2024年2月30日", ""),
        ("去年三月", ""),
    ],
)
def test_dates_are_read_as_chinese_offices_write_them(written: str, iso: str) -> None:
    assert parse_date(written) == iso


def policy(title: str, *lines: str) -> PolicyMetadata:
    return extract_metadata(
        Document(title, tuple(TextBlock(line) for line in lines)), file="通知.docx"
    )


def test_a_covering_notice_gives_number_and_issuer_to_what_it_passes_on() -> None:
    read = policy(
        "", "杭州市人民政府文件", "杭政函〔2019〕5号",
        "杭州市人民政府关于印发杭州市居住证管理办法的通知",
        "各区、县（市）人民政府：", "杭州市人民政府", "2019年1月20日", "杭州市居住证管理办法",
        "第一条 居住证有效期为3年。", "第二条 本办法自2019年3月1日起施行，有效期5年。",
    )  # fmt: skip
    assert read.title == "杭州市居住证管理办法"
    assert read.issuer == "杭州市人民政府"
    assert read.document_number == "杭政函〔2019〕5号"
    assert (read.issued, read.valid_from, read.valid_until) == (
        "2019-01-20", "2019-03-01", "2024-02-29",
    )  # fmt: skip


def test_the_labels_of_a_web_page_are_read() -> None:
    read = policy(
        "杭州市流动人口服务管理规定_杭州市公安局", "发文机关：杭州市公安局 | 文号：杭公规[2021]3号",
        "成文日期：2021年5月6日", "有效性：废止",
        "本通知自发布之日起30日后施行，执行至2023年12月31日。",
    )  # fmt: skip
    assert (read.title, read.issuer) == ("杭州市流动人口服务管理规定", "杭州市公安局")
    assert (read.document_number, read.status) == ("杭公规〔2021〕3号", "废止")
    assert (read.issued, read.valid_from, read.valid_until) == (
        "2021-05-06", "2021-06-05", "2023-12-31",
    )  # fmt: skip


def test_a_decree_has_its_number_on_a_line_of_its_own() -> None:
    read = policy(
        "", "浙江省人民政府令", "第 388 号",
        "《浙江省居住房屋出租登记管理办法》已经通过，现予公布，自2022年1月1日起施行。",
        "2021年12月1日", "浙江省居住房屋出租登记管理办法", "第一条 甲。",
    )  # fmt: skip
    assert read.document_number == "浙江省人民政府令第388号"
    assert read.title == "浙江省居住房屋出租登记管理办法"
    assert read.valid_from == "2022-01-01"


def test_dates_of_another_document_are_not_this_ones() -> None:
    read = policy(
        "杭州市某某办法", "第一条 《旧办法》自2001年1月1日起施行。", "第二条 证书有效期为五年。"
    )
    assert (read.valid_from, read.valid_until) == ("", "")


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("杭州市人民政府", "浙江省杭州市"),
        ("浙江省人民政府办公厅", "浙江省"),
        ("杭州市上城区人民政府", "浙江省杭州市上城区"),
        ("上海市人民代表大会常务委员会", "上海市"),
        ("国务院办公厅", "全国"),
        ("教育部", "全国"),
        ("县人民政府", ""),
    ],
)
def test_a_region_is_named_only_where_it_is_plain(name: str, region: str) -> None:
    assert region_of(name) == region
