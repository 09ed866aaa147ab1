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

from ..texts import LANGUAGES, Language, text
from .door import Door
from .texts import OFF, say

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from .desk import Desk

_PAGE = Path(__file__).parent.parent
_WHO = "staff_who"
_NEW = "staff_is_new"  # just signed in
LONGEST_NAME = 40

logger = logging.getLogger(__name__)


def show(
    settings: Settings, on_language: Callable[[], None], other: "StreamlitPage | None" = None
) -> None:
    """Draw the page.

    Args:
        settings: Of the deployment; without a password for staff the page only says so.
        on_language: Called when somebody chooses a language.
        other: The page on which videos are made.
    """
    language: Language = st.session_state.lang
    link = (other, say("videos", language)) if other else None
    who = enter(settings, say("title", language), OFF, on_language, link)
    if not who:
        return
    desk = _open(settings, language)
    if desk is None:
        return
    if st.session_state.pop(_NEW, False):
        with desk.journal(who) as journal:
            journal.note("sign in", "staff page", "")
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
        page_title=f"{title} · {text('name', language)}",
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
def _door() -> Door:
    return Door()


def _header(
    title: str,
    language: Language,
    who: str,
    on_language: Callable[[], None],
    link: "tuple[StreamlitPage, str] | None",
) -> None:
    with st.container(key="staff-header", horizontal=True, vertical_alignment="center"):
        st.html(
            f'<div class="brand"><h1>{text("name", language)}</h1>'
            f"<span>{html.escape(title)}</span></div>",
            width="content",
        )
        st.segmented_control(
            text("language", language),
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
                say("sign_out", language),
                key="sign-out",
                icon=":material/logout:",
                on_click=st.session_state.clear,
            )


def _sign_in(password: str, language: Language) -> None:
    with st.form("sign-in", enter_to_submit=True):
        name = st.text_input(
            say("name", language),
            max_chars=LONGEST_NAME,
            autocomplete="name",
        )
        given = st.text_input(
            say("password", language), type="password", autocomplete="current-password"
        )
        is_sent = st.form_submit_button(say("sign_in", language), type="primary", width="stretch")
    if not is_sent:
        return
    who = " ".join(name.split())
    if not who:
        st.error(say("no_name", language))
        return
    door = _door()
    pause = math.ceil(door.wait_s)
    if pause:
        st.warning(say("wait", language, seconds=pause))
    elif door.admits(given, password):
        st.session_state[_WHO], st.session_state[_NEW] = who, True
        st.rerun()
    else:
        logger.warning("a wrong password for the staff page")
        st.error(say("wrong", language, seconds=math.ceil(door.wait_s)))


def _open(settings: Settings, language: Language) -> "Desk | None":
    """The desk of this process, laid at the first sign-in; that takes some seconds."""
    from retrievers import StoreError

    try:
        with st.spinner(say("loading", language)):
            return _desk(settings.model_dump_json(), settings)
    except (StoreError, OSError, ValueError) as error:
        st.error(say("broken", language, reason=error))
        return None


@st.cache_resource(show_spinner=False)
def _desk(_key: str, _settings: Settings) -> "Desk":
    from .desk import Desk

    return Desk(_settings)


def _sections(desk: "Desk", who: str, language: Language) -> None:
    from retrievers import StoreError

    from . import adding, audit, documents, quarantine, trying
    from .visit import DONE, Visit

    visit = Visit(desk, who, language)
    if done := st.session_state.pop(DONE, ""):
        st.toast(done, icon=":material/check_circle:")
    adding.banner(visit)
    sections = {
        "add": adding.show,
        "quarantine": quarantine.show,
        "files": documents.show,
        "try": trying.show,
        "audit": audit.show,
    }
    tabs = st.tabs([say(key, language) for key in sections], key="section", on_change="rerun")
    for tab, draw in zip(tabs, sections.values(), strict=True):
        if tab.open:
            with tab:
                try:
                    draw(visit)
                except (StoreError, OSError, sqlite3.Error) as error:
                    st.error(say("broken", language, reason=error))
