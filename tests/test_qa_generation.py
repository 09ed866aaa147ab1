"""Questions are proposed from articles that plainly answer them, and a person decides."""

from pathlib import Path

import pytest
from openpyxl import load_workbook

from ingest.content import Document, TextBlock, UnreadableFile
from ingest.metadata import extract_metadata
from ingest.passages import document_passages
from ingest.qa_generation import (
    ProposedPair,
    ProposedPairs,
    propose_by_rule,
    propose_with_model,
)
from ingest.review_sheet import read_review, write_review
from retrievers.base import FaqEntry

LINES = (
    "（2016年10月28日杭州市第十二届人民代表大会常务委员会第四十次会议通过）",
    "第二条 本市行政区域内居住证的申领、使用和管理，适用本条例。",
    "第三条 本条例所称居住证，是指证明居住的证件。",
    "第四条 市公安机关负责本市居住证管理工作。",
    "第九条 申领居住证，应当符合下列条件：",
    "（一）居住半年以上；",
    "（二）有合法稳定就业。",
    "第十二条 申领居住证的，应当向公安派出所提交下列材料：",
    "（一）居民身份证；",
    "（二）本人相片。",
    "第十三条 公安机关应当自受理居住证申请之日起十五日内，作出是否发放居住证的决定。",
    "第二十条 违反本条例规定，使用伪造的居住证的，由公安机关给予警告，处二百元以上一千元以下罚款。",
    "第二十一条 违反本条例第九条规定，有前款所列行为的，由公安机关处二百元罚款。",
    "第二十二条 本条例自2017年1月1日起施行。",
)
DOCUMENT = Document("杭州市居住证条例", tuple(TextBlock(line, page=2) for line in LINES))
POLICY = extract_metadata(DOCUMENT, file="条例.docx")
PASSAGES = tuple(document_passages(DOCUMENT, POLICY))


def test_articles_that_plainly_answer_a_question_are_proposed() -> None:
    assert {entry.question: entry.place for entry in propose_by_rule(PASSAGES)} == {
        "《杭州市居住证条例》适用于哪些情形？": "第二条，第2页",
        "《杭州市居住证条例》所称的居住证指的是什么？": "第三条，第2页",
        "按照《杭州市居住证条例》，杭州市居住证管理工作由哪个部门负责？": "第四条，第2页",
        "按照《杭州市居住证条例》，申领居住证需要具备什么条件？": "第九条，第2页",
        "按照《杭州市居住证条例》，申领居住证需要提交什么材料？": "第十二条，第2页",
        "按照《杭州市居住证条例》，公安机关受理居住证申请后，应当在多长时间内"
        "作出是否发放居住证的决定？": "第十三条，第2页",
        "按照《杭州市居住证条例》，使用伪造的居住证会受到什么处罚？": "第二十条，第2页",
        "《杭州市居住证条例》什么时候开始施行？": "第二十二条，第2页",
    }


def test_a_proposal_quotes_its_article_and_keeps_the_citation() -> None:
    answers = {entry.answer for entry in propose_by_rule(PASSAGES)}
    assert answers <= {passage.answer for passage in PASSAGES}
    for entry in propose_by_rule(PASSAGES):
        assert (entry.kind, entry.source_title) == ("qa", "《杭州市居住证条例》")
        assert (entry.region, entry.valid_from) == ("浙江省杭州市", "2017-01-01")


def test_half_a_list_is_no_answer() -> None:
    divided = document_passages(DOCUMENT, POLICY, longest=30)
    assert not any("条件" in entry.question for entry in propose_by_rule(divided))


@pytest.mark.parametrize(
    "text",
    [
        "第二条 军用船舶之间发生的交通事故，不适用本条例。",
        "第九十八条 外国人在本市行政区域内申领居住证，适用本条例。",
    ],
)
def test_special_cases_are_not_the_scope(text: str) -> None:
    article = Document("杭州市条例", (TextBlock(text),))
    assert (
        list(propose_by_rule(document_passages(article, extract_metadata(article, file="")))) == []
    )


def proposing(*pairs: tuple[str, str]) -> ProposedPairs:
    return ProposedPairs(pairs=[ProposedPair(question=q, answer=a) for q, a in pairs])


def test_a_model_is_believed_only_where_it_quotes_the_passage() -> None:
    asked: list[str] = []

    def model(prompt: str) -> ProposedPairs:
        asked.append(prompt)
        return proposing(
            ("办居住证要居住多久？", "居住半年以上"),
            ("办居住证要多少钱？", "办理居住证需要二十元"),
            ("前款是什么意思？", "居住半年以上"),
        )

    (article,) = [passage for passage in PASSAGES if "第九条" in passage.place]
    (entry,) = propose_with_model(model, [article])
    assert (entry.question, entry.answer) == ("办居住证要居住多久？", "居住半年以上")
    assert entry.place == article.place
    assert article.answer in asked[0] and "第九条" in asked[0]


@pytest.mark.parametrize("nonsense", ["不知道", proposing(("", "居住半年以上"), ("多久？？", ""))])
def test_a_model_that_writes_nonsense_proposes_nothing(nonsense: ProposedPairs | str) -> None:
    assert list(propose_with_model(lambda prompt: nonsense, PASSAGES[:2])) == []


@pytest.fixture
def review(tmp_path: Path) -> Path:
    path = tmp_path / "待审核.xlsx"
    assert write_review(path, propose_by_rule(PASSAGES)) == 8
    return path


def decide(path: Path, **cells: str) -> None:
    book = load_workbook(path)
    for address, value in cells.items():
        book.worksheets[0][address] = value
    book.save(path)


def test_proposals_come_back_from_the_sheet_as_they_were(review: Path) -> None:
    read = read_review(review)
    assert read.waiting == tuple(propose_by_rule(PASSAGES))
    assert (read.accepted, read.refused, read.bad) == ((), (), ())


def test_decisions_and_edits_are_kept(review: Path) -> None:
    decide(review, A2="接受", B2="居住证条例管什么？", C2="管居住证。", A3="拒绝")
    read = read_review(review)
    assert [(entry.question, entry.answer) for entry in read.accepted] == [
        ("居住证条例管什么？", "管居住证。")
    ]
    assert read.accepted[0].faq_id == next(propose_by_rule(PASSAGES)).faq_id
    assert len(read.refused) == 1
    assert len(read.waiting) == 6


def test_rows_that_cannot_be_read_are_reported_with_their_number(review: Path) -> None:
    decide(review, A2="也许", A3="接受", C3="")
    read = read_review(review)
    assert [(row.row, str(row.reason).split(";")[0]) for row in read.bad] == [
        (2, "the decision is 也许"),
        (3, "answer is empty"),
    ]
    assert len(read.waiting) == 6


def test_a_text_that_begins_like_a_formula_stays_a_text(tmp_path: Path) -> None:
    entry = FaqEntry(
        "q", "=1+1 等于几？", '=HYPERLINK("https://x")', wordings=("甲", "乙"), year=2016
    )
    write_review(tmp_path / "a.xlsx", [entry])
    assert read_review(tmp_path / "a.xlsx").waiting == (entry,)


def test_another_file_is_no_review(tmp_path: Path) -> None:
    (tmp_path / "b.xlsx").write_bytes(b"PK not really")
    with pytest.raises(UnreadableFile, match=r"b\.xlsx"):
        read_review(tmp_path / "b.xlsx")
    with pytest.raises(ValueError, match=r"end its name in \.xlsx"):
        write_review(tmp_path / "b.csv", [])
