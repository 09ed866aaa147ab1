"""Question-answer tables become entries, and bad rows are told apart with the reason."""

import dataclasses
from typing import Any

import pytest

from ingest.content import DataTable, TableRow, UnreadableFile
from ingest.messages import field_name, message
from ingest.table_mapping import LONGEST_QUESTION, BadRow, table_entries
from retrievers.base import FaqEntry


def table(*rows: tuple[str, ...], name: str = "") -> DataTable:
    return DataTable(name, tuple(TableRow(number, cells) for number, cells in enumerate(rows, 1)))


def read(*rows: tuple[str, ...], **options: Any) -> list[FaqEntry | BadRow]:
    return list(table_entries((table(*rows),), file="问答.xlsx", **options))


def one(*rows: tuple[str, ...], **options: dict[str, str]) -> FaqEntry:
    (entry,) = read(*rows, **options)
    assert isinstance(entry, FaqEntry), entry
    return entry


def reason(*rows: tuple[str, ...]) -> str:
    (bad,) = read(*rows)
    assert isinstance(bad, BadRow), bad
    return str(bad.reason)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("问题", "答案"),
        ("1.问题", "2.回复"),
        ("常见问题（必填）", "答复内容*"),
        ("【咨询问题】", " 解 答 "),
        ("問題", "回覆內容"),
        ("標題", "內容"),
        ("Question", "ANSWER"),
        ("标准问", "标准答案"),
    ],
)
def test_headings_are_recognised_in_chinese_and_english(question: str, answer: str) -> None:
    entry = one((question, answer), ("怎么办居住证？", "到派出所办。"))
    assert (entry.question, entry.answer) == ("怎么办居住证？", "到派出所办。")


def test_every_field_of_an_entry_has_a_column() -> None:
    headings = {
        "faq_id": "编号", "question": "问题", "answer": "答案", "wordings": "相似问法",
        "field": "分类", "department": "责任部门", "region": "适用地区", "language": "语言",
        "source_title": "政策依据", "origin": "来源文件", "source_url": "链接",
        "year": "年份", "notice": "提示", "document_number": "文号", "issued": "发布日期",
        "place": "条款", "valid_from": "生效日期", "valid_until": "失效日期",
        "spoken": "播报文本", "portal": "网站名称", "document_url": "办事链接",
    }  # fmt: skip
    values = {
        "faq_id": "residence-1", "question": "怎么办居住证？", "answer": "到派出所办。",
        "wordings": "1. 居住证在哪办|居住证办理；居住证去哪里\n居住证",
        "field": "户籍", "department": "公安局", "origin": "居住证.docx",
        "region": "浙江省杭州市", "language": "简体中文", "source_title": "《居住证暂行条例》",
        "source_url": "https://www.gov.cn", "year": "2016年", "notice": "以窗口答复为准",
        "document_number": "国务院令第663号", "issued": "2015年11月26日", "place": "第九条",
        "valid_from": "20160101", "valid_until": "民國 120 年 1 月 2 日",
        "spoken": "带身份证到派出所办。", "portal": "中国政府网",
        "document_url": "https://www.gov.cn/zhengce/663.htm",
    }  # fmt: skip
    entry = one(tuple(headings.values()), tuple(values[name] for name in headings))
    assert headings.keys() == {f.name for f in dataclasses.fields(FaqEntry)} - {"kind"}
    assert dataclasses.asdict(entry) == values | {
        "wordings": ("居住证在哪办", "居住证办理", "居住证去哪里", "居住证"),
        "language": "zh-CN",
        "year": 2016,
        "kind": "qa",
        "issued": "2015-11-26",
        "valid_from": "2016-01-01",
        "valid_until": "2031-01-02",
    }


def test_a_title_may_stand_above_the_headings() -> None:
    entry = one(("常见问题汇总表", ""), ("问题", "答案"), ("怎么办？", "这么办。"))
    assert entry.question == "怎么办？"


def test_an_option_maps_columns_that_are_not_recognised() -> None:
    entry = one(
        ("市民来问", "我们说"),
        ("怎么办？", "这么办。"),
        mapping={"question": "市民来问", "answer": "我们说"},
    )
    assert (entry.question, entry.answer) == ("怎么办？", "这么办。")


def test_without_question_and_answer_columns_the_headings_are_listed() -> None:
    with pytest.raises(
        UnreadableFile, match=r"问答.xlsx.*市民来问、我们说.*--columns question="
    ) as raised:
        read(("市民来问", "我们说"), ("怎么办？", "这么办。"))
    assert "question, answer" in str(raised.value)


def test_a_mapped_heading_that_is_nowhere_is_named() -> None:
    with pytest.raises(UnreadableFile, match="field \\(mapped to 门类\\)"):
        read(("问题", "答案"), ("怎么办？", "这么办。"), mapping={"field": "门类"})


def test_an_unknown_field_in_an_option_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="unknown fields colour; known are id, question"):
        read(("问题", "答案"), mapping={"colour": "颜色"})


def test_defaults_fill_what_a_row_leaves_empty() -> None:
    defaults = {"region": "浙江省杭州市", "department": "公安局"}
    entry = one(("问题", "答案", "部门"), ("怎么办？", "这么办。", ""), defaults=defaults)
    assert (entry.region, entry.department) == ("浙江省杭州市", "公安局")


def test_good_rows_go_in_beside_bad_ones() -> None:
    found = read(("问题", "答案"), ("一？", "甲"), ("", "乙"), ("三？", "丙"))
    assert [type(item) for item in found] == [FaqEntry, BadRow, FaqEntry]
    assert found[1] == BadRow("问答.xlsx", "", 3, message("empty", field=field_name("question")))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("怎么办？", "", ""), "answer is empty"),
        (("怎么办？", "\u200b\ufeff", ""), "answer has only invisible characters"),
        (("问" * (LONGEST_QUESTION + 1), "答", ""), "question has 201 characters; 200 at most"),
        (("怎么办？", "答", "2024年2月30日"), "valid_until is not a date: 2024年2月30日"),
        (("怎么办？", "#REF!", ""), "answer is the error of a formula"),
        (("？？", "答", ""), "question has no words"),
    ],
)
def test_a_bad_row_says_why(row: tuple[str, ...], why: str) -> None:
    assert why in reason(("问题", "答案", "有效期至"), row)


def test_a_web_address_that_is_none_is_refused() -> None:
    assert "source_url" in reason(
        ("问题", "答案", "网址"), ("怎么办？", "答", "javascript:alert(1)")
    )


def test_empty_rows_and_repeated_headings_are_passed_over() -> None:
    found = read(
        ("序号", "问题", "答案"), ("1", "一？", "甲"), ("2", "", ""), ("序号", "问题", "答案")
    )
    assert len(found) == 1


def test_the_same_row_twice_is_one_entry_in_any_file() -> None:
    rows = (("问题", "答案"), ("怎么 办？", "这么办。"))
    assert len(read(*rows, rows[1])) == 1
    other = (("编号", "答案", "问题"), ("7", "另一个答案。", "怎么办?"))
    assert one(*rows).faq_id == one(*other).faq_id


def test_the_same_question_with_another_answer_is_reported() -> None:
    found = read(("问题", "答案"), ("怎么办？", "这么办。"), ("怎么办？", "那么办。"))
    assert isinstance(found[1], BadRow)
    assert "row 2" in str(found[1].reason)


def test_regions_keep_the_same_question_apart() -> None:
    found = read(
        ("问题", "答案", "地区"), ("怎么办？", "甲", "杭州市"), ("怎么办？", "乙", "宁波市")
    )
    assert len({entry.faq_id for entry in found if isinstance(entry, FaqEntry)}) == 2


def test_a_sheet_without_such_columns_is_reported_beside_one_with_them() -> None:
    notes = table(("填表说明",), ("请如实填写",), name="说明")
    good = table(("问题", "答案"), ("怎么办？", "这么办。"), name="问答")
    bad, entry = table_entries((notes, good, table(name="Sheet3")), file="问答.xlsx")
    assert isinstance(bad, BadRow) and bad.table == "说明" and "填表说明" in str(bad.reason)
    assert isinstance(entry, FaqEntry)


def test_questions_without_chinese_characters_are_english() -> None:
    assert one(("Q", "A"), ("How do I register?", "Online.")).language == "en"
