"""Answers that a language model writes from what was found, sentence by checked sentence."""

import logging
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from retrievers import Passage, language_of
from retrievers.text.numerals import chinese_number
from tts_engine.text import split_for_speech

from ..concurrency import ConcurrencyLimiter
from ..grounding import CitedSentenceSplitter, Evidence, UnendedSentenceError, is_free_of_injections
from ..grounding.cited_sentences import citation_numbers, is_first_item, is_list_item
from ..grounding.control_marks import readable
from ..llm.limits import CircuitBreaker, TokenBudget
from ..llm.prompts import answer_prompt, rewrite_prompt
from ..llm.streaming import (
    ChatMessage,
    ModelError,
    QuestionWithdrawn,
    StreamedCompletion,
    VisitorDeadline,
    without_system_role,
)
from ..types import Answer, Question, Sentence, Usage
from .faq import FaqResponder, LookupResult, verbatim_reply

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

MAX_SENTENCES = 8
"""In an answer; more is babble."""
MAX_DROPPED = 6
"""Sentences of an answer that may be dropped before the rest is not waited for. Those without a
source that come before the first with one do not count: they may be a thought, of which only its
end tells."""
MAX_QUESTION_CHARACTERS = 200
"""Characters of a rewritten question; what is longer is none."""
MAX_REWRITE_CHARACTERS = 4_000
"""Characters of what is written for a question, thoughts included."""
MIN_PASSAGE_SCORE = 0.05
"""The score of the best passage below which nothing found is about the question. With the sample
knowledge base that is so for half of the off-topic questions and for none of the others."""

_ENGLISH_ORDINALS = "First Second Third Fourth Fifth Sixth Seventh Eighth".split()
_CLOSERS = "）)》”」』"

SLOT_TIMEOUT = 2.0
"""Seconds that an answer waits for others to be written before it does without the model."""

logger = logging.getLogger(__name__)


class GroundedResponder:
    """Curated answers where there are any; otherwise what a model writes from the passages found.

    Whatever goes wrong with the model, the visitor gets what the knowledge base alone would say.

    Args:
        faq: The knowledge base; its confident answers, courtesies and notices of expiry stand.
        model: Who writes.
        sentence_timeout_s: How long a visitor waits for the next sentence, and for the first.
        most_tokens: Of an answer; the request is cancelled there, whatever the service thinks.
        budget: What may be spent.
        breaker: Whether the service is left alone for the moment.
        most_requests: To the model at the same time; who comes next waits a little.
        prices: Of a million tokens read and of a million written; None leaves costs out.
        has_system_role: The model takes a message of the system; otherwise it begins the first.
        thinks_first: Its chat template opens a thought, so all before ``</think>`` is one. What
            the first answers show counts from then on.
    """

    def __init__(
        self,
        faq: FaqResponder,
        model: "BaseChatModel",
        *,
        sentence_timeout_s: float,
        most_tokens: int,
        budget: TokenBudget,
        breaker: CircuitBreaker,
        most_requests: int = 8,
        prices: tuple[float, float] | None = None,
        has_system_role: bool = True,
        thinks_first: bool = False,
    ) -> None:
        self._faq = faq
        self._model = model
        self._sentence_timeout_s = sentence_timeout_s
        self._most_tokens = most_tokens
        self._budget = budget
        self._breaker = breaker
        self._places = ConcurrencyLimiter(most_requests, SLOT_TIMEOUT)
        self._prices = prices
        self._has_system_role = has_system_role
        self._thinks_first = thinks_first

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        """Yield checked sentences as they are written, then the Answer; or as FaqResponder does.

        Closing the generator cancels the request to the model on the wire.
        """
        found = self._faq.look_up(question)
        if not found.passages or not self._may_ask(question):
            yield from verbatim_reply(found.answer)
            return
        deadline = VisitorDeadline(self._sentence_timeout_s, question.withdrawn)
        draft = _AnswerDraft(
            question, self._model, self._places, deadline, has_system_role=self._has_system_role
        )
        try:
            if question.history:
                draft.question, found = self._in_full(draft, found)
            if found.passages:
                yield from self._write(draft, found)
        except ModelError as error:
            self._note(error)
        except QuestionWithdrawn:
            return
        else:
            if draft.usage:  # nothing found may have been worth asking about
                self._breaker.succeeded()
        finally:
            usage = self._settle(draft)
        if draft.text:
            yield replace(
                found.answer,
                text=draft.text,
                outcome="answered",
                citations=tuple(draft.cited),
                usage=usage,
                spoken=draft.spoken if draft.spoken != draft.text else "",
            )
        else:
            yield from verbatim_reply(replace(found.answer, usage=usage))

    def _may_ask(self, question: Question) -> bool:
        limit = self._budget.exhausted(question.session_id)
        if limit:
            logger.warning("the language model is not asked: the %s's tokens are spent", limit)
            return False
        if not self._breaker.admits():
            logger.info("the language model is not asked: it failed and is left alone for a while")
            return False
        return True

    def _note(self, error: ModelError) -> None:
        """Log why, and never what was asked or written."""
        logger.warning("the language model did not answer: %s", error)
        if not error.is_request_specific:
            self._breaker.failed(error.retry_after_s)

    def _in_full(self, draft: "_AnswerDraft", found: LookupResult) -> tuple[Question, LookupResult]:
        """A follow-up as a question that stands on its own, and what is found for that."""
        asked = draft.question
        language = language_of(asked.text) or asked.language
        written = ""
        messages = rewrite_prompt(asked.text, asked.history, language)
        with closing(draft.ask(messages)) as pieces:
            for piece in pieces:
                written += piece
                if len(written) > MAX_REWRITE_CHARACTERS:
                    break
        rewritten = readable(written, starts_in_thought=self._thinks_first)
        if not rewritten or len(rewritten) > MAX_QUESTION_CHARACTERS or "\n" in rewritten:
            return asked, found
        in_full = replace(asked, text=rewritten, history=())
        better = self._faq.look_up(in_full)
        is_useful = better.passages or better.answer.outcome == "answered"
        return (in_full, better) if is_useful else (asked, found)

    def _write(self, draft: "_AnswerDraft", found: LookupResult) -> Iterator[Sentence]:
        """Yield what may be said of what the model writes."""
        passages = [passage for passage in found.passages if _is_usable(passage)]
        if not passages or passages[0].score < MIN_PASSAGE_SCORE:
            return
        asked = draft.question.text
        language = language_of(asked) or draft.question.language
        evidence = Evidence(passages)
        sentences = CitedSentenceSplitter(starts_in_thought=self._thinks_first)
        messages = answer_prompt(asked, passages, language)
        try:
            with closing(draft.ask(messages)) as pieces:
                for piece in pieces:
                    for sentence in sentences.add(piece):
                        yield from draft.take(sentence, evidence)
                    if draft.is_enough or draft.n_written > self._most_tokens:
                        self._thinks_first |= sentences.had_unopened_thought
                        break
                else:
                    self._thinks_first = sentences.had_unopened_thought
                if draft.is_enough or draft.n_written > self._most_tokens:
                    return
        except UnendedSentenceError as error:
            logger.warning("the language model babbles: %s", error)
            return
        if rest := sentences.rest(is_whole=draft.is_whole):
            yield from draft.take(rest, evidence)

    def _settle(self, draft: "_AnswerDraft") -> Usage | None:
        """Note what an answer took; None if the model was not asked."""
        usage = draft.usage
        if usage is None:
            return None
        self._budget.spend(draft.question.session_id, usage.tokens)
        logger.info(
            "the language model took %d + %d tokens%s; %d sentences given, %d dropped",
            usage.input_tokens,
            usage.output_tokens,
            " (estimated)" if usage.is_estimated else "",
            draft.n_sentences,
            draft.n_dropped,
        )
        if self._prices is None:
            return usage
        read, written = self._prices
        cost = (usage.input_tokens * read + usage.output_tokens * written) / 1e6
        return replace(usage, cost=cost)


class _AnswerDraft:
    """An answer while it is being written.

    Args:
        question: What it answers.
        model: Who writes.
        places: How many may be written to at the same time.
        deadline: Of the visitor, for the next sentence.
        has_system_role: See :class:`GroundedResponder`.
    """

    def __init__(
        self,
        question: Question,
        model: "BaseChatModel",
        places: ConcurrencyLimiter,
        deadline: VisitorDeadline,
        *,
        has_system_role: bool = True,
    ) -> None:
        self.question = question
        self.text = ""
        """As the page shows it: a list has its marks, each item a line of its own."""
        self.spoken = ""
        """As it is said."""
        self.cited: list[Passage] = []
        self.n_sentences = 0
        self.n_dropped = 0
        self._model = model
        self._places = places
        self._deadline = deadline
        self._has_system_role = has_system_role
        self._n_items = 0
        self._ends_with_item = False
        self._n_wasted = 0
        self._has_cited = False
        self._requests: list[StreamedCompletion] = []
        self._n_pieces = 0
        self._said: set[str] = set()

    def ask(self, messages: list[ChatMessage]) -> Generator[str, None, None]:
        """Pieces of what the model writes; its tokens count for this answer.

        Raises:
            ModelError: It writes as much for others as it may, and goes on doing so.
        """
        slot = self._places.slot()
        if not slot.take():
            reason = "as many answers are being written as llm.max_requests allows"
            raise ModelError(reason, is_request_specific=True)
        # The place is free when all is written, which is long before all is spoken.
        if not self._has_system_role:
            messages = without_system_role(messages)
        asked = "\n".join((self.question.text, *(turn.question for turn in self.question.history)))
        self._requests.append(
            StreamedCompletion(self._model, messages, over=slot.release, private=asked)
        )
        self._deadline.renew()
        return self._requests[-1].read(self._deadline)

    @property
    def is_whole(self) -> bool:
        """The model ended its last text itself."""
        return self._requests[-1].is_whole

    @property
    def is_enough(self) -> bool:
        """No more of it is wanted."""
        return self.n_sentences >= MAX_SENTENCES or self._n_wasted >= MAX_DROPPED

    @property
    def n_written(self) -> int:
        """Tokens that the model wrote so far."""
        return self.usage.output_tokens if self.usage else 0

    @property
    def usage(self) -> Usage | None:
        """Of all requests so far; None before the first."""
        if not self._requests:
            return None
        return sum((request.usage for request in self._requests), start=Usage(0, 0))

    def take(self, written: str, evidence: Evidence) -> Iterator[Sentence]:
        """Yield a sentence in the pieces in which it is spoken, if it may be given out."""
        verdict = evidence.check(written)
        if not any(map(str.isalnum, verdict.text)):
            return  # a mark left over
        self._has_cited |= bool(citation_numbers(written))
        problem = verdict.problem or ("said before" if verdict.text in self._said else "")
        if problem or self.is_enough:
            self.n_dropped += 1
            self._n_wasted += self._has_cited
            logger.info("a sentence of the language model was dropped: %s", problem or "too many")
            return
        self._said.add(verdict.text)
        self.n_sentences += 1
        self.cited += (passage for passage in verdict.cited if passage not in self.cited)
        for piece in split_for_speech(self._add(verdict.text, written)):
            yield Sentence(self._n_pieces, piece)
            self._n_pieces += 1
        self._deadline.renew()

    def _add(self, text: str, written: str) -> str:
        """Add a sentence to the answer; return how it is spoken, with the blank before it.

        An item may have several sentences, so what is no item does not end a list; another list
        begins where the model counts from one again.
        """
        space = " " if self.spoken and self.spoken[-1].isascii() else ""
        said = text
        if is_list_item(written):
            if is_first_item(written) and not self._ends_with_item:
                self._n_items = 0
            self._n_items += 1
            self._ends_with_item = True
            said = spoken_item(self._n_items, text)
            self.text += ("\n" if self.text else "") + f"{self._n_items}. {text}"
        else:
            self.text += ("\n" if self._n_items else space) + text
            self._ends_with_item = False
        self.spoken += space + said
        return space + said


def spoken_item(number: int, text: str) -> str:
    """An item of a list as it is said.

    >>> spoken_item(2, "填写登记表。"), spoken_item(1, "Bring your ID.")
    ('第二，填写登记表。', 'First, bring your ID.')
    >>> spoken_item(1, "户口簿")
    '第一，户口簿。'
    """
    is_english = language_of(text) == "en"
    if text.rstrip(_CLOSERS)[-1:].isalnum():  # else it runs on into the next item
        text += "." if is_english else "。"
    if is_english and number <= len(_ENGLISH_ORDINALS):
        lowered = text[:1].lower() + text[1:] if text[1:2].islower() else text
        return f"{_ENGLISH_ORDINALS[number - 1]}, {lowered}"
    return f"第{chinese_number(number)}，{text}"


def _is_usable(passage: Passage) -> bool:
    if is_free_of_injections(passage.entry):
        return True
    logger.warning(
        "entry %s commands language models instead of informing readers; it is not used: "
        "see that it is removed from the knowledge base",
        passage.entry.faq_id,
    )
    return False
