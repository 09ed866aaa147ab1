"""Files become entries of the store, each file whole or not at all."""

import hashlib
import itertools
import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

from retrievers import FaqEntry
from retrievers.pii import EntryPii
from retrievers.store.screened import ScreenedStore

from .content import Content, Document, FoundFile, RefusedFile, UnreadableFile
from .files import find_files
from .journal import HeldEntry, IngestedFile, IngestJournal, QuarantinedEntry, now
from .messages import IngestError, IngestMessage, field_name, message, verbatim
from .metadata import extract_metadata
from .ownership import EntryOwnership, OwnershipPlan, owner_name
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
    replace: bool = False
    """Whether rows may take the place of other files' entries with the same id."""

    @property
    def key(self) -> str:
        """What of it decides what comes out, as text."""
        replaces = ["replace"] if self.replace else []
        return json.dumps(
            [dict(self.mapping), dict(self.defaults), self.longest, self.ocr, *replaces],
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
    replaced: tuple[IngestMessage, ...] = ()
    """Whose entries its own took the place of."""


@dataclass(frozen=True, slots=True)
class _PreparedFile:
    """A file on its way into the store."""

    item: FoundFile
    good: tuple[FaqEntry, ...]
    bad: tuple[BadRow, ...]
    held: tuple[HeldEntry, ...]
    warnings: tuple[IngestMessage, ...]
    places: Mapping[str, tuple[str, int]]
    """Table and row of each entry that has one, by its id."""


class Withdrawal(NamedTuple):
    """What became of a file, or an entry, that was withdrawn."""

    n_entries: int
    restored: tuple[FaqEntry, ...]
    """Entries of other files, which those withdrawn had replaced, and which are back."""


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
        owners: EntryOwnership | None = None
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
                    owners = owners or EntryOwnership(self._store, self._journal)
                    settled += self._written(waiting, reading, owners, progress)
                    waiting = []
                yield from self._drain(settled)
            if waiting:
                owners = owners or EntryOwnership(self._store, self._journal)
                settled += self._written(waiting, reading, owners, progress)
            yield from self._drain(settled)

    def remove(self, name: str) -> Withdrawal:
        """Withdraw a file, or the entry of that id; what they had replaced comes back.

        Raises:
            IngestError: There is neither.
        """
        owners = EntryOwnership(self._store, self._journal)
        plan = owners.plan(name, ())
        gone, restored = plan.removed, plan.restored
        is_file = plan.is_change or self._journal.file(name) is not None
        if not is_file:
            gone = frozenset(e.faq_id for e in self._store if e.faq_id == name)
            if not gone:
                raise IngestError("nothing_to_remove", name=name)
            restored = owners.withdrawn(name)
        self._journal.unsettle([name])
        # They were in before, whatever the detector says today.
        self._store.change(restored, removed=gone, allowed=lambda entry: entry in restored)
        if is_file:
            owners.after(name, plan)
            self._journal.forget(name)
        else:
            for entry in restored:
                self._journal.forget_replaced([name], entry.origin)
        n_gone = len(gone | {entry.faq_id for entry in restored})
        outcome = message("n_entries", n=n_gone)
        if restored:
            outcome = message("withdrawn_and_restored", n=n_gone, n_restored=len(restored))
        self._journal.note("remove", name, outcome)
        return Withdrawal(n_gone, restored)

    def release(self, held: QuarantinedEntry) -> None:
        """Let an entry out of quarantine into the store.

        Raises:
            IngestError: Its id belongs to another file.
        """
        self._refuse_foreign([held.entry])
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

        Raises:
            IngestError: The id of one belongs to another file; nothing went in.
        """
        self._refuse_foreign(entries)
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
            places: dict[str, tuple[str, int]] = {}
            rows = list(_entries(content, item, reading, places))
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
            places,
        )

    def _written(
        self,
        files: Sequence[_PreparedFile],
        reading: ReadOptions,
        owners: EntryOwnership,
        progress: ProgressCallback,
    ) -> list[FileReport]:
        """Write files into the store, all of them in one step."""
        removed: set[str] = set()
        plans = [owners.plan(file.item.name, file.good, replace=reading.replace) for file in files]
        for plan in plans:
            coming = {entry.faq_id for entry in (*plan.written, *plan.restored)}
            removed = (removed - coming) | plan.removed
        for file, plan in zip(files, plans, strict=True):
            owners.before(file.item.name, plan)
        self._journal.unsettle(file.item.name for file in files)
        restored = {entry for plan in plans for entry in plan.restored}
        self._store.change(
            itertools.chain(restored, _with_progress(files, plans, progress)),
            removed=sorted(removed),
            allowed=lambda entry: entry in restored or self._journal.is_released(entry),
        )
        return [
            self._settled(file, plan, reading, owners, progress)
            for file, plan in zip(files, plans, strict=True)
        ]

    def _settled(
        self,
        file: _PreparedFile,
        plan: OwnershipPlan,
        reading: ReadOptions,
        owners: EntryOwnership,
        progress: ProgressCallback,
    ) -> FileReport:
        """Write down what became of a file, now that its entries are in."""
        name, good = file.item.name, plan.written
        owners.after(name, plan)
        bad = [*file.bad, *(_foreign_row(file, entry, owner) for entry, owner in plan.refused)]
        replaced = tuple(
            message("replaces", faq_id=entry.faq_id, owner=owner_name(entry.origin))
            for entry in plan.replaced
        )
        # What was refused may go in the next time, once the other file is withdrawn.
        sha256 = "" if plan.refused else file.item.sha256
        self._journal.settle(
            IngestedFile(name, sha256, reading.key, now(), len(good), len(bad), len(file.held)),
            file.held,
        )
        self._journal.note(
            "add",
            name,
            message("file_taken_in", n_entries=len(good), n_bad=len(bad), n_held=len(file.held)),
        )
        for said in replaced:
            self._journal.note("replace", name, said)
        progress(FileProgress(name, file.item.size, 1.0, len(good)))
        return FileReport(
            name,
            "changed" if plan.is_change else "added",
            None,
            len(good),
            sum(entry.kind == "passage" for entry in good),
            tuple(sorted(bad, key=lambda row: (row.table, row.row))),
            tuple(reasons for _, reasons in file.held),
            file.warnings,
            replaced,
        )

    def _refuse_foreign(self, entries: Iterable[FaqEntry]) -> None:
        """Raise IngestError if an id belongs to another file."""
        ids = {entry.faq_id: entry.origin for entry in entries}
        for entry in self._store:
            if entry.faq_id in ids and entry.origin != ids[entry.faq_id]:
                owner = owner_name(entry.origin)
                raise IngestError("id_of_another", faq_id=entry.faq_id, owner=owner)

    def _screened(self, entries: Sequence[FaqEntry]) -> tuple[list[FaqEntry], list[HeldEntry]]:
        good, held = self._store.screen(entries, allowed=self._journal.is_released)
        return good, [(entry, tuple(map(_pii_reason, findings))) for entry, findings in held]


def _pii_reason(found: EntryPii) -> IngestMessage:
    field, kind = field_name(found.field), message(f"pii_{found.kind}")
    return message("personal_data", field=field, kind=kind, shown=found.shown)


def _foreign_row(file: _PreparedFile, entry: FaqEntry, owner: str) -> BadRow:
    table, row = file.places.get(entry.faq_id, ("", 0))
    reason = message("id_of_another", faq_id=entry.faq_id, owner=owner_name(owner))
    return BadRow(file.item.name, table, row, reason)


def _with_progress(
    files: Sequence[_PreparedFile], plans: Sequence[OwnershipPlan], progress: ProgressCallback
) -> Iterator[FaqEntry]:
    """The entries of files; as the store takes them, it is told how far each file is."""
    for file, plan in zip(files, plans, strict=True):
        total = len(plan.written)
        for n, entry in enumerate(plan.written):
            if n and n % _BATCH_ENTRIES == 0:
                share = _READ_SHARE + (1 - _READ_SHARE) * n / total
                progress(FileProgress(file.item.name, file.item.size, share, n))
            yield entry


def _entries(
    content: Content, item: FoundFile, reading: ReadOptions, places: dict[str, tuple[str, int]]
) -> Iterator[FaqEntry | BadRow]:
    """The entries of a file; ``places`` is told the table and row of each that has one.

    Ids that the file gives are kept. Those that were made from the text are the file's own: two
    files may say the same, and one of them be withdrawn.
    """
    if isinstance(content, Document):
        policy = extract_metadata(content, file=item.name)
        rows: Iterator[FaqEntry | BadRow] = document_passages(
            content, policy, longest=reading.longest
        )
    else:
        rows = rows_of(
            content,
            file=item.name,
            mapping=reading.mapping,
            defaults=reading.defaults,
            places=places,
        )
    mark = hashlib.sha256(item.name.encode()).hexdigest()[:8]
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        made = row.kind == "passage" or row.faq_id == stable_id(row.question, row.region)
        faq_id = f"{row.faq_id}@{mark}" if made else row.faq_id
        yield replace(row, faq_id=faq_id, origin=item.name)
