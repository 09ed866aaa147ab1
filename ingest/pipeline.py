"""Files become entries of the store, each file whole or not at all."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from retrievers import FaqEntry, FaqStore
from retrievers.pii import EntryPii
from retrievers.store.screened import ScreenedStore

from .content import Content, Document, FoundFile, RefusedFile, UnreadableFile
from .files import find_files
from .journal import HeldEntry, IngestedFile, IngestJournal, QuarantinedEntry, now
from .messages import IngestError, IngestMessage, field_name, message, verbatim
from .metadata import extract_metadata
from .passages import document_passages
from .readers.pool import read_many
from .table_mapping import BadRow, stable_id
from .table_mapping import table_entries as rows_of

FileOutcome = Literal["added", "changed", "unchanged", "failed"]

_BATCH_ENTRIES = 500
"""Entries of small files that are written in one step: the disk makes each step wait."""
_BATCH_FILES = 200
"""Files in one step."""
_READ_SHARE = 0.5
"""The share of the work that is done when a file is read; the rest is finding words and vectors."""


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How far a file is."""

    name: str
    size: int
    """In bytes."""
    share: float
    """What of the work is done, in [0, 1]."""
    n_entries: int = 0
    """How many of its entries have gone to the store."""


ProgressCallback = Callable[[FileProgress], None]
"""Is told each step, in any thread."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
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
    outcome: FileOutcome
    reason: IngestMessage | None = None
    """Why it failed; None if it did not."""
    n_entries: int = 0
    n_passages: int = 0
    """How many of the entries are parts of a document."""
    bad_rows: tuple[BadRow, ...] = ()
    held_back: tuple[tuple[IngestMessage, ...], ...] = ()
    """Why each entry in quarantine is there."""
    warnings: tuple[IngestMessage, ...] = ()
    """What of the file is not in, though it could be read."""


@dataclass(frozen=True, slots=True)
class _PreparedFile:
    """A file on its way into the store."""

    item: FoundFile
    good: tuple[FaqEntry, ...]
    bad: tuple[BadRow, ...]
    held: tuple[HeldEntry, ...]
    warnings: tuple[IngestMessage, ...]


class _EntryOrigins:
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


class IngestionPipeline:
    """Takes files into a store and withdraws them.

    Args:
        store: Where the entries go. Whatever comes in is looked at for personal data; what holds
            some waits in the journal's quarantine until a person releases it.
        journal: Its journal.
    """

    def __init__(self, store: ScreenedStore, journal: IngestJournal) -> None:
        self._store = store
        self._journal = journal

    def add(
        self,
        paths: Sequence[Path],
        reading: ReadOptions | None = None,
        progress: ProgressCallback = lambda step: None,
    ) -> Generator[FileReport, None, None]:
        """Take files, folders and archives in; yields a report of each file that is in.

        A file that is in already as it is costs nothing; one that has changed replaces its own
        entries. Small files are written several in one step. Stopping in between leaves every
        file either in or not.
        """
        reading = reading or ReadOptions()
        settled: list[FileReport] = []
        waiting: list[_PreparedFile] = []
        origins: _EntryOrigins | None = None
        with find_files(paths) as found:
            contents = read_many(
                self._passing_known(found, reading, settled, progress),
                workers=reading.workers,
                ocr=reading.ocr,
                progress=lambda item, share: progress(
                    FileProgress(item.name, item.size, _READ_SHARE * share)
                ),
            )
            for item, content in contents:
                ready = self._prepared(item, content, reading)
                if isinstance(ready, FileReport):
                    settled.append(ready)
                    progress(
                        FileProgress(
                            item.name, item.size if isinstance(item, FoundFile) else 0, 1.0
                        )
                    )
                else:
                    progress(FileProgress(ready.item.name, ready.item.size, _READ_SHARE))
                    waiting.append(ready)
                n_entries = sum(len(file.good) for file in waiting)
                if n_entries >= _BATCH_ENTRIES or len(waiting) >= _BATCH_FILES:
                    origins = origins or _EntryOrigins(self._store)
                    settled += self._written(waiting, reading, origins, progress)
                    waiting = []
                yield from self._drain(settled)
            if waiting:
                origins = origins or _EntryOrigins(self._store)
                settled += self._written(waiting, reading, origins, progress)
            yield from self._drain(settled)

    def remove(self, name: str) -> int:
        """Withdraw a file, or the entry of that id; returns how many entries went.

        Raises:
            IngestError: There is neither.
        """
        gone = self._ids_of(name) or [e.faq_id for e in self._store if e.faq_id == name]
        if not gone and self._journal.file(name) is None:
            raise IngestError("nothing_to_remove", name=name)
        self._store.change((), removed=gone)
        self._journal.forget(name)
        self._journal.note("remove", name, message("n_entries", n=len(gone)))
        return len(gone)

    def release(self, held: QuarantinedEntry) -> None:
        """Let an entry out of quarantine into the store."""
        self._store.change([held.entry], allowed=lambda entry: entry == held.entry)
        self._journal.release(held)
        self._journal.note("release", f"{held.origin} #{held.number}", verbatim(held.entry.faq_id))

    def accept(self, entries: Sequence[FaqEntry], name: str) -> tuple[int, int]:
        """Take in what a person accepted in a review.

        Accepting a question and its answer does not release personal data in it: that waits in
        quarantine like any other.

        Args:
            entries: What was accepted.
            name: The file of the review.

        Returns:
            How many entries went in, and how many are held back.
        """
        good, held = self._screened(entries)
        self._journal.hold_back(name, held)
        self._store.change(good, allowed=self._journal.is_released)
        outcome = message("accepted", n_entries=len(good), n_held=len(held))
        self._journal.note("accept", name, outcome)
        return len(good), len(held)

    def _passing_known(
        self,
        found: Iterable[FoundFile | RefusedFile],
        reading: ReadOptions,
        settled: list[FileReport],
        progress: ProgressCallback,
    ) -> Iterator[FoundFile | RefusedFile]:
        for item in found:
            if isinstance(item, FoundFile) and self._is_known(item, reading):
                settled.append(FileReport(item.name, "unchanged"))
                progress(FileProgress(item.name, item.size, 1.0))
            else:
                yield item

    def _is_known(self, item: FoundFile, reading: ReadOptions) -> bool:
        known = self._journal.file(item.name)
        return known is not None and (known.sha256, known.options) == (item.sha256, reading.key)

    @staticmethod
    def _drain(settled: list[FileReport]) -> Iterator[FileReport]:
        yield from settled
        settled.clear()

    def _prepared(
        self, item: FoundFile | RefusedFile, content: Content | UnreadableFile, reading: ReadOptions
    ) -> _PreparedFile | FileReport:
        """A file as it will be written, or why it cannot be."""
        if isinstance(item, RefusedFile):
            self._journal.note("add", item.name, message("file_failed", reason=item.reason))
            return FileReport(item.name, "failed", item.reason)
        try:
            if isinstance(content, UnreadableFile):
                raise content
            rows = list(_entries(content, item, reading))
        except UnreadableFile as error:
            self._journal.note("add", item.name, message("file_failed", reason=error.message))
            return FileReport(item.name, "failed", error.message)
        good, held = self._screened([row for row in rows if isinstance(row, FaqEntry)])
        return _PreparedFile(
            item,
            tuple(good),
            tuple(row for row in rows if isinstance(row, BadRow)),
            tuple(held),
            content.warnings if isinstance(content, Document) else (),
        )

    def _written(
        self,
        files: Sequence[_PreparedFile],
        reading: ReadOptions,
        origins: _EntryOrigins,
        progress: ProgressCallback,
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
                    None,
                    len(file.good),
                    sum(entry.kind == "passage" for entry in file.good),
                    file.bad,
                    tuple(reasons for _, reasons in file.held),
                    file.warnings,
                )
            )
        self._store.change(
            _with_progress(files, progress),
            removed=sorted(removed),
            allowed=self._journal.is_released,
        )
        for file in files:
            item, n_good, n_bad, n_held = file.item, len(file.good), len(file.bad), len(file.held)
            self._journal.settle(
                IngestedFile(item.name, item.sha256, reading.key, now(), n_good, n_bad, n_held),
                file.held,
            )
            self._journal.note(
                "add",
                item.name,
                message("file_taken_in", n_entries=n_good, n_bad=n_bad, n_held=n_held),
            )
            progress(FileProgress(item.name, item.size, 1.0, n_good))
        return reports

    def _screened(self, entries: Sequence[FaqEntry]) -> tuple[list[FaqEntry], list[HeldEntry]]:
        good, held = self._store.screen(entries, allowed=self._journal.is_released)
        return good, [(entry, tuple(map(_pii_reason, findings))) for entry, findings in held]

    def _ids_of(self, name: str) -> list[str]:
        return [entry.faq_id for entry in self._store if entry.origin == name]


def _pii_reason(found: EntryPii) -> IngestMessage:
    field, kind = field_name(found.field), message(f"pii_{found.kind}")
    return message("personal_data", field=field, kind=kind, shown=found.shown)


def _with_progress(
    files: Sequence[_PreparedFile], progress: ProgressCallback
) -> Iterator[FaqEntry]:
    """The entries of files; as the store takes them, it is told how far each file is."""
    for file in files:
        total = len(file.good)
        for n, entry in enumerate(file.good):
            if n and n % _BATCH_ENTRIES == 0:
                share = _READ_SHARE + (1 - _READ_SHARE) * n / total
                progress(FileProgress(file.item.name, file.item.size, share, n))
            yield entry


def _entries(
    content: Content, item: FoundFile, reading: ReadOptions
) -> Iterator[FaqEntry | BadRow]:
    """The entries of a file.

    Ids that the file gives are kept, and replace what has them. Those that were made from the
    text are the file's own: two files may say the same, and one of them be withdrawn.
    """
    if isinstance(content, Document):
        policy = extract_metadata(content, file=item.name)
        rows: Iterator[FaqEntry | BadRow] = document_passages(
            content, policy, longest=reading.longest
        )
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
