"""The files that are in: looked at, and withdrawn."""

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


def show_files(visit: StaffContext) -> None:
    """Draw the section."""
    files = _files(visit)
    note(visit.say("total", n=len(visit.desk.store)))
    if not files:
        st.info(visit.say("nothing_in"))
        return
    wanted = st.text_input(
        visit.say("search"),
        key="search-file",
        icon=":material/search:",
        placeholder=visit.say("search"),
        label_visibility="collapsed",
    ).strip()
    found = [file for file in files if wanted.lower() in file.title.lower()]
    if not found:
        st.info(visit.say("none_match"))
    for index, file in enumerate(found[:N_FILES_SHOWN]):
        with st.container(
            key=f"file-{index}", border=True, horizontal=True, vertical_alignment="center"
        ):
            heading(file.title, *file.facts)
            if st.button(visit.say("look"), key=f"look-{file.name}"):
                st.dialog(file.title, width="large")(_show_entries)(file, visit)
            if st.button(visit.say("withdraw"), key=f"withdraw-{file.name}"):
                st.dialog(visit.say("withdraw"))(_confirm_withdrawal)(file, visit)
    if len(found) > N_FILES_SHOWN:
        note(visit.say("more_found", n=len(found) - N_FILES_SHOWN))


def _files(visit: StaffContext) -> list[_IngestedFile]:
    """The latest first, the sample knowledge base last."""
    counted = Counter(entry.origin for entry in visit.desk.store)
    with visit.desk.journal(visit.who) as journal:
        taken_in = sorted(journal.files(), key=lambda file: file.taken_in, reverse=True)
    files = []
    for file in taken_in:
        n_entries = counted[file.name]
        about = (
            visit.say("n_entries", n=n_entries),
            visit.say("n_bad", n=file.bad_rows) if file.bad_rows else "",
            visit.say("n_held", n=file.held_back) if file.held_back else "",
            visit.say("taken_in", when=format_time(file.taken_in)),
        )
        files.append(_IngestedFile(file.name, file.name, n_entries, about))
    if n_sample := counted[SAMPLE_ORIGIN]:
        shown = visit.say("n_entries", n=n_sample)
        files.append(_IngestedFile(SAMPLE_ORIGIN, visit.say("sample"), n_sample, (shown,)))
    return files


def _show_entries(file: _IngestedFile, visit: StaffContext) -> None:
    entries = list(islice((e for e in visit.desk.store if e.origin == file.name), N_ENTRIES_SHOWN))
    if file.n_entries > N_ENTRIES_SHOWN:
        note(visit.say("first", n=N_ENTRIES_SHOWN))
    st.dataframe(
        {
            visit.say("question"): [entry.question for entry in entries],
            visit.say("answer"): [entry.answer for entry in entries],
        },
        hide_index=True,
    )


def _confirm_withdrawal(file: _IngestedFile, visit: StaffContext) -> None:
    st.text(visit.say("withdraw_this", name=file.title, n=file.n_entries))
    if file.name == SAMPLE_ORIGIN:
        note(visit.say("withdraw_sample"))
    with st.container(horizontal=True):
        is_sure = st.button(visit.say("withdraw"), key="withdraw", type="primary")
        if st.button(visit.say("cancel"), key="cancel"):
            st.rerun()
    if not is_sure:
        return
    try:
        with visit.desk.intake(visit.who) as (intake, _):
            n_gone = intake.remove(file.name)
    except STORE_ERRORS as error:
        st.error(visit.problem(error))
    else:
        st.session_state[DONE_KEY] = visit.say("withdrawn", n=n_gone)
        st.rerun()


N_HELD_SHOWN = 20


def show_quarantine(visit: StaffContext) -> None:
    """Draw the section."""
    with visit.desk.journal(visit.who) as journal:
        held = list(journal.quarantine())
    if not held:
        st.info(visit.say("nothing_held"))
        return
    note(visit.say("quarantine_help"))
    problem = st.empty()
    for item in held[:N_HELD_SHOWN]:
        with st.container(key=f"held-{item.number}", border=True):
            _show_held_entry(item, visit)
            if st.button(
                visit.say("release"), key=f"release-{item.number}", icon=":material/task_alt:"
            ):
                try:
                    st.session_state[DONE_KEY] = visit.say(_release(item, visit))
                except STORE_ERRORS as error:
                    problem.error(visit.problem(error))
                else:
                    st.rerun()
    if len(held) > N_HELD_SHOWN:
        note(visit.say("more_held", n=len(held) - N_HELD_SHOWN))


def _show_held_entry(item: QuarantinedEntry, visit: StaffContext) -> None:
    entry = item.entry
    heading(entry.question, item.origin, entry.place, format_time(item.since))
    for why in item.reasons:
        st.badge(
            escape_markdown(why.text(visit.language)),
            color="orange",
            icon=":material/privacy_tip:",
        )
    st.text(entry.answer)
    if entry.wordings:
        st.text(f"{visit.say('wordings')}：{join_present(entry.wordings)}")
    show_citation(entry, visit)


def _release(item: QuarantinedEntry, visit: StaffContext) -> str:
    """Release what is still held back; returns the key of what to say."""
    with visit.desk.intake(visit.who) as (intake, journal):
        if item not in journal.quarantine():
            return "gone"
        intake.release(item)
    return "released"


N_ACTS_SHOWN = 200


def show_audit_log(visit: StaffContext) -> None:
    """Draw the section."""
    with visit.desk.journal(visit.who) as journal:
        acts = journal.audit()[: -N_ACTS_SHOWN - 1 : -1]
    if not acts:
        st.info(visit.say("nothing_done"))
        return
    note(visit.say("latest", n=len(acts)))
    st.dataframe(
        {
            visit.say("when"): [act.at[:19].replace("T", " ") for act in acts],
            visit.say("who"): [actor_text(act.who, visit.language) for act in acts],
            visit.say("action"): [action_text(act.action, visit.language) for act in acts],
            visit.say("subject"): [
                subject_text(act.action, act.subject, visit.language) for act in acts
            ],
            visit.say("outcome"): [act.outcome.text(visit.language) for act in acts],
        },
        hide_index=True,
        height="content" if len(acts) < 15 else 560,
    )
