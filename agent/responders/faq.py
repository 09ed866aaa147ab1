"""Answers in the knowledge base's own words, or an honest refusal."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain

from retrievers import FaqEntry, Passage, Retriever, Scope, language_of
from tts_engine.text import split_for_speech

from ..dialogue.follow_ups import (
    asked_plainly,
    aspect_of,
    is_follow_up,
    standalone_questions,
    things_named,
    topic_words,
    with_another_word,
)
from ..dialogue.matters import TwoQuestions, is_one_word, named_topic, two_questions
from ..service_texts import service_text
from ..types import Answer, Outcome, Question, Sentence

_CLAUSES = re.compile(r"[，、,;；]")
N_SUGGESTIONS = 3
OFFER_FROM = 0.1
"""The score in [0, 1] below which a question is not even offered: it is about something else."""
OWN_WORDS = 0.999
"""The score above which somebody asks in an entry's own words."""
N_PASSAGES = 6
"""Found for a question: the answer, the suggestions, and what else may tell something."""


ASPECTS = {
    "zh": ("首次申请{topic}需要什么材料", "{topic}丢了怎么补办", "{topic}怎么提取", "{topic}多少钱",
           "{topic}到期怎么换", "怎么查询{topic}", "{topic}怎么注销"),
    "en": ("How do I get a {topic}?", "What if I lose my {topic}?", "How much is a {topic}?",
           "How do I renew my {topic}?"),
}  # fmt: skip
"""What is most often asked of a matter, the most frequent first."""


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
        scope = Scope(language, question.field, question.region, date.today(), other_languages=True)
        if written_in and (several := self._several_matters(question, scope, language)):
            return several
        passages, answer_from = self._search(question, scope)
        if passages and (read_as := passages[0].corrected):
            found = self.look_up(replace(question, text=read_as))
            return replace(found, answer=replace(found.answer, read_as=read_as))
        found = self._decide(question, scope, passages, answer_from)
        return replace(found, answer=replace(found.answer, candidates=tuple(passages)))

    def _decide(
        self, question: Question, scope: Scope, passages: Sequence[Passage], answer_from: float
    ) -> LookupResult:
        """Whether the best passage is the answer, or what is said instead."""
        written_in = language_of(question.text)
        language = written_in or question.language
        best = passages[0] if passages else None
        shown = [p.entry.question for p in passages if p.score >= OFFER_FROM]
        near = tuple(shown[: N_SUGGESTIONS + 1])
        # What has no words ("???", an emoji) is like every question and like none.
        is_answered = best and best.score >= answer_from and not best.conflict
        topic = named_topic(question.text) if written_in else ""
        asks_nothing = is_one_word(topic) and best is not None and best.score < OWN_WORDS
        if best and is_answered and written_in and not asks_nothing:
            note = _language_note(best.entry, language)
            text, spoken = entry_answer(best.entry), best.entry.spoken
            answer = Answer(note + text, "answered", best.score, (best,), near[1:])
            return LookupResult(replace(answer, spoken=spoken and note + spoken))
        if topic:
            asked = self._asked_about(topic, scope, language)
            if asked:
                text = service_text("which_aspect", language, topic=topic)
                return LookupResult(Answer(text, "suggested", 0.0, (), asked))
        near = near[:N_SUGGESTIONS] if written_in else ()
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
        key = "refused_near" if outcome == "refused" and near else outcome
        answer = Answer(self._phrase(key, language), outcome, score, (), near)
        return LookupResult(answer, tuple(passages))

    def _several_matters(
        self, question: Question, scope: Scope, language: str
    ) -> LookupResult | None:
        """An answer to both questions in one, or to the one of them that is known.

        None if it is one question, if an entry is about both, or if none of them is known.
        """
        asked = two_questions(question.text)
        if not asked:
            return None
        whole = self._find(question.text, scope)
        answers_whole = bool(whole) and whole[0].score >= self._answer_from
        if whole and whole[0].score > OWN_WORDS:
            return None
        parts = (asked.first, asked.second)
        found = [self._best_of((part, asked_plainly(part)), scope) for part in parts]
        candidates = tuple(p for p in found if p)
        read_as = _read_as(parts, found)
        known = [p for p in found if p and not p.conflict and p.score >= self._answer_from]
        if len(known) < len(parts) and answers_whole and not asked.is_of_two_things:
            return None
        if answers_whole and _is_about_both(whole[0].entry.question, asked):
            return None
        if not known:
            offered = [p.entry.question for p in (*found, *whole) if p and p.score >= OFFER_FROM]
            near = tuple(dict.fromkeys(offered))[:N_SUGGESTIONS]
            score = max((p.score for p in found if p), default=0.0)
            if not near:
                return None
            text = self._phrase("two_unknown", language)
            answer = Answer(text, "suggested", score, (), near)
            return LookupResult(
                replace(answer, read_as=read_as, candidates=candidates), tuple(whole)
            )
        score = min(p.score for p in known)
        texts = [_language_note(p.entry, language) + entry_answer(p.entry) for p in known]
        if len(known) == len(parts):
            if len({p.entry.faq_id for p in known}) == 1:
                return None
            text = service_text("two_known", language, first=texts[0], second=texts[1])
            near = ()
        else:
            key = "first_known" if found[0] in known else "second_known"
            text = service_text(key, language, known=texts[0], hotline=self._hotline)
            other = found[1] if found[0] in known else found[0]
            near = (other.entry.question,) if other and other.score >= OFFER_FROM else ()
        answer = Answer(text, "answered", score, tuple(known), near)
        return LookupResult(replace(answer, read_as=read_as, candidates=candidates))

    def _best_of(self, readings: Sequence[str], scope: Scope) -> Passage | None:
        """What matches any of the readings of a question best; blank ones are passed over."""
        found = [self._find(text, scope)[:1] for text in readings if text]
        return max((p for passages in found for p in passages), key=_score, default=None)

    def _asked_about(self, topic: str, scope: Scope, language: str) -> tuple[str, ...]:
        """What is most often asked about a matter that was only named."""
        aspects = ASPECTS["en" if language.startswith("en") else "zh"]
        found: dict[str, None] = {}
        for asked in (topic, *(aspect.format(topic=topic) for aspect in aspects)):
            for passage in self._find(asked, scope)[:1]:
                if passage.score >= self._suggest_from and _mentions_asked(passage.entry, topic):
                    found.setdefault(passage.entry.question)
        return tuple(found)[:N_SUGGESTIONS]

    def _phrase(self, key: str, language: str) -> str:
        return service_text(key, language, hotline=self._hotline)

    def _search(self, question: Question, scope: Scope) -> tuple[list[Passage], float]:
        """What matches best, and the score from which it is the answer.

        That is beyond 1 where it is not clear which matter a follow-up is about.
        """
        named = topic_words(question.text)
        if not is_follow_up(question.text):
            return self._find(question.text, scope), self._answer_from
        for text in with_another_word(question.text, question.history):
            passages = [p for p in self._find(text, scope) if named[0] in p.entry.question]
            if passages and passages[0].score >= self._answer_from:
                return passages, self._answer_from
        meant = standalone_questions(question.text, question.history)
        found = [
            # What a follow-up names itself, its answer has to mention.
            [p for p in self._find(text, scope) if not named or _mentions(p.entry, named)]
            for text in meant
        ]
        best = max(found, key=lambda passages: passages[0].score if passages else 0.0, default=[])
        if not best:
            unclear = self._answer_from if named else 2.0
            return self._find(question.text, scope), unclear
        # What is asked outweighs the matter that is carried over.
        aspect = "" if named else aspect_of(question.text)
        if aspect and aspect_of(best[0].entry.question) != aspect:
            for text in meant:
                best += self._find(asked_plainly(text), scope) if asked_plainly(text) else []
            same = [p for p in best if aspect_of(p.entry.question) == aspect and not p.conflict]
            topics = [word for text in meant for word in topic_words(text)]
            same = [p for p in same if _mentions(p.entry, topics)]
            if same and (first := max(same, key=_score)).score >= self._answer_from:
                others = {p.entry.faq_id: p for p in best if p.entry != first.entry}
                return [first, *others.values()], self._answer_from
        return best, self._answer_from

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
    phrases = ("refused", "refused_near", "suggested", "two_unknown")
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


def _language_note(entry: FaqEntry, language: str) -> str:
    """What is said before an answer in another language than the visitor's.

    It is followed by the question in the visitor's language where the entry has it as a wording.
    """
    if entry.language[:2] == language[:2]:
        return ""
    asked = next((text for text in entry.wordings if language_of(text) == language), "")
    return service_text("other_language", language) + (f"{asked} " if asked else "")


def _is_about_both(question: str, asked: TwoQuestions) -> bool:
    """Whether an entry's question is about both things, or asks both of one thing."""
    parts = (asked.first, asked.second)
    if asked.is_of_two_things:
        named = [set(things_named(part)) for part in parts]
        return all(
            any(thing in question for thing in things - other)
            for things, other in zip(named, reversed(named), strict=True)
        )
    aspects = {aspect_of(clause) for clause in _CLAUSES.split(question)} - {""}
    return {*map(aspect_of, parts)} <= aspects


def _read_as(parts: Sequence[str], found: Sequence[Passage | None]) -> str:
    """Two questions as they were read; empty if both were read as they were written."""
    read = [
        p.corrected if p and p.corrected else part for p, part in zip(found, parts, strict=True)
    ]
    return "" if read == list(parts) else "；".join(read)


def _score(passage: Passage) -> float:
    return passage.score


def _mentions_asked(entry: FaqEntry, topic: str) -> bool:
    return topic.lower() in " ".join((entry.question, *entry.wordings)).lower()


def _mentions(entry: FaqEntry, names: list[str]) -> bool:
    text = " ".join((entry.question, *entry.wordings, entry.answer)).lower()
    return any(name.lower() in text for name in names)
