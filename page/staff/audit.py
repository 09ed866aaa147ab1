"""Who did what when."""

import streamlit as st

from .reasons import in_words
from .visit import Visit, note

N_SHOWN = 200


def show(visit: Visit) -> None:
    """Draw the section."""
    with visit.desk.journal(visit.who) as journal:
        acts = journal.audit()[: -N_SHOWN - 1 : -1]
    if not acts:
        st.info(visit.say("nothing_done"))
        return
    note(visit.say("latest", n=len(acts)))
    st.dataframe(
        {
            visit.say("when"): [act.at[:19].replace("T", " ") for act in acts],
            visit.say("who"): [act.who for act in acts],
            visit.say("action"): [in_words(act.action, visit.language) for act in acts],
            visit.say("subject"): [act.subject for act in acts],
            visit.say("outcome"): [in_words(act.outcome, visit.language) for act in acts],
        },
        hide_index=True,
        height="content" if len(acts) < 15 else 560,
    )
