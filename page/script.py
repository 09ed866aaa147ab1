"""What Streamlit runs for a session: the visitors' page, a chat with the presenter who speaks.

Staff have ``/staff``, for the knowledge base, and ``/render``, for videos. ``streamlit_app.py``
serves it.
"""

import html
import re
import secrets
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from agent import settings as deployment
from page.i18n.visitor_texts import LANGUAGES, Language, visitor_text
from page.visitor.chat import ChatView, Exchange, exchanges_from_turns
from page.visitor.client import ServerUnreachable, VisitorClient
from page.visitor.player import COOKIE, player

SESSION_ID = re.compile(r"[A-Za-z0-9_-]{22}")
PAGE = Path(__file__).parent

# Streamlit imports these two when it first needs them: that would delay the first answer.
for library in ("pandas", "pyarrow"):
    import_module(library)


@st.cache_resource(show_spinner=False)
def read_settings() -> deployment.Settings:
    """The deployment's settings, read once."""
    return deployment.read_settings()


def main() -> None:
    """Draw the page asked for; Streamlit calls this after everything somebody does there."""
    if "lang" not in st.session_state:
        asked = st.query_params.get("lang")
        st.session_state.lang = asked if asked in LANGUAGES else "zh"
    # What staff's pages import, visitors should not wait for.
    knowledge = st.Page(lambda: staff(videos), title="staff", url_path="staff")
    videos = st.Page(lambda: render(knowledge), title="render", url_path="render")
    pages = [st.Page(visitors, default=True), knowledge, videos]
    st.navigation(pages, position="hidden").run()


def staff(videos: StreamlitPage) -> None:
    """Draw the page of those who look after the knowledge base."""
    from page.staff.staff_page import show_staff_page

    show_staff_page(read_settings(), remember_language, videos)


def render(knowledge: StreamlitPage) -> None:
    """Draw the page on which staff have a face speak."""
    from page.staff.render_page import show_render_page

    show_render_page(read_settings(), remember_language, knowledge)


def visitors() -> None:
    """Draw the chat."""
    settings = read_settings()
    state = st.session_state
    language: Language = state.lang
    if "session" not in state:
        arrive(settings, language)
    st.set_page_config(
        page_title=f"{visitor_text('name', language)} · {visitor_text('subtitle', language)}",
        page_icon=str(PAGE / "icon.png"),
        layout="wide",
        initial_sidebar_state="collapsed",
    )
    st.html(PAGE / "page.css")

    with st.container(key="header", horizontal=True, vertical_alignment="center"):
        st.html(
            f'<div class="brand"><h1>{visitor_text("name", language)}</h1>'
            f"<span>{visitor_text('subtitle', language)}</span></div>"
        )
        st.segmented_control(
            visitor_text("language", language),
            options=list(LANGUAGES),
            format_func=lambda tag: LANGUAGES[tag],
            required=True,
            key="lang",
            on_change=remember_language,
            label_visibility="collapsed",
        )
    with st.container(key="stage"):
        left, right = st.columns([6, 7], gap="medium")
    with left:
        player(settings, state.session, language)
    with right, st.container(key="chat"):
        # Its height is in page.css; given here, it makes the container scroll.
        conversation = st.container(key="conversation", height=480)
        typed = st.chat_input(
            visitor_text("placeholder", language),
            key="question",
            max_chars=settings.server.max_question_chars,
        )
        footer = visitor_text("footer", language, hotline=settings.hotline)
        if hours := settings.memory.keep_hours:
            footer += f" · {visitor_text('kept', language, hours=hours)}"
        st.html(f'<p class="footer">{html.escape(footer)}</p>')
    if typed and typed.strip():
        ask(typed)
    client = VisitorClient(settings.server, state.session)

    def restart() -> None:
        try:
            client.forget()
        except ServerUnreachable:
            if settings.memory.keep_hours:
                st.toast(visitor_text("not_forgotten", language))
                return
        state.history.clear()

    currency = settings.llm.currency if settings.llm else ""
    with conversation:
        converse(ChatView(client, language, ask, restart, currency), state.history)


def arrive(settings: deployment.Settings, language: Language) -> None:
    """Begin a session, or go on with the one that this browser had, where those are kept."""
    state = st.session_state
    state.session, state.history = secrets.token_urlsafe(16), []
    kept = st.context.cookies.get(COOKIE, "")
    if settings.memory.keep_hours and SESSION_ID.fullmatch(kept):
        state.session = kept
        with suppress(ServerUnreachable):
            turns = VisitorClient(settings.server, kept).recall()
            state.history = exchanges_from_turns(turns, language)


def remember_language() -> None:
    """Keep the language in the address, for reloading and for bookmarks."""
    st.query_params["lang"] = st.session_state.lang


def ask(question: str) -> None:
    """Add a question; one that was still being answered is given up."""
    history: list[Exchange] = st.session_state.history
    for exchange in history:
        if exchange.state in ("open", "waiting"):
            exchange.state = "superseded"
    history.append(Exchange(question.strip(), st.session_state.lang))


def converse(chat: ChatView, history: list[Exchange]) -> None:
    """Show the conversation so far, and answer its last question."""
    if not history:
        chat.welcome()
    for index, exchange in enumerate(history):
        chat.show(index, exchange, is_last=exchange is history[-1])


main()
