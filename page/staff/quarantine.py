"""What is held back, for a person to decide on."""

import streamlit as st

from ingest.journal import HeldBack

from ..chat import plain
from .reasons import in_words
from .visit import DONE, Visit, cite, heading, moment, note, some
from .work import EXPECTED_ERRORS

N_SHOWN = 20


def show(visit: Visit) -> None:
    """Draw the section."""
    with visit.desk.journal(visit.who) as journal:
        held = list(journal.quarantine())
    if not held:
        st.info(visit.say("nothing_held"))
        return
    note(visit.say("quarantine_help"))
    problem = st.empty()
    for item in held[:N_SHOWN]:
        with st.container(key=f"held-{item.number}", border=True):
            _entry(item, visit)
            if st.button(
                visit.say("release"), key=f"release-{item.number}", icon=":material/task_alt:"
            ):
                try:
                    st.session_state[DONE] = visit.say(_release(item, visit))
                except EXPECTED_ERRORS as error:
                    problem.error(visit.problem(error))
                else:
                    st.rerun()
    if len(held) > N_SHOWN:
        note(visit.say("more_held", n=len(held) - N_SHOWN))


def _entry(item: HeldBack, visit: Visit) -> None:
    entry = item.entry
    heading(entry.question, item.origin, entry.place, moment(item.since))
    for why in item.reasons:
        st.badge(
            plain(in_words(why, visit.language)), color="orange", icon=":material/privacy_tip:"
        )
    st.text(entry.answer)
    if entry.wordings:
        st.text(f"{visit.say('wordings')}：{some(entry.wordings)}")
    cite(entry, visit)


def _release(item: HeldBack, visit: Visit) -> str:
    """Release what is still held back; returns the key of what to say."""
    with visit.desk.intake(visit.who) as (intake, journal):
        if item not in journal.quarantine():
            return "gone"
        intake.release(item)
    return "released"
