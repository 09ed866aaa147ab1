"""Answers in the knowledge base's own words, or an honest refusal."""

import re
from collections.abc import Iterator

from retrievers import Retriever, Scope
from tts_engine.text import cut

from ..base import Answer, Question, Sentence
from ..phrases import phrase

N_SUGGESTIONS = 3

_COURTESIES = (
    (
        "greeted",
        re.compile(
            r"((你好|您好|哈喽|嗨|在吗|早上好|下午好|晚上好|hello|hi there|hi|hey)[啊呀吗]? ?)+",
            re.I,
        ),
    ),
    (
        "thanked",
        re.compile(
            r"((非常|十分)?(谢谢|多谢|感谢)[你您啊了]* ?)+|(thanks|thank you)( very much)?", re.I
        ),
    ),
    ("farewell", re.compile(r"((再见|拜拜|bye|goodbye)[了啊]? ?)+", re.I)),
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")


class FaqResponder:
    """Gives the answer of the entry that matches, as it was published.

    Args:
        retriever: Where to look.
        answer_from: Score in [0, 1] from which the best passage is the answer.
        hotline: Whom a refusal points to.
    """

    def __init__(self, retriever: Retriever, *, answer_from: float, hotline: str) -> None:
        self._retriever = retriever
        self._answer_from = answer_from
        self._hotline = hotline

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        """Yield the Answer, then its sentences; see :class:`~agent.base.Responder`."""
        answer = self._answer(question)
        yield answer
        for index, text in enumerate(cut(answer.text)):
            yield Sentence(index, text)

    def _answer(self, question: Question) -> Answer:
        written_in = language_of(question.text)
        language = written_in or question.language
        courtesy = _courtesy(question.text)
        if courtesy:
            return Answer(phrase(courtesy, language), "greeted")
        passages = self._retriever.search(
            question.text,
            k=N_SUGGESTIONS + 1,
            within=Scope(language, question.field, question.region),
        )
        best = passages[0] if passages else None
        # What has no words ("???", an emoji) is like every question and like none.
        if best and written_in and best.score >= self._answer_from:
            others = tuple(p.entry.question for p in passages[1:])
            return Answer(best.entry.answer, "answered", best.score, (best,), others)
        near = tuple(p.entry.question for p in passages[:N_SUGGESTIONS])
        text = phrase("refused", language, hotline=self._hotline)
        return Answer(text, "refused", best.score if best else 0.0, (), near)


def language_of(text: str) -> str | None:
    """The language of a question by its script: Chinese, English, or None if it has neither.

    >>> language_of("护照多少钱?"), language_of("How much is a passport?"), language_of("???")
    ('zh-CN', 'en', None)
    """
    if _HAN.search(text):
        return "zh-CN"
    return "en" if _LATIN.search(text) else None


def _courtesy(text: str) -> str | None:
    bare = re.sub(r"[\W_]+", " ", text).strip()
    return next((key for key, pattern in _COURTESIES if pattern.fullmatch(bare)), None)
