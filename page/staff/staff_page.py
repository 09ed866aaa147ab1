"""The staff page: signing in, and its sections."""

import html
import logging
import math
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from agent.settings import Settings

from ..i18n.staff_texts import STAFF_PAGE_OFF, staff_text
from ..i18n.visitor_texts import LANGUAGES, Language, visitor_text
from .login import LoginThrottle

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from .services import StaffServices

_PAGE = Path(__file__).parent.parent
_WHO = "staff_who"
_NEW = "staff_is_new"  # just signed in
MAX_NAME_CHARACTERS = 40

logger = logging.getLogger(__name__)


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
    desk = _open_services(settings, language)
    if desk is None:
        return
    if st.session_state.pop(_NEW, False):
        from ingest.messages import verbatim

        with desk.journal(who) as journal:
            journal.note("sign in", "staff page", verbatim(""))
    _sections(desk, who, language)


def enter(
    settings: Settings,
    title: str,
    off: tuple[tuple[str, str], ...],
    on_language: Callable[[], None],
    link: "tuple[StreamlitPage, str] | None" = None,
) -> str:
    """Draw what all pages for staff begin with; returns who signed in, or nobody's name.

    Args:
        settings: Of the deployment.
        title: Of the page.
        off: What to say, and what to do about it, where there is no password.
        on_language: Called when somebody chooses a language.
        link: Another page for staff, and what it is called.
    """
    language: Language = st.session_state.lang
    st.set_page_config(
        page_title=f"{title} · {visitor_text('name', language)}",
        page_icon=str(_PAGE / "icon.png"),
        layout="centered",
        initial_sidebar_state="collapsed",
    )
    st.html(_PAGE / "staff.css")
    if settings.page.staff_password is None:
        for heading, remedy in off:
            st.html(f'<div class="off"><h2>{heading}</h2><p>{html.escape(remedy)}</p></div>')
        return ""
    who: str = st.session_state.get(_WHO, "")
    _header(title, language, who, on_language, link)
    if not who:
        _sign_in(settings.page.staff_password.get_secret_value(), language)
    return who


@st.cache_resource(show_spinner=False)
def _login_throttle() -> LoginThrottle:
    return LoginThrottle()


def _header(
    title: str,
    language: Language,
    who: str,
    on_language: Callable[[], None],
    link: "tuple[StreamlitPage, str] | None",
) -> None:
    with st.container(key="staff-header", horizontal=True, vertical_alignment="center"):
        st.html(
            f'<div class="brand"><h1>{visitor_text("name", language)}</h1>'
            f"<span>{html.escape(title)}</span></div>",
            width="content",
        )
        st.segmented_control(
            visitor_text("language", language),
            options=list(LANGUAGES),
            format_func=lambda tag: LANGUAGES[tag],
            required=True,
            key="lang",
            on_change=on_language,
            label_visibility="collapsed",
        )
        if who:
            if link:
                page, label = link
                st.page_link(page, label=label)
            st.html(f'<span class="who">{html.escape(who)}</span>', width="content")
            st.button(
                staff_text("sign_out", language),
                key="sign-out",
                icon=":material/logout:",
                on_click=st.session_state.clear,
            )


def _sign_in(password: str, language: Language) -> None:
    with st.form("sign-in", enter_to_submit=True):
        name = st.text_input(
            staff_text("name", language),
            max_chars=MAX_NAME_CHARACTERS,
            autocomplete="name",
        )
        given = st.text_input(
            staff_text("password", language), type="password", autocomplete="current-password"
        )
        is_sent = st.form_submit_button(
            staff_text("sign_in", language), type="primary", width="stretch"
        )
    if not is_sent:
        return
    who = " ".join(name.split())
    if not who:
        st.error(staff_text("no_name", language))
        return
    door = _login_throttle()
    pause = math.ceil(door.wait_s)
    if pause:
        st.warning(staff_text("wait", language, seconds=pause))
    elif door.admits(given, password):
        st.session_state[_WHO], st.session_state[_NEW] = who, True
        st.rerun()
    else:
        logger.warning("a wrong password for the staff page")
        st.error(staff_text("wrong", language, seconds=math.ceil(door.wait_s)))


def _open_services(settings: Settings, language: Language) -> "StaffServices | None":
    """The desk of this process, laid at the first sign-in; that takes some seconds."""
    from retrievers import StoreError

    try:
        with st.spinner(staff_text("loading", language)):
            return _services(settings.model_dump_json(), settings)
    except (StoreError, OSError, ValueError) as error:
        from .components import error_reason

        st.error(staff_text("broken", language, reason=error_reason(error, language)))
        return None


@st.cache_resource(show_spinner=False)
def _services(_key: str, _settings: Settings) -> "StaffServices":
    from .services import StaffServices

    return StaffServices(_settings)


def _sections(desk: "StaffServices", who: str, language: Language) -> None:
    from retrievers import StoreError

    from . import add_files, answer_preview, knowledge_base
    from .components import DONE_KEY, StaffContext, error_reason

    visit = StaffContext(desk, who, language)
    if done := st.session_state.pop(DONE_KEY, ""):
        st.toast(done, icon=":material/check_circle:")
    add_files.show_progress(visit)
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
                    draw(visit)
                except (StoreError, OSError, sqlite3.Error) as error:
                    reason = error_reason(error, language)
                    st.error(staff_text("broken", language, reason=reason))
