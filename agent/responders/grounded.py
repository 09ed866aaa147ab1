"""Answers that a language model writes from what was found, sentence by checked sentence."""

import logging
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from retrievers import Passage, language_of
from tts_engine.text import cut

from ..base import Answer, Question, Sentence, Usage
from ..breaker import Breaker
from ..budget import Budget
from ..chat import Message, ModelError, Patience, Withdrawn, Writing
from ..grounding import Evidence, Runaway, Sentences, is_clean
from ..places import Places
from ..prompts import answering, rewriting
from .faq import FaqResponder, Finding, recite

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

MOST_SENTENCES = 8
"""In an answer; more is babble."""
MOST_DROPPED = 6
"""Sentences of an answer that may be dropped before the rest is not waited for."""
LONGEST_QUESTION = 200
"""Characters of a rewritten question; what is longer is none."""
MOST_THOUGHT = 4_000
"""Characters of what is written for a question, thoughts included."""
WORTH_ASKING = 0.05
"""The score of the best passage below which nothing found is about the question. With the sample
knowledge base that is so for half of the off-topic questions and for none of the others."""

BUSY_AFTER = 2.0
"""Seconds that an answer waits for others to be written before it does without the model."""

logger = logging.getLogger(__name__)


class GroundedResponder:
    """Curated answers where there are any; otherwise what a model writes from the passages found.

    Whatever goes wrong with the model, the visitor gets what the knowledge base alone would say.

    Args:
        faq: The knowledge base; its confident answers, courtesies and notices of expiry stand.
        model: Who writes.
        patience_s: How long a visitor waits for the next sentence, and for the first.
        most_tokens: Of an answer; the request is cancelled there, whatever the service thinks.
        budget: What may be spent.
        breaker: Whether the service is left alone for the moment.
        most_requests: To the model at the same time; who comes next waits a little.
        prices: Of a million tokens read and of a million written; None leaves costs out.
    """

    def __init__(
        self,
        faq: FaqResponder,
        model: "BaseChatModel",
        *,
        patience_s: float,
        most_tokens: int,
        budget: Budget,
        breaker: Breaker,
        most_requests: int = 8,
        prices: tuple[float, float] | None = None,
    ) -> None:
        self._faq = faq
        self._model = model
        self._patience_s = patience_s
        self._most_tokens = most_tokens
        self._budget = budget
        self._breaker = breaker
        self._places = Places(most_requests, BUSY_AFTER)
        self._prices = prices

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        """Yield checked sentences as they are written, then the Answer; or as FaqResponder does.

        Closing the generator cancels the request to the model on the wire.
        """
        found = self._faq.look_up(question)
        if not found.passages or not self._may_ask(question):
            yield from recite(found.answer)
            return
        patience = Patience(self._patience_s, question.withdrawn)
        draft = _Draft(question, self._model, self._places, patience)
        try:
            if question.history:
                draft.question, found = self._in_full(draft, found)
            if found.passages:
                yield from self._write(draft, found)
        except ModelError as error:
            self._note(error)
        except Withdrawn:
            return
        else:
            if draft.usage:  # nothing found may have been worth asking about
                self._breaker.succeeded()
        finally:
            usage = self._settle(draft)
        if draft.text:
            score, others = found.answer.score, found.answer.suggestions
            yield Answer(draft.text, "answered", score, tuple(draft.cited), others, usage=usage)
        else:
            yield from recite(replace(found.answer, usage=usage))

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
        if not error.is_peculiar:
            self._breaker.failed(error.rest)

    def _in_full(self, draft: "_Draft", found: Finding) -> tuple[Question, Finding]:
        """A follow-up as a question that stands on its own, and what is found for that."""
        asked = draft.question
        language = language_of(asked.text) or asked.language
        written = ""
        messages = rewriting(asked.text, asked.history, language)
        with closing(draft.ask(messages)) as pieces:
            for piece in pieces:
                written += piece
                if len(written) > MOST_THOUGHT:
                    break
        rewritten = written.rpartition("</think>")[2].strip()
        if not rewritten or len(rewritten) > LONGEST_QUESTION or "\n" in rewritten:
            return asked, found
        in_full = replace(asked, text=rewritten, history=())
        better = self._faq.look_up(in_full)
        is_useful = better.passages or better.answer.outcome == "answered"
        return (in_full, better) if is_useful else (asked, found)

    def _write(self, draft: "_Draft", found: Finding) -> Iterator[Sentence]:
        """Yield what may be said of what the model writes."""
        passages = [passage for passage in found.passages if _is_usable(passage)]
        if not passages or passages[0].score < WORTH_ASKING:
            return
        asked = draft.question.text
        language = language_of(asked) or draft.question.language
        evidence, sentences = Evidence(passages), Sentences()
        messages = answering(asked, passages, language)
        try:
            with closing(draft.ask(messages)) as pieces:
                for piece in pieces:
                    for sentence in sentences.add(piece):
                        yield from draft.take(sentence, evidence)
                    if draft.is_enough or draft.n_written > self._most_tokens:
                        return
        except Runaway as error:
            logger.warning("the language model babbles: %s", error)
            return
        if rest := sentences.rest(is_whole=draft.is_whole):
            yield from draft.take(rest, evidence)

    def _settle(self, draft: "_Draft") -> Usage | None:
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


class _Draft:
    """An answer while it is being written.

    Args:
        question: What it answers.
        model: Who writes.
        places: How many may be written to at the same time.
        patience: Of the visitor.
    """

    def __init__(
        self, question: Question, model: "BaseChatModel", places: Places, patience: Patience
    ) -> None:
        self.question = question
        self.text = ""
        self.cited: list[Passage] = []
        self.n_sentences = 0
        self.n_dropped = 0
        self._model = model
        self._places = places
        self._patience = patience
        self._requests: list[Writing] = []
        self._n_pieces = 0
        self._said: set[str] = set()

    def ask(self, messages: list[Message]) -> Generator[str, None, None]:
        """Pieces of what the model writes; its tokens count for this answer.

        Raises:
            ModelError: It writes as much for others as it may, and goes on doing so.
        """
        ticket = self._places.ticket()
        if not ticket.take():
            reason = "as many answers are being written as llm.max_requests allows"
            raise ModelError(reason, is_peculiar=True)
        # The place is free when all is written, which is long before all is spoken.
        self._requests.append(Writing(self._model, messages, over=ticket.give_back))
        self._patience.renew()
        return self._requests[-1].read(self._patience)

    @property
    def is_whole(self) -> bool:
        """The model ended its last text itself."""
        return self._requests[-1].is_whole

    @property
    def is_enough(self) -> bool:
        """No more of it is wanted."""
        return self.n_sentences >= MOST_SENTENCES or self.n_dropped >= MOST_DROPPED

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
        problem = verdict.problem or ("said before" if verdict.text in self._said else "")
        if problem or self.is_enough:
            self.n_dropped += 1
            logger.info("a sentence of the language model was dropped: %s", problem or "too many")
            return
        self._said.add(verdict.text)
        self.n_sentences += 1
        self.cited += (passage for passage in verdict.cited if passage not in self.cited)
        space = " " if self.text and self.text[-1].isascii() else ""
        self.text += space + verdict.text
        for piece in cut(space + verdict.text):
            yield Sentence(self._n_pieces, piece)
            self._n_pieces += 1
        self._patience.renew()


def _is_usable(passage: Passage) -> bool:
    if is_clean(passage.entry):
        return True
    logger.warning(
        "entry %s commands language models instead of informing readers; it is not used: "
        "see that it is removed from the knowledge base",
        passage.entry.faq_id,
    )
    return False
