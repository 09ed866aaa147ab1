"""What every section of the page is drawn from."""

import html
import logging
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import streamlit as st

from agent.build import SAMPLE_ORIGIN
from ingest.messages import IngestError
from retrievers import FaqEntry, StoreBusyError, StoreError

from ..i18n.staff_texts import os_error_reason, staff_text
from ..i18n.visitor_texts import Language
from ..visitor.chat import citation_html, escape_markdown
from .ingest_jobs import STORE_ERRORS
from .services import StaffServices

logger = logging.getLogger(__name__)

DONE_KEY = "staff_done"
"""What was just done, to be said on the page as it is afterwards."""


@dataclass(frozen=True)
class StaffContext:
    """What every section needs to know: the services, who uses them, and in which language."""

    services: StaffServices
    who: str
    language: Language

    def say(self, key: str, **values: object) -> str:
        return staff_text(key, self.language, **values)

    def problem(self, error: Exception) -> str:
        """What went wrong, and what to do."""
        if not isinstance(error, STORE_ERRORS):
            return self.say("unexpected", kind=type(error).__name__)
        if isinstance(error, StoreBusyError):
            return self.say("busy_store")
        return self.say("not_written", reason=escape_markdown(error_reason(error, self.language)))

    def origin(self, entry: FaqEntry) -> str:
        """The file that an entry is from, as people know it."""
        return self.say("sample") if entry.origin == SAMPLE_ORIGIN else entry.origin


def error_reason(error: Exception, language: Language) -> str:
    """Why the store or a file cannot be used, as staff read it.

    Libraries and the operating system speak English: where no text of ours says the same,
    the log does.
    """
    if isinstance(error, IngestError):
        return error.message.text(language)
    if isinstance(error, StoreBusyError):
        return staff_text("reason_busy", language)
    logger.error("the staff page cannot use the store: %s", error)
    if isinstance(error, StoreError):
        return str(error) if language == "en" else staff_text("reason_store", language)
    if isinstance(error, OSError):
        return os_error_reason(error, language)
    if isinstance(error, sqlite3.Error):
        return staff_text("reason_database", language)
    return staff_text("reason_other", language, kind=type(error).__name__)


def facts(*items: str, kind: str = "") -> None:
    """A line of small facts, the first one as a badge of some kind."""
    badge, *rest = (html.escape(item) for item in items)
    st.html(
        f'<p class="facts"><span class="badge {kind}">{badge}</span>'
        + "".join(f"<span>{item}</span>" for item in rest if item)
        + "</p>"
    )


def note(text: str) -> None:
    """A paragraph of explanation."""
    st.html(f'<p class="note">{html.escape(text)}</p>')


def heading(text: str, *rest: str) -> None:
    """The name of a file or a question, and small facts about it."""
    spans = "".join(f"<span>{html.escape(item)}</span>" for item in rest if item)
    st.html(f'<div class="item"><h3>{html.escape(text)}</h3><p>{spans}</p></div>')


def show_citation(entry: FaqEntry, context: StaffContext) -> None:
    """What an entry rests on, as visitors see it."""
    links = entry.links
    if entry.source_title or any(links) or entry.document_number:
        citation = {
            "title": entry.source_title,
            "question": entry.question,
            "url": links.document_url or links.portal_url,
            "portal": links.portal,
            "portal_url": links.portal_url,
            "issuer": entry.department,
            "number": entry.document_number,
            "date": entry.issued or str(entry.year or ""),
            "place": entry.place or entry.region,
            "notice": entry.notice,
        }
        st.html(citation_html(citation, context.language))


def format_time(iso: str) -> str:
    """A time of the journal as people write it."""
    return datetime.fromisoformat(iso).strftime("%Y-%m-%d %H:%M")


def section(text: str) -> None:
    """The name of a part of a section."""
    st.html(f'<h2 class="part">{html.escape(text)}</h2>')


def join_present(items: Iterable[str]) -> str:
    """What of the items there is, side by side."""
    return " · ".join(filter(None, items))


def is_valid(entry: FaqEntry) -> bool:
    """Whether an entry may be given as an answer today."""
    return entry.holds_on(date.today())
