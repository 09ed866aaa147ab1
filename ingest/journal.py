"""The journal: which files are in, what is held back, and who did what when.

It lies in a SQLite file beside the store. The store itself changes whole or not at all; the
journal is written after it, so that a file that was being taken in when the power failed is
simply taken in again, and finds its entries there already.
"""

import getpass
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from retrievers import FaqEntry
from retrievers.store.database import database_errors, open_database
from retrievers.store.faq_files import from_record, to_record

from .messages import IngestMessage, verbatim

JOURNAL = "journal.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS file(
    name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, options TEXT NOT NULL, taken_in TEXT NOT NULL,
    entries INTEGER NOT NULL, bad_rows INTEGER NOT NULL, held_back INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS quarantine(
    number INTEGER PRIMARY KEY AUTOINCREMENT, origin TEXT NOT NULL, since TEXT NOT NULL,
    reasons TEXT NOT NULL, record TEXT NOT NULL, UNIQUE(origin, record)
);
CREATE TABLE IF NOT EXISTS released(record TEXT PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS replaced(
    number INTEGER PRIMARY KEY AUTOINCREMENT, faq_id TEXT NOT NULL, origin TEXT NOT NULL,
    record TEXT NOT NULL, UNIQUE(faq_id, origin)
);
CREATE TABLE IF NOT EXISTS audit(
    at TEXT NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
    outcome TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class IngestedFile:
    """A file that is in."""

    name: str
    sha256: str
    options: str
    """How it was read, as JSON; the same file read otherwise is another one."""
    taken_in: str
    """When, ISO 8601."""
    entries: int
    bad_rows: int
    held_back: int


HeldEntry = tuple[FaqEntry, tuple[IngestMessage, ...]]
"""An entry that may not go in, and why."""


@dataclass(frozen=True, slots=True)
class QuarantinedEntry:
    """An entry in quarantine."""

    number: int
    origin: str
    since: str
    reasons: tuple[IngestMessage, ...]
    entry: FaqEntry


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """A line of the audit: who did what when."""

    at: str
    who: str
    action: str
    subject: str
    outcome: IngestMessage


class IngestJournal:
    """The journal of a store.

    Args:
        data_dir: It lies in ``data_dir/journal.sqlite``.
        who: Who is doing this; by default the account's name.

    Raises:
        StoreError: By every method: the file is damaged, or cannot be written.
    """

    def __init__(self, data_dir: Path, *, who: str = "") -> None:
        self._who = who or getpass.getuser()
        self._path = data_dir / JOURNAL
        self._database = open_database(self._path, _SCHEMA)

    def __enter__(self) -> "IngestJournal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def file(self, name: str) -> IngestedFile | None:
        """A file that is in, by its name."""
        rows = self._rows("SELECT * FROM file WHERE name = ?", name)
        return IngestedFile(*rows[0]) if rows else None

    def files(self) -> list[IngestedFile]:
        """Every file that is in, by name."""
        found = self._rows("SELECT * FROM file ORDER BY name")
        return [IngestedFile(*row) for row in found]

    def settle(self, file: IngestedFile, held_back: Sequence[HeldEntry]) -> None:
        """Write down a file that was taken in, and what of it is held back."""
        with self._use(), self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    file.name,
                    file.sha256,
                    file.options,
                    file.taken_in,
                    file.entries,
                    file.bad_rows,
                    file.held_back,
                ),
            )
            self._database.execute("DELETE FROM quarantine WHERE origin = ?", (file.name,))
            self._quarantine(file.name, held_back)

    def unsettle(self, names: Iterable[str]) -> None:
        """Note that files are about to change in the store.

        Whoever is stopped between the store and :meth:`settle` or :meth:`forget` then finds them
        to be other files, and takes them in again.
        """
        with self._use(), self._database:
            self._database.executemany(
                "UPDATE file SET sha256 = '' WHERE name = ?", [(name,) for name in names]
            )

    def hold_back(self, origin: str, held_back: Sequence[HeldEntry]) -> None:
        """Put entries in quarantine beside those of the same origin that are there already."""
        with self._use(), self._database:
            self._quarantine(origin, held_back)

    def forget(self, name: str) -> None:
        """Drop a file that was withdrawn, and what of it was held back."""
        with self._use(), self._database:
            self._database.execute("DELETE FROM file WHERE name = ?", (name,))
            self._database.execute("DELETE FROM quarantine WHERE origin = ?", (name,))

    def quarantine(self) -> Iterator[QuarantinedEntry]:
        """What is held back, the oldest first."""
        for number, origin, since, reasons, record in self._rows(
            "SELECT number, origin, since, reasons, record FROM quarantine ORDER BY number"
        ):
            entry = from_record(json.loads(record))
            why = tuple(map(IngestMessage.from_json, json.loads(reasons)))
            yield QuarantinedEntry(number, origin, since, why, entry)

    @contextmanager
    def _use(self) -> Iterator[None]:
        with database_errors(self._path):
            yield

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with self._use():
            return self._database.execute(query, values).fetchall()

    def _quarantine(self, origin: str, held_back: Sequence[HeldEntry]) -> None:
        self._database.executemany(
            "INSERT OR IGNORE INTO quarantine(origin, since, reasons, record) VALUES (?, ?, ?, ?)",
            [
                (
                    origin,
                    now(),
                    json.dumps([reason.to_json() for reason in why]),
                    _entry_json(entry),
                )
                for entry, why in held_back
            ],
        )

    def release(self, held: QuarantinedEntry) -> None:
        """Let an entry through, now and whenever its file is taken in again."""
        with self._use(), self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO released VALUES (?, ?, ?)",
                (_entry_json(held.entry), now(), self._who),
            )
            self._database.execute("DELETE FROM quarantine WHERE number = ?", (held.number,))

    def is_released(self, entry: FaqEntry) -> bool:
        """Whether a person has let exactly this entry through."""
        return bool(self._rows("SELECT 1 FROM released WHERE record = ?", _entry_json(entry)))

    def keep_replaced(self, entries: Iterable[FaqEntry]) -> None:
        """Keep entries that another file's are about to replace, for when that is withdrawn."""
        with self._use(), self._database:
            for entry in entries:
                self._database.execute(
                    "INSERT INTO replaced(faq_id, origin, record) VALUES (?, ?, ?)"
                    " ON CONFLICT(faq_id, origin) DO UPDATE SET record = excluded.record",
                    (entry.faq_id, entry.origin, _entry_json(entry)),
                )

    def forget_replaced(self, ids: Iterable[str], origin: str) -> None:
        """Drop what is kept of a file, since it has the entries itself or has them no more."""
        with self._use(), self._database:
            self._database.executemany(
                "DELETE FROM replaced WHERE faq_id = ? AND origin = ?",
                [(faq_id, origin) for faq_id in ids],
            )

    def replaced(self, faq_id: str) -> list[FaqEntry]:
        """What the entry with an id replaced, the latest last."""
        found = self._rows("SELECT record FROM replaced WHERE faq_id = ? ORDER BY number", faq_id)
        return [from_record(json.loads(record)) for (record,) in found]

    def replaced_of(self, origin: str) -> list[FaqEntry]:
        """What of a file other files have replaced."""
        found = self._rows("SELECT record FROM replaced WHERE origin = ?", origin)
        return [from_record(json.loads(record)) for (record,) in found]

    def note(self, action: str, subject: str, outcome: IngestMessage) -> None:
        """Add a line to the audit.

        Args:
            action: A verb that ``ingest.messages`` has as ``action_…``.
            subject: The file or entry that was acted on.
            outcome: What came of it.
        """
        with self._use(), self._database:
            self._database.execute(
                "INSERT INTO audit VALUES (?, ?, ?, ?, ?)",
                (now(), self._who, action, subject, json.dumps(outcome.to_json())),
            )

    def audit(self) -> list[AuditRecord]:
        """Every line of the audit, the oldest first."""
        found = self._rows("SELECT at, who, action, subject, outcome FROM audit ORDER BY rowid")
        return [
            AuditRecord(at, who, action, subject, _outcome(outcome))
            for at, who, action, subject, outcome in found
        ]


def _outcome(text: str) -> IngestMessage:
    """The outcome of a line of the audit; journals of before version 0.2 hold plain texts."""
    try:
        return IngestMessage.from_json(json.loads(text))
    except ValueError:
        return verbatim(text)


def now() -> str:
    """This moment, ISO 8601 with the offset from UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def _entry_json(entry: FaqEntry) -> str:
    return json.dumps(to_record(entry), ensure_ascii=False, sort_keys=True)
