"""An entry whose answer is a long list has a short spoken form: heard, while the page shows all."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from agent import Answer, AnswerPipeline, Caption, Question
from agent.conversation_store import ConversationStore
from agent.protocol.responses import answer_message
from agent.responders.faq import FaqResponder, entry_answer, predictable_answers
from agent.types import ReplyEvent, Turn
from avatar_engine.testing import StillAvatar
from ingest.content import DataTable, TableRow
from ingest.review_sheet import read_review, write_review
from ingest.table_mapping import table_entries
from retrievers import FaqEntry, Passage
from retrievers.pii.detector import PiiDetector
from retrievers.ranking.retrievers import KeywordRetriever
from retrievers.store.faq_files import from_record, to_record
from retrievers.testing import MemoryStore
from tts_engine.testing import ToneVoice

ENTRY = FaqEntry(
    "id-1",
    "身份证丢了怎么补办？",
    "到派出所补领。请带户口簿、旧的复印件、照片回执。工本费40元。",
    spoken="到派出所补领，带户口簿，工本费40元。详细材料写在屏幕上。",
)


@pytest.fixture
def pipeline() -> AnswerPipeline:
    retriever = KeywordRetriever(MemoryStore([ENTRY]))
    responder = FaqResponder(retriever, answer_from=0.5, suggest_from=0.2, hotline="12345")
    return AnswerPipeline(responder, ToneVoice(), StillAvatar())


def captions(events: list[ReplyEvent]) -> str:
    return "".join(event.sentence.text for event in events if isinstance(event, Caption))


def test_the_voice_says_the_spoken_form_and_the_page_shows_the_answer(
    pipeline: AnswerPipeline,
) -> None:
    events = list(pipeline.reply(Question(ENTRY.question), media="audio"))
    assert isinstance(events[0], Answer)
    assert json.loads(answer_message("r", events[0]).encode())["text"] == ENTRY.answer
    assert captions(events) == ENTRY.spoken


def test_who_only_reads_gets_the_whole_answer_sentence_by_sentence(
    pipeline: AnswerPipeline,
) -> None:
    events = list(pipeline.reply(Question(ENTRY.question), media="none"))
    assert captions(events) == ENTRY.answer


def test_what_is_rendered_beforehand_is_what_will_be_heard() -> None:
    plain = replace(ENTRY, faq_id="id-2", spoken="")
    texts = list(predictable_answers([ENTRY, plain], date.today(), hotline="12345"))
    assert texts[-2:] == [ENTRY.spoken, plain.answer]


def test_a_remembered_answer_keeps_its_spoken_form_and_an_old_record_has_none(
    tmp_path: Path,
) -> None:
    answer = Answer(ENTRY.answer, "answered", 0.9, (Passage(ENTRY, 0.9),), spoken=ENTRY.spoken)
    store = ConversationStore(tmp_path, 3600)
    store.keep("visitor", [Turn("丢了", answer)])
    assert store.recall("visitor")[0].answer == answer
    [path] = tmp_path.iterdir()
    records = json.loads(path.read_text("utf-8"))
    for record in records:
        del record["spoken"]
    path.write_text(json.dumps(records), "utf-8")
    assert store.recall("visitor")[0].answer == replace(answer, spoken="")


def test_a_table_may_have_a_column_for_it_and_so_has_the_review_sheet(tmp_path: Path) -> None:
    rows = (("问题", "答案", "播报文本"), (ENTRY.question, ENTRY.answer, ENTRY.spoken))
    table = DataTable("", tuple(TableRow(i, cells) for i, cells in enumerate(rows, 1)))
    [read] = table_entries([table], file="a.xlsx")
    assert isinstance(read, FaqEntry) and read.spoken == ENTRY.spoken
    sheet = tmp_path / "review.xlsx"
    write_review(sheet, [ENTRY])
    assert [entry.spoken for entry in read_review(sheet).waiting] == [ENTRY.spoken]


def test_an_entry_without_one_is_written_as_before() -> None:
    record = to_record(replace(ENTRY, spoken=""))
    assert "spoken" not in record and from_record(record).spoken == ""
    assert from_record(to_record(ENTRY)) == ENTRY


def test_personal_data_in_it_are_found_as_in_the_answer() -> None:
    entry = replace(ENTRY, spoken="请拨打张三的手机13812345678。")
    assert [found.field for found in PiiDetector().entry_findings(entry)] == ["spoken"]


@pytest.mark.parametrize(
    ("place", "text", "said"),
    [
        ("第二条", "第二条 本办法适用于全市。", "《办法》第二条规定：本办法适用于全市。"),
        ("第一章 第二条，第5页", "第二条　适用于全市。", "《办法》第一章 第二条规定：适用于全市。"),
        ("第二条", "本办法适用于全市。", "《办法》第二条规定：本办法适用于全市。"),
        ("第二条", "第二条", "《办法》第二条规定：第二条"),
        ("", "适用于全市。", "《办法》规定：适用于全市。"),
    ],
)
def test_a_quoted_article_is_named_once(place: str, text: str, said: str) -> None:
    part = FaqEntry("p", "问？", text, kind="passage", source_title="《办法》", place=place)
    assert entry_answer(part) == said
