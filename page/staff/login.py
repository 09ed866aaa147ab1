"""Signing in: what all pages for staff begin with. One password, and pauses after wrong ones."""

import html
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from agent.auth_throttle import AuthThrottle
from agent.client_address import client_address
from agent.settings import Settings

from ..i18n.staff_texts import STAFF_PAGE_SUFFIX, staff_text
from ..i18n.visitor_texts import LANGUAGES, Language, visitor_text
from ..upload_access import UPLOADS, current_session_id

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

logger = logging.getLogger(__name__)

MAX_NAME_CHARACTERS = 40
WHO_KEY = "staff_who"
"""In the session's state: the name of whoever is signed in."""
NEW_KEY = "staff_is_new"
"""In the session's state, until it is noted in the journal: somebody has just signed in."""
_PAGE = Path(__file__).parent.parent


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
    who: str = st.session_state.get(WHO_KEY, "")
    _header(title, language, who, on_language, link)
    if who:
        UPLOADS.grant(current_session_id())
    else:
        _sign_in(settings, settings.page.staff_password.get_secret_value(), language)
    return who


def _sign_out() -> None:
    UPLOADS.revoke(current_session_id())
    st.session_state.clear()


@st.cache_resource(show_spinner=False)
def _login_throttle() -> AuthThrottle:
    return AuthThrottle()


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
                on_click=_sign_out,
            )


def _sign_in(settings: Settings, password: str, language: Language) -> None:
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
    throttle, address = _login_throttle(), _visitor_address(settings)
    if pause := throttle.wait_s(address):
        st.warning(staff_text("wait", language, seconds=pause))
    elif throttle.admits(address, given, password):
        st.session_state[WHO_KEY], st.session_state[NEW_KEY] = who, True
        st.rerun()
    else:
        if given:
            _note_wrong_password(settings, address)
        pause = throttle.wait_s(address)
        st.error(staff_text("wrong_wait" if pause else "wrong", language, seconds=pause))


def _note_wrong_password(settings: Settings, address: str) -> None:
    """Write into log and journal from where it came; not the name: it may be a password."""
    from ingest.journal import IngestJournal
    from ingest.messages import verbatim
    from retrievers import StoreError

    logger.warning("a wrong password for the staff page from %s", address)
    try:
        with IngestJournal(settings.data_dir, who=address + STAFF_PAGE_SUFFIX) as journal:
            journal.note("wrong password", "staff page", verbatim(""))
    except (StoreError, OSError, sqlite3.Error) as error:
        logger.error("the journal cannot be written: %s", error)


def _visitor_address(settings: Settings) -> str:
    """Whose page is being drawn; Streamlit names no address where it is this machine's own."""
    peer = st.context.ip_address or "127.0.0.1"
    forwarded_for = ",".join(st.context.headers.get_all("X-Forwarded-For"))
    return client_address(peer, forwarded_for, settings.server.trusted_proxies)
