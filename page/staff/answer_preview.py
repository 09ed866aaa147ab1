"""A question is tried: what visitors would be told, and why."""

import html

import streamlit as st

from agent.service_texts import conflict_text
from retrievers import Passage

from .components import StaffContext, facts, is_valid, join_present, note, section, show_citation


def show_answer_preview(context: StaffContext) -> None:
    """Draw the section."""
    settings = context.services.settings
    note(context.say("try_help"))
    with st.form("try", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        asked = st.text_input(
            context.say("question"),
            max_chars=settings.server.max_question_chars,
            label_visibility="collapsed",
            placeholder=context.say("question"),
        ).strip()
        is_sent = st.form_submit_button(context.say("try_it"), type="primary")
    if not (is_sent and asked):
        return
    with st.spinner(context.say("answering")):
        answer = context.services.answer(asked)
    with st.container(key="tried", border=True):
        score = context.say("score", score=f"{answer.score:.2f}") if answer.score else ""
        facts(context.say(answer.outcome), score, kind=answer.outcome)
        if answer.read_as:
            note(context.say("read_as", question=answer.read_as))
        st.text(answer.text)
        if answer.spoken:
            note(f"{context.say('spoken')}{answer.spoken}")
        if answer.usage and settings.llm:
            key = "model_unused" if answer.is_verbatim else "written_by"
            note(context.say(key, model=settings.llm.model))
        for passage in answer.citations:
            note(join_present((context.origin(passage.entry), passage.entry.question)))
            show_citation(passage.entry, context)
    note(context.say("bounds", answer=settings.answer_from, suggest=settings.suggest_from))
    if answer.outcome == "greeted":
        return
    section(context.say("candidates"))
    candidates = context.services.candidates(asked)
    if not candidates:
        note(context.say("no_candidates"))
    for passage in candidates:
        _candidate(passage, context)


def _candidate(passage: Passage, context: StaffContext) -> None:
    entry = passage.entry
    conflict = conflict_text(passage.conflict, context.language) if passage.conflict else ""
    about = join_present(
        (
            context.origin(entry),
            entry.field,
            entry.region,
            entry.place,
            "" if is_valid(entry) else context.say("expired"),
        )
    )
    st.html(
        f'<div class="candidate"><span class="score">{passage.score:.2f}</span><div>'
        f"<h3>{html.escape(entry.question)}</h3><p>{html.escape(about)}</p>"
        + (f'<p class="conflict">{html.escape(conflict)}</p>' if conflict else "")
        + f'<p class="answer">{html.escape(entry.answer)}</p></div></div>'
    )
