"""What has been done in an output folder, so that a run can go on where one stopped.

``journal.jsonl`` gets a line for every clip that is made or left out and for every
video that is finished. A line that was torn by a power cut is ignored, and its clip
made again.
"""

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .clip_extraction import ClipOutcome


@dataclass(frozen=True, slots=True)
class SourceVideo:
    """A video as it was prepared: other content or other settings make another one."""

    path: str
    sha256: str
    settings: str
    """Digest of the settings."""


@dataclass(slots=True)
class VideoRecord:
    """All that is known of one source."""

    stem: str
    """What the names of its clips begin with."""
    outcomes: dict[str, ClipOutcome] = field(default_factory=dict)
    """By name of the clip."""
    seconds: float | None = None
    """How long it is; None until it is finished."""
    notes: list[str] = field(default_factory=list)
    reason: str = ""
    """Why nothing could be made of it."""

    @property
    def finished(self) -> bool:
        return self.seconds is not None


class PreparationJournal:
    """The journal of an output folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: dict[SourceVideo, VideoRecord] = {}
        self._path = folder / "journal.jsonl"
        if self._path.is_file():
            for line in self._path.read_text("utf-8", errors="replace").splitlines():
                try:
                    self._take(json.loads(line))
                except (ValueError, TypeError, KeyError):
                    continue

    def begin(self, source: SourceVideo) -> VideoRecord:
        """The entry of a source, with what is known; clips of earlier versions of it go."""
        for other in list(self.entries):
            is_same = source.sha256 == other.sha256 or source.path == other.path
            if is_same and other != source:
                self._forget(other)
        if source not in self.entries:
            stem = Path(source.path).stem
            if any(entry.stem == stem for entry in self.entries.values()):
                stem = f"{stem}-{source.sha256[:6]}"
            self.entries[source] = VideoRecord(stem)
        entry = self.entries[source]
        whole = {
            name: outcome
            for name, outcome in entry.outcomes.items()
            if not outcome.kept or (self.folder / name / "clip.json").is_file()
        }
        if len(whole) < len(entry.outcomes):  # somebody removed clips: they are made again
            entry.outcomes, entry.seconds = whole, None
        return entry

    def add(self, source: SourceVideo, outcome: ClipOutcome) -> None:
        """Note a clip."""
        entry = self.entries[source]
        entry.outcomes[outcome.name] = outcome
        self._write({"clip": asdict(outcome)}, source, entry)

    def finish(
        self, source: SourceVideo, seconds: float, notes: list[str], reason: str = ""
    ) -> None:
        """Note that a video is done with."""
        entry = self.entries[source]
        entry.seconds, entry.notes, entry.reason = seconds, notes, reason
        video = {"seconds": seconds, "notes": notes, "reason": reason}
        self._write({"video": video}, source, entry)

    def _forget(self, source: SourceVideo) -> None:
        for outcome in self.entries[source].outcomes.values():
            if outcome.kept:
                shutil.rmtree(self.folder / outcome.name, ignore_errors=True)
        self._write({"forget": True}, source, self.entries[source])
        del self.entries[source]

    def _write(self, record: dict[str, object], source: SourceVideo, entry: VideoRecord) -> None:
        line = json.dumps(
            {**record, "source": asdict(source), "stem": entry.stem}, ensure_ascii=False
        )
        with self._path.open("a", encoding="utf-8") as file:
            file.write("\n" * self._is_torn() + line + "\n")

    def _is_torn(self) -> bool:
        """Whether the last line was never finished."""
        if not self._path.is_file() or not self._path.stat().st_size:
            return False
        with self._path.open("rb") as file:
            file.seek(-1, 2)
            return file.read() != b"\n"

    def _take(self, record: dict[str, object]) -> None:
        source = SourceVideo(**record["source"])  # type: ignore[arg-type]  # TypeError is caught
        if "forget" in record:
            self.entries.pop(source, None)
            return
        entry = self.entries.setdefault(source, VideoRecord(str(record["stem"])))
        if "clip" in record:
            outcome = ClipOutcome(**record["clip"])  # type: ignore[arg-type]
            entry.outcomes[outcome.name] = outcome
        if "video" in record:
            for name, value in record["video"].items():  # type: ignore[attr-defined]
                setattr(entry, name, value)
