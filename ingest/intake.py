"""Files become entries of the store, one file at a time, each whole or not at all."""

import hashlib
import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
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
        self, paths: Sequence[Path], reading: Reading | None = None
    ) -> Generator[FileReport, None, None]:
        """Take files, folders and archives in; yields a report as each file is done.

        A file that is in already as it is costs nothing; one that has changed replaces its own
        entries. Stopping in between leaves every file either in or not.
        """
        reading = reading or Reading()
        settled: list[FileReport] = []
        with find(paths) as found:
            new = self._passing_known(found, reading, settled)
            for item, content in read_many(new, workers=reading.workers, ocr=reading.ocr):
                yield from self._drain(settled)
                yield self._take_in(item, content, reading)
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
        self, found: Iterable[Found | Refused], reading: Reading, settled: list[FileReport]
    ) -> Iterator[Found | Refused]:
        for item in found:
            if isinstance(item, Found) and self._is_known(item, reading):
                settled.append(FileReport(item.name, "unchanged"))
            else:
                yield item

    def _is_known(self, item: Found, reading: Reading) -> bool:
        known = self._journal.file(item.name)
        return known is not None and (known.sha256, known.options) == (item.sha256, reading.key)

    @staticmethod
    def _drain(settled: list[FileReport]) -> Iterator[FileReport]:
        yield from settled
        settled.clear()

    def _take_in(
        self, item: Found | Refused, content: Content | UnreadableFile, reading: Reading
    ) -> FileReport:
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
        bad = tuple(row for row in rows if isinstance(row, BadRow))
        good, held = self._screened([row for row in rows if isinstance(row, FaqEntry)])
        before = self._ids_of(item.name)
        kept = {entry.faq_id for entry in good}
        self._store.change(good, removed=[i for i in before if i not in kept])
        self._journal.settle(
            TakenIn(item.name, item.sha256, reading.key, now(), len(good), len(bad), len(held)),
            held,
        )
        self._journal.note(
            "add", item.name, f"{len(good)} entries, {len(bad)} bad rows, {len(held)} held back"
        )
        return FileReport(
            item.name,
            "changed" if before else "added",
            "",
            len(good),
            sum(entry.kind == "passage" for entry in good),
            bad,
            tuple(reasons for _, reasons in held),
        )

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
