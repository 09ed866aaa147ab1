"""The staff page and its sections."""

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from agent.settings import Settings

from ..i18n.staff_texts import STAFF_PAGE_OFF, staff_text
from ..i18n.visitor_texts import Language
from ..visitor.chat import escape_markdown
from .login import NEW_KEY, enter

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from .services import StaffServices


def show_staff_page(
    settings: Settings, on_language: Callable[[], None], other: "StreamlitPage | None" = None
) -> None:
    """Draw the page.

    Args:
        settings: Of the deployment; without a password for staff the page only says so.
        on_language: Called when somebody chooses a language.
        other: The page on which videos are made.
    """
    language: Language = st.session_state.lang
    link = (other, staff_text("videos", language)) if other else None
    who = enter(settings, staff_text("title", language), STAFF_PAGE_OFF, on_language, link)
    if not who:
        return
    services = _open_services(settings, language)
    if services is None:
        return
    if st.session_state.pop(NEW_KEY, False):
        from ingest.messages import verbatim

        with services.journal(who) as journal:
            journal.note("sign in", "staff page", verbatim(""))
    _sections(services, who, language)


def _open_services(settings: Settings, language: Language) -> "StaffServices | None":
    """The services of this process, opened at the first sign-in, which takes some seconds."""
    from retrievers import StoreError

    try:
        with st.spinner(staff_text("loading", language)):
            return _services(settings.model_dump_json(), settings)
    except (StoreError, OSError, ValueError) as error:
        from .components import error_reason

        reason = escape_markdown(error_reason(error, language))
        st.error(staff_text("broken", language, reason=reason))
        return None


@st.cache_resource(show_spinner=False)
def _services(_key: str, _settings: Settings) -> "StaffServices":
    from .services import StaffServices

    return StaffServices(_settings)


def _sections(services: "StaffServices", who: str, language: Language) -> None:
    from retrievers import StoreError

    from . import add_files, answer_preview, knowledge_base
    from .components import DONE_KEY, StaffContext, error_reason

    context = StaffContext(services, who, language)
    if done := st.session_state.pop(DONE_KEY, ""):
        st.toast(done, icon=":material/check_circle:")
    add_files.show_progress(context)
    sections = {
        "add": add_files.show_add_files,
        "quarantine": knowledge_base.show_quarantine,
        "files": knowledge_base.show_files,
        "try": answer_preview.show_answer_preview,
        "audit": knowledge_base.show_audit_log,
    }
    tabs = st.tabs(
        [staff_text(key, language) for key in sections], key="section", on_change="rerun"
    )
    for tab, draw in zip(tabs, sections.values(), strict=True):
        if tab.open:
            with tab:
                try:
                    draw(context)
                except (StoreError, OSError, sqlite3.Error) as error:
                    reason = escape_markdown(error_reason(error, language))
                    st.error(staff_text("broken", language, reason=reason))
