"""The presenter's player: mounts ``player.js`` in the page."""

from pathlib import Path

import streamlit as st

from agent.settings import Settings

from ..i18n.visitor_texts import LANGUAGE_TAGS, Language, player_texts

COOKIE = "zhengwen_session"
"""Holds the session's id in the browser, where the settings keep conversations."""
_HERE = Path(__file__).parent

# Streamlit rebuilds the player, and cuts its connection, when these strings change: they are
# read once, and everything that differs between visitors goes through ``data``.
_mount = st.components.v2.component(
    "zhengwen_player",
    html=(_HERE / "player.html").read_text("utf-8"),
    css=(_HERE / "player.css").read_text("utf-8"),
    js=(_HERE / "player.js").read_text("utf-8"),
)


@st.fragment
def player(settings: Settings, session: str, language: Language) -> None:
    """Show the presenter and connect it to the server with the visitor's session id."""
    _mount(
        key="player",
        data={
            "server_url": settings.page.server_url,
            "port": settings.server.port,
            "session": session,
            "cookie": COOKIE,
            "keep_seconds": round(settings.memory.keep_hours * 3600),
            "token": settings.server.token,
            "language": LANGUAGE_TAGS[language],
            "texts": player_texts(language),
        },
    )
