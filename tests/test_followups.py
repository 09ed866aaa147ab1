"""Questions that lean on the ones before them."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from agent import Answer, Question, Responder
from agent.build import LoadedStages
from agent.responders import FaqResponder
from agent.types import Turn
from retrievers import FaqEntry
from retrievers.ranking.retrievers import HybridRetriever
from retrievers.store.chroma import ChromaStore


class AskingVisitor:
    """Somebody who asks one thing after the other."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._turns: list[Turn] = []

    def ask(self, text: str) -> Answer:
        question = Question(text, history=tuple(self._turns))
        answer = next(p for p in self._responder.respond(question) if isinstance(p, Answer))
        self._turns.append(Turn(text, answer))
        return answer


@pytest.fixture
def visitor(stages: LoadedStages) -> AskingVisitor:
    return AskingVisitor(stages.responder)


@pytest.mark.parametrize(
    "follow_up", ["那要多少钱？", "需要什么材料？", "多久能拿到", "可以网上办吗"]
)
def test_what_is_left_out_is_taken_from_the_question_before(
    visitor: AskingVisitor, follow_up: str
) -> None:
    visitor.ask("护照丢了怎么补办？")
    answer = visitor.ask(follow_up)
    assert answer.outcome == "answered"
    assert "护照" in answer.citations[0].entry.question


def test_the_same_can_be_asked_of_another_matter(visitor: AskingVisitor) -> None:
    visitor.ask("护照丢了怎么补办？")
    entry = visitor.ask("那驾驶证呢？").citations[0].entry
    assert "驾驶证" in entry.question
    assert any(word in entry.question for word in ("丢", "遗失", "补"))


def test_english_follow_ups_work_too(visitor: AskingVisitor) -> None:
    visitor.ask("What should I do if I lose my passport in China?")
    answer = visitor.ask("What about my driving licence?")
    meant = [p.entry.question for p in answer.citations] + list(answer.suggestions)
    assert "How do I replace a lost Chinese driving licence?" in meant


def test_a_new_matter_is_no_follow_up(visitor: AskingVisitor) -> None:
    visitor.ask("护照丢了怎么补办？")
    assert visitor.ask("租房可以提取公积金吗？").citations[0].entry.field == "社保公积金"
    assert visitor.ask("那天气怎么样").outcome == "refused"


def test_without_anything_before_it_a_follow_up_is_not_answered(visitor: AskingVisitor) -> None:
    answer = visitor.ask("那要多少钱？")
    assert answer.outcome in ("suggested", "refused")
    assert not answer.citations


def test_what_has_expired_is_never_given_as_valid(tmp_path: Path) -> None:
    yesterday = date.today() - timedelta(days=1)
    old = FaqEntry("o-1", "老年卡怎么办？", "到社区办。", valid_until=yesterday.isoformat())
    store = ChromaStore(tmp_path)
    store.add([old, FaqEntry("n-1", "护照怎么换？", "到窗口换发。")])
    responder = FaqResponder(
        HybridRetriever(store), answer_from=0.4, suggest_from=0.1, hotline="12345"
    )
    answer = AskingVisitor(responder).ask("老年卡怎么办？")
    assert answer.outcome == "refused"
    assert not answer.citations
    assert yesterday.isoformat() in answer.text, "it says why"
    store.add([FaqEntry("o-2", "老年卡怎么办？", "到街道办。", valid_from=yesterday.isoformat())])
    assert AskingVisitor(responder).ask("老年卡怎么办？").text == "到街道办。"


def test_another_word_of_the_same_kind_asks_the_same_of_another_matter(
    visitor: AskingVisitor,
) -> None:
    visitor.ask("租房可以提取住房公积金吗？")
    assert "买房" in visitor.ask("那买房呢").citations[0].entry.question


def test_what_is_asked_outweighs_the_matter_that_is_carried_over(visitor: AskingVisitor) -> None:
    visitor.ask("护照丢了怎么补办？")
    visitor.ask("要多少钱？")
    entry = visitor.ask("多久能拿到？").citations[0].entry
    assert "护照" in entry.question and "多久" in entry.question


def test_a_correction_asks_the_same_of_the_matter_that_was_meant(visitor: AskingVisitor) -> None:
    visitor.ask("身份证丢了怎么补办？")
    entry = visitor.ask("不是这个，我问的是护照").citations[0].entry
    assert "护照" in entry.question and "遗失" in entry.question
