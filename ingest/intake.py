"""Files become entries of the store, each file whole or not at all."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from retrievers import FaqEntry, FaqStore

from .columns import BadRow, stable_id
from .columns import entries as rows_of
from .content import Content, Document, UnreadableFile
from .files import find
from .journal import HeldBack, Journal, TakenIn, now
from .passages import passages
from .policies import about
from .readers import read_many
from .readers.found import Found, Refused
from .screening import Screen

Outcome = Literal["added", "changed", "unchanged", "failed"]

_AT_ONCE = 500
"""Entries of small files that are written in one step: the disk makes each step wait."""
_MOST_WAITING = 200
"""Files in one step."""
_READ = 0.5
"""The share of the work that is done when a file is read; the rest is finding words and vectors."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far a file is."""

    name: str
    size: int
    """In bytes."""
    share: float
    """What of the work is done, in [0, 1]."""
    n_entries: int = 0
    """How many of its entries have gone to the store."""


Progress = Callable[[Step], None]
"""Is told each step, in any thread."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    """Field of an entry to the heading of its column, where it is not recognised."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Field to the text that rows have which lack it."""
    longest: int = 400
    """Characters of a passage before its article is divided."""
    ocr: bool = False
    workers: int = 2

    @property
    def key(self) -> str:
        """What of it decides what comes out, as text."""
        return json.dumps(
            [dict(self.mapping), dict(self.defaults), self.longest, self.ocr],
            ensure_ascii=False,
            sort_keys=True,
        )


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file."""

    name: str
    outcome: Outcome
    reason: str = ""
    """Why it failed, in one line."""
    n_entries: int = 0
    n_passages: int = 0
    """How many of the entries are parts of a document."""
    bad_rows: tuple[BadRow, ...] = ()
    held_back: tuple[tuple[str, ...], ...] = ()
    """Why each entry in quarantine is there."""
    warnings: tuple[str, ...] = ()
    """What of the file is not in, though it could be read."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A file on its way into the store."""

    item: Found
    good: tuple[FaqEntry, ...]
    bad: tuple[BadRow, ...]
    held: tuple[tuple[FaqEntry, tuple[str, ...]], ...]
    warnings: tuple[str, ...]


class _Origins:
    """Which entries each file has in the store; looked up once and kept up to date."""

    def __init__(self, store: FaqStore) -> None:
        self._origin = {entry.faq_id: entry.origin for entry in store}
        self._ids: defaultdict[str, set[str]] = defaultdict(set)
        for faq_id, origin in self._origin.items():
            self._ids[origin].add(faq_id)

    def replace(self, name: str, kept: set[str]) -> set[str]:
        """Note what a file has now; returns what it had, and may have no more."""
        before = self._ids[name]
        for faq_id in kept:
            if other := self._origin.get(faq_id):
                self._ids[other].discard(faq_id)
            self._origin[faq_id] = name
        self._ids[name] = kept
        return before


class Intake:
    """Takes files into a store and withdraws them.

    Args:
        store: Where the entries go.
        journal: Its journal.
        screen: What looks for personal data.
    """

    def __init__(self, store: FaqStore, journal: Journal, screen: Screen) -> None:
        self._store = store
        self._journal = journal
        self._screen = screen

    def add(
        self,
        paths: Sequence[Path],
        reading: Reading | None = None,
        progress: Progress = lambda step: None,
    ) -> Generator[FileReport, None, None]:
        """Take files, folders and archives in; yields a report of each file that is in.

        A file that is in already as it is costs nothing; one that has changed replaces its own
        entries. Small files are written several in one step. Stopping in between leaves every
        file either in or not.
        """
        reading = reading or Reading()
        settled: list[FileReport] = []
        waiting: list[_Ready] = []
        origins: _Origins | None = None
        with find(paths) as found:
            contents = read_many(
                self._passing_known(found, reading, settled, progress),
                workers=reading.workers,
                ocr=reading.ocr,
                progress=lambda item, share: progress(Step(item.name, item.size, _READ * share)),
            )
            for item, content in contents:
                ready = self._prepared(item, content, reading)
                if isinstance(ready, FileReport):
                    settled.append(ready)
                    progress(Step(item.name, item.size if isinstance(item, Found) else 0, 1.0))
                else:
                    progress(Step(ready.item.name, ready.item.size, _READ))
                    waiting.append(ready)
                n_entries = sum(len(file.good) for file in waiting)
                if n_entries >= _AT_ONCE or len(waiting) >= _MOST_WAITING:
                    origins = origins or _Origins(self._store)
                    settled += self._written(waiting, reading, origins, progress)
                    waiting = []
                yield from self._drain(settled)
            if waiting:
                origins = origins or _Origins(self._store)
                settled += self._written(waiting, reading, origins, progress)
            yield from self._drain(settled)

    def remove(self, name: str) -> int:
        """Withdraw a file, or the entry of that id; returns how many entries went.

        Raises:
            ValueError: There is neither.
        """
        gone = self._ids_of(name) or [e.faq_id for e in self._store if e.faq_id == name]
        if not gone and self._journal.file(name) is None:
            raise ValueError(f"{name!r} is neither a file that is in nor an entry; see 'list'")
        self._store.change((), removed=gone)
        self._journal.forget(name)
        self._journal.note("remove", name, f"{len(gone)} entries")
        return len(gone)

    def release(self, held: HeldBack) -> None:
        """Let an entry out of quarantine into the store."""
        self._store.change([held.entry])
        self._journal.release(held)
        self._journal.note("release", f"{held.origin} #{held.number}", held.entry.faq_id)

    def accept(self, entries: Sequence[FaqEntry], name: str) -> int:
        """Take in what a person accepted in a review; returns how many entries."""
        self._store.change(entries)
        self._journal.note("accept", name, f"{len(entries)} entries")
        return len(entries)

    def _passing_known(
        self,
        found: Iterable[Found | Refused],
        reading: Reading,
        settled: list[FileReport],
        progress: Progress,
    ) -> Iterator[Found | Refused]:
        for item in found:
            if isinstance(item, Found) and self._is_known(item, reading):
                settled.append(FileReport(item.name, "unchanged"))
                progress(Step(item.name, item.size, 1.0))
            else:
                yield item

    def _is_known(self, item: Found, reading: Reading) -> bool:
        known = self._journal.file(item.name)
        return known is not None and (known.sha256, known.options) == (item.sha256, reading.key)

    @staticmethod
    def _drain(settled: list[FileReport]) -> Iterator[FileReport]:
        yield from settled
        settled.clear()

    def _prepared(
        self, item: Found | Refused, content: Content | UnreadableFile, reading: Reading
    ) -> _Ready | FileReport:
        """A file as it will be written, or why it cannot be."""
        if isinstance(item, Refused):
            self._journal.note("add", item.name, f"failed: {item.reason}")
            return FileReport(item.name, "failed", item.reason)
        try:
            if isinstance(content, UnreadableFile):
                raise content
            rows = list(_entries(content, item, reading))
        except UnreadableFile as error:
            reason = str(error).removeprefix(f"{item.name}: ")
            self._journal.note("add", item.name, f"failed: {reason}")
            return FileReport(item.name, "failed", reason)
        good, held = self._screened([row for row in rows if isinstance(row, FaqEntry)])
        return _Ready(
            item,
            tuple(good),
            tuple(row for row in rows if isinstance(row, BadRow)),
            tuple(held),
            content.warnings if isinstance(content, Document) else (),
        )

    def _written(
        self, files: Sequence[_Ready], reading: Reading, origins: _Origins, progress: Progress
    ) -> list[FileReport]:
        """Write files into the store, all of them in one step."""
        removed: set[str] = set()
        reports: list[FileReport] = []
        for file in files:
            kept = {entry.faq_id for entry in file.good}
            before = origins.replace(file.item.name, kept)
            removed = (removed - kept) | (before - kept)
            reports.append(
                FileReport(
                    file.item.name,
                    "changed" if before else "added",
                    "",
                    len(file.good),
                    sum(entry.kind == "passage" for entry in file.good),
                    file.bad,
                    tuple(reasons for _, reasons in file.held),
                    file.warnings,
                )
            )
        self._store.change(_counted(files, progress), removed=sorted(removed))
        for file in files:
            item, n_good, n_bad, n_held = file.item, len(file.good), len(file.bad), len(file.held)
            self._journal.settle(
                TakenIn(item.name, item.sha256, reading.key, now(), n_good, n_bad, n_held),
                file.held,
            )
            self._journal.note(
                "add", item.name, f"{n_good} entries, {n_bad} bad rows, {n_held} held back"
            )
            progress(Step(item.name, item.size, 1.0, n_good))
        return reports

    def _screened(
        self, entries: Sequence[FaqEntry]
    ) -> tuple[list[FaqEntry], list[tuple[FaqEntry, tuple[str, ...]]]]:
        good, held = [], []
        for entry in entries:
            reasons = self._screen.screen_entry(entry)
            if reasons and not self._journal.is_released(entry):
                held.append((entry, reasons))
            else:
                good.append(entry)
        return good, held

    def _ids_of(self, name: str) -> list[str]:
        return [entry.faq_id for entry in self._store if entry.origin == name]


def _counted(files: Sequence[_Ready], progress: Progress) -> Iterator[FaqEntry]:
    """The entries of files; as the store takes them, it is told how far each file is."""
    for file in files:
        total = len(file.good)
        for n, entry in enumerate(file.good):
            if n and n % _AT_ONCE == 0:
                share = _READ + (1 - _READ) * n / total
                progress(Step(file.item.name, file.item.size, share, n))
            yield entry


def _entries(content: Content, item: Found, reading: Reading) -> Iterator[FaqEntry | BadRow]:
    """The entries of a file.

    Ids that the file gives are kept, and replace what has them. Those that were made from the
    text are the file's own: two files may say the same, and one of them be withdrawn.
    """
    if isinstance(content, Document):
        policy = about(content, file=item.name)
        rows: Iterator[FaqEntry | BadRow] = passages(content, policy, longest=reading.longest)
    else:
        rows = rows_of(content, file=item.name, mapping=reading.mapping, defaults=reading.defaults)
    mark = hashlib.sha256(item.name.encode()).hexdigest()[:8]
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        made = row.kind == "passage" or row.faq_id == stable_id(row.question, row.region)
        faq_id = f"{row.faq_id}@{mark}" if made else row.faq_id
        yield replace(row, faq_id=faq_id, origin=item.name)
