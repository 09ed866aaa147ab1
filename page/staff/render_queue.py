"""A queue of renderings; each runs as a process of its own, one at a time.

Whoever closes the page or loads it anew interrupts nothing, and what goes wrong in a
rendering, lack of memory included, ends that process and not the page.
"""

import json
import logging
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from agent.settings import ROOT

from .uploads import Upload, safe_name

logger = logging.getLogger(__name__)

MAX_WAITING = 5
MAX_FINISHED = 10  # finished renderings; then the oldest goes

RenderState = Literal["waiting", "running", "done", "failed", "stopped"]


class QueueFull(RuntimeError):
    """Too many renderings are waiting."""


@dataclass(frozen=True, slots=True)
class RenderReport:
    """An error or a remark of the program: see :mod:`page.i18n.render_reports`."""

    code: str
    params: dict[str, object] = field(default_factory=dict)


@dataclass(eq=False)
class RenderJob:
    """One rendering. The queue's thread writes, pages read."""

    who: str
    face: Path
    audio: Path
    options: Sequence[str]
    """Of ``python -m avatar_engine render``."""
    state: RenderState = "waiting"
    stage: str = ""
    """``faces`` or ``pictures``."""
    done: int = 0
    total: int = 0
    stage_began: float = 0.0
    """On the monotonic clock, s."""
    failure: RenderReport = RenderReport("unexpected")
    """Why it failed; ``unexpected`` if the program did not say."""
    notes: list[RenderReport] = field(default_factory=list)
    process: "subprocess.Popen[str] | None" = None
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def out(self) -> Path:
        """The finished video."""
        return self.face.parent / "result.mp4"

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "failed", "stopped")

    def left_s(self) -> float | None:
        """Seconds that the present stage still takes, at the pace so far."""
        if self.state != "running" or not self.done:
            return None
        spent = time.monotonic() - self.stage_began
        return spent / self.done * (self.total - self.done)


class RenderQueue:
    """One for the process: one rendering runs at a time, for it takes all there is.

    Args:
        folder: For what was sent and what is made; what an earlier process left is removed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        self._lock = threading.Condition()
        self._jobs: list[RenderJob] = []
        threading.Thread(target=self._work, name="staff-render", daemon=True).start()

    @property
    def jobs(self) -> list[RenderJob]:
        """All that are known, the newest first."""
        with self._lock:
            return self._jobs[::-1]

    def position(self, job: RenderJob) -> int:
        """How many are before it."""
        with self._lock:
            before = self._jobs[: self._jobs.index(job)] if job in self._jobs else []
            return sum(not other.is_over for other in before)

    def add(self, face: Upload, audio: Upload, options: Sequence[str], who: str) -> RenderJob:
        """Put a rendering at the end.

        Raises:
            QueueFull: Too many are waiting already.
            OSError: The files cannot be written down.
        """
        with self._lock:
            if sum(job.state == "waiting" for job in self._jobs) >= MAX_WAITING:
                raise QueueFull
            folder = self._folder / secrets.token_hex(8)
            folder.mkdir(parents=True)
            # Both may have the same name, or the result's.
            job = RenderJob(
                who,
                folder / f"face-{safe_name(face.name)}",
                folder / f"sound-{safe_name(audio.name)}",
                tuple(options),
            )
            try:
                job.face.write_bytes(face.getbuffer())
                job.audio.write_bytes(audio.getbuffer())
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self._jobs.append(job)
            self._lock.notify()
            return job

    def stop(self, job: RenderJob) -> None:
        """End a rendering that waits or runs."""
        with self._lock:
            if not job.is_over:
                job.state = "stopped"
                if job.process:
                    job.process.terminate()
                self._tidy(job)

    def remove(self, job: RenderJob) -> None:
        """Forget a rendering, and delete its video."""
        self.stop(job)
        with self._lock:
            if job in self._jobs:
                self._jobs.remove(job)
            shutil.rmtree(job.face.parent, ignore_errors=True)

    def _work(self) -> None:
        while True:
            with self._lock:
                waiting = [job for job in self._jobs if job.state == "waiting"]
                if not waiting:
                    self._lock.wait()
                    continue
                job = waiting[0]
                job.state = "running"
            try:
                self._run(job)
            except Exception:  # nobody else would see it, and the next one must go on
                logger.exception("a rendering failed")
                with self._lock:
                    job.state = "failed"
            with self._lock:
                self._tidy(job)
                over = [job for job in self._jobs if job.is_over]
                for old in over[:-MAX_FINISHED]:
                    self._jobs.remove(old)
                    shutil.rmtree(old.face.parent, ignore_errors=True)

    def _run(self, job: RenderJob) -> None:
        said = job.face.parent / "errors.txt"
        command = [sys.executable, "-m", "avatar_engine", "render", "--json", *job.options]
        command += [f"--face={job.face}", f"--audio={job.audio}", f"--out={job.out}"]
        if nice := shutil.which("nice"):  # visitors come first
            command = [nice, "-n", "10", *command]
        with said.open("w", encoding="utf-8") as errors:
            with self._lock:
                if job.is_over:
                    return
                job.process = process = subprocess.Popen(
                    command,
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    encoding="utf-8",
                )
            assert process.stdout is not None
            with process.stdout:
                for line in process.stdout:
                    _apply_progress(job, line)
            code = process.wait()
        with self._lock:
            if job.is_over:
                return
            job.state = "done" if code == 0 and job.out.is_file() else "failed"
            if job.state == "failed" and job.failure.code == "unexpected":
                lines = said.read_text("utf-8", errors="replace").strip().splitlines()
                logger.error("a rendering ended with %d: %s", code, lines[-1:])

    def _tidy(self, job: RenderJob) -> None:
        """What was sent is deleted as soon as it is not needed any more."""
        for path in job.face.parent.glob("*"):
            if path != job.out or job.state != "done":
                path.unlink(missing_ok=True)


def _apply_progress(job: RenderJob, line: str) -> None:
    try:
        told = json.loads(line)
    except ValueError:
        return  # a library that prints
    if not isinstance(told, dict):
        return
    if "stage" in told:
        if told["stage"] != job.stage:
            job.stage, job.stage_began = told["stage"], time.monotonic()
        job.done, job.total = told["done"], told["total"]
    elif "error" in told:
        job.failure = _report(job, told["error"])
        # What a library said of it is there in English alone: the page leaves it out.
        logger.warning("a rendering failed: %s", told["error"]["text"])
    else:
        job.notes = [_report(job, note) for note in told["note_codes"]]


def _report(job: RenderJob, told: Mapping[str, Any]) -> RenderReport:
    """As staff may read it: files by the names that they gave them, others without folders."""
    uploaded = {str(job.face): "face-", str(job.audio): "sound-"}
    params = dict(told["params"])
    if path := params.get("path"):
        params["path"] = Path(path).name.removeprefix(uploaded.get(path, ""))
    return RenderReport(told["code"] or "unexpected", params)
