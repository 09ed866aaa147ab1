"""The conversation: what was asked, what was answered, and how both are shown."""

import html
import logging
import re
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import streamlit as st

from ..i18n.visitor_texts import EXAMPLES, LANGUAGE_TAGS, Language, visitor_text
from .client import ServerUnreachable, VisitorClient

logger = logging.getLogger(__name__)

RETRY_INTERVAL = 3.0  # s between two looks whether the server is back

ExchangeState = Literal["open", "done", "superseded", "waiting", "failed"]


@dataclass
class Exchange:
    """One question and its answer."""

    question: str
    language: Language
    state: ExchangeState = "open"
    """``open`` is still to be answered, ``waiting`` is so until the server is back."""
    reply: str = ""
    text: str = ""
    """The answer, or the server's own words about what went wrong."""
    outcome: str = ""
    citations: list[dict[str, Any]] = field(default_factory=list)
    suggestions: list[str] = field(default_factory=list)
    act: str = ""
    """What was said, where it was no question."""
    numbers: list[str] = field(default_factory=list)
    """To be called now."""
    usage: dict[str, Any] | None = None
    """What a language model took for it; None if none was asked."""
    retryable: bool = False
    tried: float = 0.0
    """When the server was last found missing; monotonic seconds."""


@dataclass(frozen=True)
class ChatView:
    """Shows the exchanges of one visitor in one language.

    Args:
        client: Who answers.
        language: Of the page.
        ask: Callback that asks a question.
        restart: Callback that begins a new conversation.
        currency: Of costs.
    """

    client: VisitorClient
    language: Language
    ask: Callable[[str], None]
    restart: Callable[[], None]
    currency: str = ""

    def welcome(self) -> None:
        """The start screen: questions to begin with."""
        st.html(
            f'<div class="welcome"><h2>{html.escape(self._text("welcome"))}</h2>'
            f"<p>{html.escape(self._text('welcome_more'))}</p></div>"
        )
        with st.container(key="examples"):
            for index, (topic, question) in enumerate(EXAMPLES[self.language]):
                st.button(
                    f"**{escape_markdown(topic)}** {escape_markdown(question)}",
                    key=f"example-{self.language}-{index}",
                    width="stretch",
                    on_click=self.ask,
                    args=(question,),
                )

    def show(self, index: int, exchange: Exchange, *, is_last: bool) -> None:
        """Show one exchange, and answer it if it is still open."""
        with (
            st.container(key=f"question-{index}"),
            st.chat_message("user", avatar=":material/person:"),
        ):
            st.text(exchange.question)
        with (
            st.chat_message("assistant", avatar=":material/account_balance:"),
            st.container(key=f"answer-{index}"),
        ):
            if exchange.state == "open":
                self._answer(exchange)
            elif exchange.state != "waiting":
                st.text(exchange.text or self._text("superseded"))
            match exchange.state:
                case "waiting":
                    self._wait(exchange)
                case "failed" if exchange.retryable and is_last:
                    st.button(
                        self._text("retry"),
                        key=f"retry-{index}",
                        icon=":material/refresh:",
                        on_click=_reopen,
                        args=(exchange,),
                    )
                case "done":
                    self._details(index, exchange, is_last=is_last)

    def _answer(self, exchange: Exchange) -> None:
        """Ask the server and write down what it says, as it comes."""
        exchange.reply, exchange.text = uuid.uuid4().hex, ""
        words = st.empty()
        words.text(self._text("asking"))
        messages = self.client.ask(
            exchange.question, reply=exchange.reply, language=LANGUAGE_TAGS[exchange.language]
        )
        try:
            with closing(messages):
                for message in messages:
                    if message:
                        _apply_message(exchange, message)
                    # Also without news: writing is where Streamlit can end this run.
                    words.text(exchange.text or self._text("asking"))
        except ServerUnreachable as error:
            logger.warning("the server cannot be reached: %s", type(error.__cause__).__name__)
            exchange.state, exchange.tried = "waiting", time.monotonic()
            words.empty()
        if exchange.state == "open":  # another window of this session asked something else
            exchange.state = "superseded"
            words.text(exchange.text or self._text("superseded"))

    def _wait(self, exchange: Exchange) -> None:
        @st.fragment(run_every=RETRY_INTERVAL)
        def look() -> None:
            st.text(self._text("unreachable"))
            if time.monotonic() - exchange.tried < RETRY_INTERVAL / 2:
                return
            if self.client.is_answered():
                _reopen(exchange)
                st.rerun()

        look()

    def _details(self, index: int, exchange: Exchange, *, is_last: bool) -> None:
        """What stands under an answer."""
        if exchange.numbers:
            is_urgent = exchange.act == "emergency"
            st.html(call_html(exchange.numbers, self._text("call"), is_urgent=is_urgent))
        is_open = exchange.outcome in ("refused", "suggested")
        if is_open:
            st.html(f'<span class="refused">{html.escape(self._text(exchange.outcome))}</span>')
        for citation in exchange.citations:
            st.html(citation_html(citation, self.language))
        if exchange.usage:
            usage = html.escape(usage_line(exchange.usage, self.currency, self.language))
            st.html(f'<p class="usage">{usage}</p>')
        if exchange.suggestions and is_last:
            key = "did_you_mean" if is_open else "related"
            st.html(f'<p class="hint">{html.escape(self._text(key))}</p>')
            with st.container(key=f"{key}-{index}"):
                for number, question in enumerate(exchange.suggestions[:3]):
                    st.button(
                        escape_markdown(question),
                        key=f"suggestion-{index}-{number}",
                        on_click=self.ask,
                        args=(question,),
                    )
        with st.container(key=f"end-{index}", horizontal=True):
            if exchange.outcome != "greeted" and exchange.reply:
                key = f"rating-{index}"
                st.feedback("thumbs", key=key, on_change=self._rate, args=(exchange, key))
            if is_last:
                st.button(
                    self._text("new_chat"),
                    key="new-chat",
                    type="tertiary",
                    icon=":material/edit_square:",
                    on_click=self.restart,
                )

    def _rate(self, exchange: Exchange, key: str) -> None:
        thumb = st.session_state[key]
        if thumb is None:
            return
        try:
            self.client.rate(exchange.reply, 1 if thumb else -1)
            st.toast(self._text("thanks"))
        except ServerUnreachable:
            st.toast(self._text("not_sent"))

    def _text(self, key: str) -> str:
        return visitor_text(key, self.language)


def _apply_message(exchange: Exchange, message: dict[str, Any]) -> None:
    match message["type"]:
        case "sentence":
            exchange.text += message["text"]
        case "answer":
            exchange.state = "done"
            _apply_answer(exchange, message)
        case "error":
            exchange.state = "failed"
            exchange.text = message["message"]
            exchange.retryable = message["retryable"]


def _apply_answer(exchange: Exchange, answer: dict[str, Any]) -> None:
    for name in ("text", "outcome", "citations", "suggestions", "usage"):
        setattr(exchange, name, answer[name])
    exchange.act = answer.get("act", "")
    exchange.numbers = answer.get("numbers", [])


def exchanges_from_turns(turns: list[dict[str, Any]], language: Language) -> list[Exchange]:
    """Exchanges of an earlier visit, as the server tells them; they can no longer be rated."""
    exchanges = []
    for turn in turns:
        exchange = Exchange(turn["question"], language, "done")
        _apply_answer(exchange, turn["answer"])
        exchanges.append(exchange)
    return exchanges


def usage_line(usage: dict[str, Any], currency: str, language: Language) -> str:
    """What a language model took for an answer, in a line."""
    line = visitor_text(
        "usage", language, read=usage["input_tokens"], written=usage["output_tokens"]
    )
    if usage["is_estimated"]:
        line += visitor_text("estimated", language)
    if usage["cost"] is not None:
        line += visitor_text("cost", language, cost=usage["cost"], currency=currency)
    return line


def _reopen(exchange: Exchange) -> None:
    exchange.state = "open"


def citation_html(citation: dict[str, Any], language: Language) -> str:
    """HTML that names what an answer rests on, and links that say where they lead.

    The title of a document is a link only where the address is the document's own; the portal of
    the body in charge is a link of its own, under its name.
    """
    url, portal_url = citation["url"], citation.get("portal_url", "")
    title = html.escape(citation["title"] or citation["question"])
    if url != portal_url:
        title = _link(url, title)
    date = citation.get("date", "")
    year = date.partition("-")[0]
    if year:
        title += html.escape(visitor_text("source_year", language, year=year))
    portal = visitor_text("portal", language, name=citation.get("portal", ""))
    place = citation.get("place")
    if place == visitor_text("nationwide", "zh"):  # as the store has it
        place = visitor_text("nationwide", language)
    facts = [citation.get("issuer"), citation.get("number"), place]
    if date != year:
        facts.insert(2, date)
    shown = [_link(portal_url, html.escape(portal))] if portal_url else []
    shown += [html.escape(fact) for fact in facts if fact]
    heading = html.escape(visitor_text("source", language))
    notice = citation.get("notice")
    return (
        f'<div class="source"><span><span class="heading">{heading}</span>{title}</span>'
        + "".join(f"<span>{fact}</span>" for fact in shown)
        + (f'<span class="sample">{html.escape(notice)}</span>' if notice else "")
        + "</div>"
    )


def _link(url: str, text: str) -> str:
    """HTML of a link; of the text alone where the address is none of the web."""
    if urlsplit(url).scheme not in ("http", "https"):
        return text
    address = html.escape(url, quote=True)
    return f'<a href="{address}" target="_blank" rel="noopener noreferrer">{text}</a>'


def call_html(numbers: list[str], words: str, *, is_urgent: bool = False) -> str:
    """HTML with a link for each telephone number, which calls it where the device can.

    >>> call_html(["119"], "Call")
    '<p class="call"><a href="tel:119">Call 119</a></p>'
    """
    links = "".join(
        f'<a href="tel:{html.escape(number, quote=True)}">{html.escape(f"{words} {number}")}</a>'
        for number in numbers
    )
    return f'<p class="call{" urgent" if is_urgent else ""}">{links}</p>'


def escape_markdown(words: str) -> str:
    r"""Markdown that shows exactly these words, in one line.

    Streamlit also turns ``:name:`` into pictures and ``->`` into arrows, backslash or not;
    an invisible word joiner keeps such pairs apart.

    >>> escape_markdown("**5** $x$")
    '\\*\\*5\\*\\* \\$x\\$'
    """
    line = " ".join(words.split())
    apart = re.sub(r"(?<=[<>~-])(?=[>=-])|(?<=:)(?=[\w+-])", "\u2060", line)
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", apart)
