"""Answers in the knowledge base's own words, or an honest refusal."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain

from retrievers import FaqEntry, Passage, Retriever, Scope, language_of
from tts_engine.text import split_for_speech

from ..service_texts import service_text
from ..types import Answer, Outcome, Question, Sentence
from .follow_ups import is_follow_up, standalone_questions, topic_words

N_SUGGESTIONS = 3
N_PASSAGES = 6
"""Found for a question: the answer, the suggestions, and what else may tell something."""


@dataclass(frozen=True, slots=True)
class LookupResult:
    """What the knowledge base has on a question."""

    answer: Answer
    """What the visitor is told if nobody finds anything better in the passages."""
    passages: tuple[Passage, ...] = ()
    """What a better answer could be made of, best first; empty where ``answer`` is final."""


class FaqResponder:
    """Gives the answer of the entry that matches, as it was published.

    A score is a probability. From ``answer_from`` on the entry is the answer; from
    ``suggest_from`` on the nearest questions are offered; below it the question is declined.

    Args:
        retriever: Where to look.
        answer_from: Score in [0, 1] from which the best passage is the answer.
        suggest_from: Score in [0, 1] from which the visitor may have meant what was found.
        hotline: Whom a refusal points to.
    """

    def __init__(
        self, retriever: Retriever, *, answer_from: float, suggest_from: float, hotline: str
    ) -> None:
        self._retriever = retriever
        self._answer_from = answer_from
        self._suggest_from = suggest_from
        self._hotline = hotline

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        """Yield the Answer, then its sentences; see :class:`~agent.types.Responder`."""
        yield from verbatim_reply(self.look_up(question).answer)

    def look_up(self, question: Question) -> LookupResult:
        """What the knowledge base has on a question, without saying it."""
        written_in = language_of(question.text)
        language = written_in or question.language
        scope = Scope(language, question.field, question.region, date.today())
        passages, is_clear = self._search(question, scope)
        best = passages[0] if passages else None
        near = tuple(p.entry.question for p in passages[: N_SUGGESTIONS + 1])
        # What has no words ("???", an emoji) is like every question and like none.
        is_answered = best and best.score >= self._answer_from and not best.conflict
        if best and is_answered and written_in and is_clear:
            text = entry_answer(best.entry)
            answer = Answer(text, "answered", best.score, (best,), near[1:])
            return LookupResult(replace(answer, spoken=best.entry.spoken))
        near = near[:N_SUGGESTIONS]
        score = best.score if best else 0.0
        expired = self._expired(question, scope) if written_in else None
        if expired:
            until = expired.entry.valid_until
            text = service_text("expired", language, until=until, hotline=self._hotline)
            return LookupResult(Answer(text, "refused", score, (), near))
        if not written_in:
            return LookupResult(
                Answer(self._phrase("refused", language), "refused", score, (), near)
            )
        outcome: Outcome = "suggested" if score >= self._suggest_from else "refused"
        answer = Answer(self._phrase(outcome, language), outcome, score, (), near)
        return LookupResult(answer, tuple(passages))

    def _phrase(self, key: str, language: str) -> str:
        return service_text(key, language, hotline=self._hotline)

    def _search(self, question: Question, scope: Scope) -> tuple[list[Passage], bool]:
        """What matches best, and whether it is clear which matter the question is about."""
        named = topic_words(question.text)
        if not is_follow_up(question.text):
            return self._find(question.text, scope), True
        meant = standalone_questions(question.text, question.history)
        found = [
            # What a follow-up names itself, its answer has to mention.
            [p for p in self._find(text, scope) if not named or _mentions(p.entry, named)]
            for text in meant
        ]
        best = max(found, key=lambda passages: passages[0].score if passages else 0.0, default=[])
        return (best, True) if best else (self._find(question.text, scope), bool(named))

    def _find(self, text: str, scope: Scope) -> list[Passage]:
        return self._retriever.search(text, k=N_PASSAGES, within=scope)

    def _expired(self, question: Question, scope: Scope) -> Passage | None:
        """An entry that would be the answer if it were still valid."""
        found = self._retriever.search(question.text, k=1, within=replace(scope, day=None))
        if not found or found[0].score < self._answer_from or found[0].entry.holds_on(date.today()):
            return None
        return found[0] if found[0].entry.valid_until else None


def verbatim_reply(answer: Answer) -> Iterator[Sentence | Answer]:
    """Give out an answer in the service's own words: entries and phrases, no visitor's."""
    yield replace(answer, is_verbatim=True)
    yield from spoken_sentences(answer.text)


def spoken_sentences(text: str) -> Iterator[Sentence]:
    """The sentences in which an answer is spoken."""
    return (Sentence(index, part) for index, part in enumerate(split_for_speech(text)))


def predictable_answers(
    entries: Iterable[FaqEntry], day: date, *, hotline: str, said: Iterable[str] = ()
) -> Iterator[str]:
    """Everything that can be known beforehand to be said, each text once.

    What is said beside questions comes first, then phrases, then the entries that hold on ``day``,
    in their spoken form where they have one.
    """
    phrases = ("refused", "suggested")
    fixed = (service_text(key, tag, hotline=hotline) for key in phrases for tag in ("zh", "en"))
    answers = (entry.spoken or entry_answer(entry) for entry in entries if entry.holds_on(day))
    given: set[str] = set()
    for text in chain(said, fixed, answers):
        if text not in given:
            given.add(text)
            yield text


def entry_answer(entry: FaqEntry) -> str:
    """An entry's answer; a part of a document is given as the quotation it is."""
    if entry.kind == "qa":
        return entry.answer
    title = f"《{entry.source_title.strip('《》')}》" if entry.source_title else "文件"
    place = entry.place.split("，")[0]
    article = place.split()[-1] if place else ""  # of "第三章 第十二条": the last
    quoted = entry.answer
    # The quotation begins with the heading that was just named: say it once.
    if article and quoted.startswith(article):
        quoted = quoted[len(article) :].lstrip(" \u3000：:、，") or quoted
    return f"{title}{place}规定：{quoted}"


def _mentions(entry: FaqEntry, names: list[str]) -> bool:
    text = " ".join((entry.question, *entry.wordings, entry.answer)).lower()
    return any(name.lower() in text for name in names)
