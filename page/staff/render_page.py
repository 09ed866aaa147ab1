"""The page for rendering: a form, and the queue of renderings with their progress."""

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from agent.settings import Settings
from zhengwen.assets import asset

from ..i18n.render_reports import render_report
from ..i18n.render_texts import RENDER_PAGE_OFF, render_text
from ..i18n.staff_texts import STAFF_PAGE_SUFFIX, os_error_reason
from ..i18n.visitor_texts import Language
from ..upload_access import UPLOADS, current_session_id
from ..visitor.chat import escape_markdown
from .login import enter
from .render_queue import MAX_FINISHED, QueueFull, RenderJob, RenderQueue
from .uploads import Upload

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

SHIPPED = asset("wav2lip384", "generator.safetensors")
WEIGHTS = (".safetensors", ".pth", ".pt", ".h5")
FACE_MB, AUDIO_MB = 300, 100
FACES = ("mp4", "mov", "m4v", "mkv", "webm", "avi", "jpg", "jpeg", "png", "webp", "bmp")
SOUNDS = ("wav", "mp3", "m4a", "aac", "flac", "ogg", "opus", "mp4", "mov", "mkv", "webm")
REFRESH_INTERVAL_S = 1.0
_ROUND = "render_round"  # counts this session's renderings: each form begins with empty uploaders
_SAID = "render_said"


def show_render_page(
    settings: Settings, on_language: Callable[[], None], other: "StreamlitPage | None" = None
) -> None:
    """Draw the page.

    Args:
        settings: Of the deployment; without a password for staff the page only says so.
        on_language: Called when somebody chooses a language.
        other: The page of the knowledge base.
    """
    language: Language = st.session_state.lang
    title = render_text("title", language)
    link = (other, render_text("knowledge", language)) if other else None
    who = enter(settings, title, RENDER_PAGE_OFF, on_language, link)
    if not who:
        return
    queue = _queue(str(settings.data_dir))
    if said := st.session_state.pop(_SAID, ""):
        st.toast(said, icon=":material/check_circle:")
    st.html(f'<p class="note">{html.escape(render_text("about", language))}</p>')
    weights = _weights(settings.data_dir)
    if weights:
        _form(queue, settings, weights, who, language)
    else:
        folder = escape_markdown(str(settings.data_dir / "checkpoints"))
        st.warning(render_text("no_weights", language, folder=folder))
    if queue.jobs:
        st.html(f'<h2 class="part">{render_text("list", language)}</h2>')
        st.html(f'<p class="note">{render_text("kept", language, n=MAX_FINISHED)}</p>')
        is_busy = not all(job.is_over for job in queue.jobs)
        st.fragment(_jobs, run_every=REFRESH_INTERVAL_S if is_busy else None)(
            queue, language, is_busy
        )


@st.cache_resource(show_spinner=False)
def _queue(data_dir: str) -> RenderQueue:
    return RenderQueue(Path(data_dir).absolute() / "renders")


def _weights(data_dir: Path) -> list[Path]:
    """The shipped generator, if it is there, and what lies in ``checkpoints``."""
    folder = data_dir.absolute() / "checkpoints"
    own = sorted(path for path in folder.glob("*") if path.suffix.lower() in WEIGHTS)
    return [path for path in (SHIPPED, *own) if path.is_file()]


def _form(
    queue: RenderQueue, settings: Settings, weights: list[Path], who: str, language: Language
) -> None:
    choose = json.dumps(render_text("choose", language), ensure_ascii=False)
    st.html(f"<style>:root {{ --zw-choose: {choose}; }}</style>")
    n = st.session_state.get(_ROUND, 0)
    with st.form("render", border=False):
        left, right = st.columns(2)
        face = left.file_uploader(
            render_text("face", language, limit=FACE_MB),
            FACES,
            key=f"face-{n}",
            max_upload_size=FACE_MB,
        )
        audio = right.file_uploader(
            render_text("audio", language, limit=AUDIO_MB),
            SOUNDS,
            key=f"audio-{n}",
            max_upload_size=AUDIO_MB,
        )
        chosen = st.selectbox(
            render_text("weights", language),
            weights,
            format_func=lambda path: (
                render_text("shipped", language) if path == SHIPPED else path.name
            ),
        )
        options = _options(language)
        mark = st.checkbox(render_text("mark", language), value=True)
        consent = st.checkbox(render_text("consent", language), key=f"consent-{n}")
        is_sent = st.form_submit_button(
            render_text("start", language), type="primary", icon=":material/movie:"
        )
    if not is_sent:
        return
    if options is None:
        return
    for given, key in ((face, "no_face"), (audio, "no_audio"), (consent, "no_consent")):
        if not given:
            st.warning(render_text(key, language))
            return
    assert face is not None and audio is not None
    extra = ["--mark"] if mark else []
    _start(
        queue, settings, face, audio, [f"--checkpoint={chosen}", *extra, *options], who, language
    )


def _options(language: Language) -> list[str] | None:
    """The arguments of the command line; None if something cannot be one, which is said."""
    with st.expander(render_text("options", language)):
        fours = {
            name: st.text_input(render_text(name, language), placeholder=example)
            for name, example in (("pads", "0 10 0 0"), ("crop", "0 -1 0 -1"), ("box", ""))
        }
        left, right = st.columns(2)
        factor = left.number_input(render_text("resize_factor", language), 1, 16, 1)
        fps = right.number_input(render_text("fps", language), 1, 60, None)
        switches = [
            f"--{name}" for name in ("nosmooth", "rotate", "static")
            if st.checkbox(render_text(name, language))
        ]  # fmt: skip
    options = [f"--resize-factor={factor}", *switches]
    if fps:
        options.append(f"--fps={fps}")
    for name, text in fours.items():
        numbers = re.findall(r"-?\d+", text)
        if not text.strip():
            continue
        if len(numbers) != 4 or re.sub(r"[-\d\s,，]", "", text):
            st.warning(render_text("not_numbers", language, label=render_text(name, language)))
            return None
        options += [f"--{name}", *numbers]
    return options


def _start(
    queue: RenderQueue,
    settings: Settings,
    face: Upload,
    audio: Upload,
    options: list[str],
    who: str,
    language: Language,
) -> None:
    from ingest.journal import IngestJournal
    from ingest.messages import message

    try:
        queue.add(face, audio, options, who)
    except QueueFull:
        st.warning(render_text("full", language))
        return
    except OSError as error:
        reason = escape_markdown(os_error_reason(error, language))
        st.error(render_text("not_written", language, reason=reason))
        return
    with IngestJournal(settings.data_dir, who=who + STAFF_PAGE_SUFFIX) as journal:
        journal.note("render", f"{face.name} + {audio.name}", message("consent_confirmed"))
    UPLOADS.drop(current_session_id(), [face.file_id, audio.file_id])
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    st.session_state[_SAID] = render_text("queued", language)
    st.rerun()


def _jobs(queue: RenderQueue, language: Language, was_busy: bool) -> None:
    jobs = queue.jobs
    if was_busy and all(job.is_over for job in jobs):
        st.rerun()  # and look no more
    for job in jobs:
        with st.container(key=f"render-{job.id}", border=True):
            _job(queue, job, language)


def _job(queue: RenderQueue, job: RenderJob, language: Language) -> None:
    face, audio = (
        path.name.removeprefix(prefix)
        for path, prefix in ((job.face, "face-"), (job.audio, "sound-"))
    )
    kind = {"done": "added", "failed": "failed"}.get(job.state, "")
    key = job.stage if job.state == "running" and job.stage else job.state
    state = render_text(key, language, n=queue.position(job))
    st.html(
        f'<div class="item"><h3>{html.escape(f"{face} + {audio}")}</h3></div>'
        f'<p class="facts"><span class="badge {kind}">{state}</span>'
        f"<span>{html.escape(job.who)}</span></p>"
    )
    if job.state == "running" and job.stage and job.total:
        text = f"{render_text(job.stage, language)} {job.done}/{job.total}"
        left = job.left_s()
        if left is not None:
            text += " · " + render_text("left", language, time=_clock(left))
        st.progress(min(1.0, job.done / job.total), text)
    failures = [job.failure] if job.state == "failed" else []
    for said in (*failures, *job.notes):
        st.text(render_report(said.code, said.params, language))
    with st.container(horizontal=True):
        if job.state == "done" and job.out.is_file():
            st.download_button(
                render_text("download", language),
                job.out.read_bytes(),
                file_name=f"{Path(face).stem}-{Path(audio).stem}.mp4",
                mime="video/mp4",
                key=f"download-{job.id}",
                icon=":material/download:",
                on_click="ignore",
            )
        name, act = ("remove", queue.remove) if job.is_over else ("stop", queue.stop)
        st.button(render_text(name, language), key=f"{name}-{job.id}", on_click=act, args=(job,))
    if job.state == "done" and job.out.is_file():
        st.video(str(job.out))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
