"""The files that are in: looked at, and withdrawn."""

from collections import Counter
from dataclasses import dataclass
from itertools import islice

import streamlit as st

from agent.build import SAMPLE

from .visit import DONE, Visit, heading, moment, note
from .work import EXPECTED_ERRORS

N_SHOWN = 25
N_ENTRIES = 50  # of a file that is looked at


@dataclass(frozen=True)
class _File:
    name: str
    """As the store and the journal know it."""
    title: str
    """As people do."""
    n_entries: int
    facts: tuple[str, ...]


def show(visit: Visit) -> None:
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
    for index, file in enumerate(found[:N_SHOWN]):
        with st.container(
            key=f"file-{index}", border=True, horizontal=True, vertical_alignment="center"
        ):
            heading(file.title, *file.facts)
            if st.button(visit.say("look"), key=f"look-{file.name}"):
                st.dialog(file.title, width="large")(_look)(file, visit)
            if st.button(visit.say("withdraw"), key=f"withdraw-{file.name}"):
                st.dialog(visit.say("withdraw"))(_confirm)(file, visit)
    if len(found) > N_SHOWN:
        note(visit.say("more_found", n=len(found) - N_SHOWN))


def _files(visit: Visit) -> list[_File]:
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
            visit.say("taken_in", when=moment(file.taken_in)),
        )
        files.append(_File(file.name, file.name, n_entries, about))
    if n_sample := counted[SAMPLE]:
        shown = visit.say("n_entries", n=n_sample)
        files.append(_File(SAMPLE, visit.say("sample"), n_sample, (shown,)))
    return files


def _look(file: _File, visit: Visit) -> None:
    entries = list(islice((e for e in visit.desk.store if e.origin == file.name), N_ENTRIES))
    if file.n_entries > N_ENTRIES:
        note(visit.say("first", n=N_ENTRIES))
    st.dataframe(
        {
            visit.say("question"): [entry.question for entry in entries],
            visit.say("answer"): [entry.answer for entry in entries],
        },
        hide_index=True,
    )


def _confirm(file: _File, visit: Visit) -> None:
    st.text(visit.say("withdraw_this", name=file.title, n=file.n_entries))
    if file.name == SAMPLE:
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
    except EXPECTED_ERRORS as error:
        st.error(visit.problem(error))
    else:
        st.session_state[DONE] = visit.say("withdrawn", n=n_gone)
        st.rerun()
