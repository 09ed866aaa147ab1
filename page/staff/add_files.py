"""The section for adding files: the upload, its progress, and a report of each file."""

import json
from collections.abc import Sequence

import streamlit as st

from ingest.pipeline import FileReport, ReadOptions
from ingest.table_mapping import BadRow

from ..upload_access import UPLOADS, current_session_id
from ..visitor.chat import escape_markdown
from .components import DONE_KEY, StaffContext, facts, heading, join_present, note, section
from .ingest_jobs import IngestJob
from .uploads import Upload, same_names

REFRESH_INTERVAL_S = 1.0
MAX_FILE_MB = 50  # what is bigger goes in with python -m ingest
N_LINES = 5  # files named at a time, and entries held back of each
N_SHOWN = 100  # files of one upload shown one by one
_ROUND = "staff_round"  # counts this session's uploads: each begins with an empty uploader


def show_progress(context: StaffContext) -> None:
    """How far the present upload is; stands above every section."""
    if context.services.jobs.is_running:
        st.fragment(_follow, run_every=REFRESH_INTERVAL_S)(context)


def _follow(context: StaffContext) -> None:
    job = context.services.jobs.job
    if job is None or not job.is_running:
        st.session_state[DONE_KEY] = context.say("finished")
        st.rerun()
        return
    steps = list(job.steps.values())
    at = [step for step in steps if step.share < 1]
    with st.container(key="running", border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            key = "stopping" if job.is_stopped else "running"
            st.text(context.say(key, who=job.who, n=len(steps) - len(at)), width="stretch")
            st.button(context.say("stop"), key="stop", disabled=job.is_stopped, on_click=job.stop)
        st.text("\n".join(f"{step.name} · {step.share:.0%}" for step in at[:N_LINES]))


def show_add_files(context: StaffContext) -> None:
    """Draw the section."""
    note(context.say("drop_help"))
    choose = json.dumps(context.say("choose"), ensure_ascii=False)
    st.html(f"<style>:root {{ --zw-choose: {choose}; }}</style>")
    with st.form("drop", border=False):
        uploads = st.file_uploader(
            context.say("drop", limit=MAX_FILE_MB),
            accept_multiple_files=True,
            max_upload_size=MAX_FILE_MB,
            key=f"files-{st.session_state.get(_ROUND, 0)}",
        )
        with st.expander(context.say("how")):
            left, right = st.columns(2)
            question = left.text_input(context.say("question_column"))
            answer = right.text_input(context.say("answer_column"))
            field = left.text_input(context.say("default_field"))
            region = right.text_input(context.say("default_region"))
            ocr = st.checkbox(context.say("ocr"))
        replace = st.checkbox(context.say("replace"), key="replace")
        is_sent = st.form_submit_button(
            context.say("take_in"), type="primary", icon=":material/upload:"
        )
    if is_sent:
        options = ReadOptions(
            mapping=_given(question=question, answer=answer),
            defaults=_given(field=field, region=region),
            ocr=ocr,
            replace=replace,
        )
        _start(uploads, options, context)
    job = context.services.jobs.job
    if job is not None and not job.is_running:
        _outcome(job, context)


def _given(**texts: str) -> dict[str, str]:
    return {key: text.strip() for key, text in texts.items() if text.strip()}


def _start(uploads: Sequence[Upload], options: ReadOptions, context: StaffContext) -> None:
    services = context.services
    if not uploads:
        st.warning(context.say("nothing_dropped"))
        return
    if same := same_names(upload.name for upload in uploads):
        names = escape_markdown(", ".join(same))
        st.warning(context.say("same_name", names=names))
        return
    try:
        job = services.jobs.start(
            uploads,
            context.who,
            lambda paths, progress: services.ingest(paths, options, context.who, progress),
        )
    except OSError as error:
        st.error(context.problem(error))
        return
    if job is None:
        who = escape_markdown(services.jobs.job.who if services.jobs.job else "")
        st.warning(context.say("busy", who=who))
        return
    UPLOADS.drop(current_session_id(), [upload.file_id for upload in uploads])
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    st.rerun()


def _outcome(job: IngestJob, context: StaffContext) -> None:
    section(context.say("last", who=job.who))
    if job.error:
        st.error(f"{context.problem(job.error)}\n\n{context.say('ended')}")
    elif job.is_stopped:
        st.warning(f"{context.say('interrupted')} {context.say('ended')}")
    elif not job.reports:
        st.warning(context.say("none_found"))
    reports = sorted(job.reports, key=_needs_attention, reverse=True)
    for index, report in enumerate(reports[:N_SHOWN]):
        _report(index, report, context)
    if len(reports) > N_SHOWN:
        note(context.say("more_files", n=len(reports) - N_SHOWN))


def _needs_attention(report: FileReport) -> int:
    return 2 if report.outcome == "failed" else 1 if report.bad_rows or report.held_back else 0


def _report(index: int, report: FileReport, context: StaffContext) -> None:
    with st.container(key=f"report-{index}", border=True):
        heading(report.name)
        facts(context.say(report.outcome), *_counts(report, context), kind=report.outcome)
        if report.reason:
            st.text(report.reason.text(context.language))
        for warning in report.warnings:
            st.text(warning.text(context.language))
        for said in report.replaced[:N_LINES]:
            st.text(said.text(context.language))
        if report.bad_rows:
            _bad_rows(report.bad_rows, context)
        for reasons in report.held_back[:N_LINES]:
            st.text(join_present(why.text(context.language) for why in reasons))
        if report.held_back:
            note(context.say("see_quarantine"))


def _bad_rows(rows: Sequence[BadRow], context: StaffContext) -> None:
    columns: dict[str, list[str]] = {
        context.say("row"): [str(row.row) for row in rows],
        context.say("reason"): [row.reason.text(context.language) for row in rows],
    }
    if any(row.table for row in rows):
        columns = {context.say("sheet"): [row.table for row in rows], **columns}
    st.dataframe(
        columns,
        hide_index=True,
        column_config={
            context.say("row"): st.column_config.TextColumn(width=70),
            context.say("reason"): st.column_config.TextColumn(width="large"),
        },
    )


def _counts(report: FileReport, context: StaffContext) -> list[str]:
    counts = {
        "n_entries": report.n_entries,
        "n_passages": report.n_passages,
        "n_bad": len(report.bad_rows),
        "n_held": len(report.held_back),
    }
    return [context.say(key, n=n) for key, n in counts.items() if n]
