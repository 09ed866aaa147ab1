"""The sections for files, held-back entries and the audit log."""

from collections import Counter
from dataclasses import dataclass
from itertools import islice

import streamlit as st

from agent.build import SAMPLE_ORIGIN
from ingest.journal import QuarantinedEntry
from ingest.messages import action_text

from ..i18n.staff_texts import actor_text, subject_text
from ..visitor.chat import escape_markdown
from .components import (
    DONE_KEY,
    StaffContext,
    format_time,
    heading,
    join_present,
    note,
    show_citation,
)
from .ingest_jobs import STORE_ERRORS

N_FILES_SHOWN = 25
N_ENTRIES_SHOWN = 50  # of a file that is looked at


@dataclass(frozen=True)
class _IngestedFile:
    name: str
    """As the store and the journal know it."""
    title: str
    """As people do."""
    n_entries: int
    facts: tuple[str, ...]


def show_files(context: StaffContext) -> None:
    """Draw the section."""
    files = _files(context)
    note(context.say("total", n=len(context.services.store)))
    if not files:
        st.info(context.say("nothing_in"))
        return
    wanted = st.text_input(
        context.say("search"),
        key="search-file",
        icon=":material/search:",
        placeholder=context.say("search"),
        label_visibility="collapsed",
    ).strip()
    found = [file for file in files if wanted.lower() in file.title.lower()]
    if not found:
        st.info(context.say("none_match"))
    for index, file in enumerate(found[:N_FILES_SHOWN]):
        with st.container(
            key=f"file-{index}", border=True, horizontal=True, vertical_alignment="center"
        ):
            heading(file.title, *file.facts)
            if st.button(context.say("look"), key=f"look-{file.name}"):
                st.dialog(escape_markdown(file.title), width="large")(_show_entries)(file, context)
            if st.button(context.say("withdraw"), key=f"withdraw-{file.name}"):
                st.dialog(context.say("withdraw"))(_confirm_withdrawal)(file, context)
    if len(found) > N_FILES_SHOWN:
        note(context.say("more_found", n=len(found) - N_FILES_SHOWN))


def _files(context: StaffContext) -> list[_IngestedFile]:
    """The latest first, the sample knowledge base last."""
    counted = Counter(entry.origin for entry in context.services.store)
    with context.services.journal(context.who) as journal:
        taken_in = sorted(journal.files(), key=lambda file: file.taken_in, reverse=True)
    files = []
    for file in taken_in:
        n_entries = counted[file.name]
        about = (
            context.say("n_entries", n=n_entries),
            context.say("n_bad", n=file.bad_rows) if file.bad_rows else "",
            context.say("n_held", n=file.held_back) if file.held_back else "",
            context.say("taken_in", when=format_time(file.taken_in)),
        )
        files.append(_IngestedFile(file.name, file.name, n_entries, about))
    if n_sample := counted[SAMPLE_ORIGIN]:
        shown = context.say("n_entries", n=n_sample)
        files.append(_IngestedFile(SAMPLE_ORIGIN, context.say("sample"), n_sample, (shown,)))
    return files


def _show_entries(file: _IngestedFile, context: StaffContext) -> None:
    of_file = (entry for entry in context.services.store if entry.origin == file.name)
    entries = list(islice(of_file, N_ENTRIES_SHOWN))
    if file.n_entries > N_ENTRIES_SHOWN:
        note(context.say("first", n=N_ENTRIES_SHOWN))
    st.dataframe(
        {
            context.say("question"): [entry.question for entry in entries],
            context.say("answer"): [entry.answer for entry in entries],
        },
        hide_index=True,
    )


def _confirm_withdrawal(file: _IngestedFile, context: StaffContext) -> None:
    st.text(context.say("withdraw_this", name=file.title, n=file.n_entries))
    if file.name == SAMPLE_ORIGIN:
        note(context.say("withdraw_sample"))
    with st.container(horizontal=True):
        is_sure = st.button(context.say("withdraw"), key="withdraw", type="primary")
        if st.button(context.say("cancel"), key="cancel"):
            st.rerun()
    if not is_sure:
        return
    try:
        with context.services.pipeline(context.who) as (pipeline, _):
            n_gone = pipeline.remove(file.name).n_entries
    except STORE_ERRORS as error:
        st.error(context.problem(error))
    else:
        st.session_state[DONE_KEY] = context.say("withdrawn", n=n_gone)
        st.rerun()


N_HELD_SHOWN = 20


def show_quarantine(context: StaffContext) -> None:
    """Draw the section."""
    with context.services.journal(context.who) as journal:
        held = list(journal.quarantine())
    if not held:
        st.info(context.say("nothing_held"))
        return
    note(context.say("quarantine_help"))
    problem = st.empty()
    for item in held[:N_HELD_SHOWN]:
        with st.container(key=f"held-{item.number}", border=True):
            _show_held_entry(item, context)
            if st.button(
                context.say("release"), key=f"release-{item.number}", icon=":material/task_alt:"
            ):
                try:
                    st.session_state[DONE_KEY] = context.say(_release(item, context))
                except STORE_ERRORS as error:
                    problem.error(context.problem(error))
                else:
                    st.rerun()
    if len(held) > N_HELD_SHOWN:
        note(context.say("more_held", n=len(held) - N_HELD_SHOWN))


def _show_held_entry(item: QuarantinedEntry, context: StaffContext) -> None:
    entry = item.entry
    heading(entry.question, item.origin, entry.place, format_time(item.since))
    for why in item.reasons:
        st.badge(
            escape_markdown(why.text(context.language)),
            color="orange",
            icon=":material/privacy_tip:",
        )
    st.text(entry.answer)
    if entry.spoken:
        note(f"{context.say('spoken')}{entry.spoken}")
    if entry.wordings:
        st.text(f"{context.say('wordings')}：{join_present(entry.wordings)}")
    show_citation(entry, context)


def _release(item: QuarantinedEntry, context: StaffContext) -> str:
    """Release what is still held back; returns the key of what to say."""
    with context.services.pipeline(context.who) as (pipeline, journal):
        if item not in journal.quarantine():
            return "gone"
        pipeline.release(item)
    return "released"


N_ACTS_SHOWN = 200


def show_audit_log(context: StaffContext) -> None:
    """Draw the section."""
    with context.services.journal(context.who) as journal:
        acts = journal.audit()[: -N_ACTS_SHOWN - 1 : -1]
    if not acts:
        st.info(context.say("nothing_done"))
        return
    note(context.say("latest", n=len(acts)))
    st.dataframe(
        {
            context.say("when"): [act.at[:19].replace("T", " ") for act in acts],
            context.say("who"): [actor_text(act.who, context.language) for act in acts],
            context.say("action"): [action_text(act.action, context.language) for act in acts],
            context.say("subject"): [
                subject_text(act.action, act.subject, context.language) for act in acts
            ],
            context.say("outcome"): [act.outcome.text(context.language) for act in acts],
        },
        hide_index=True,
        height="content" if len(acts) < 15 else 560,
    )
