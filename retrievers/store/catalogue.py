"""The catalogue: which entries there are. The indexes beside it only help to find them.

A SQLite file is the one place that decides what is in the store. An entry is *staged* first;
its vectors and words are written to the indexes under its row number, which is never used
again; then a single transaction makes everything staged live and what it replaces dead. Whoever
searches looks every row up here, so that a half-written change is never seen, and after a crash
the store holds what it held before or all of what was being added. What died is swept out of
the indexes afterwards, now or by the next writer.
"""

import json
import sqlite3
import threading
import uuid
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from ..base import EntryTerms, FaqEntry, SoundedWord
from ..text.sounds import loose_key, sounds_of
from .database import DamagedFileError, database_errors, open_database, quick_check
from .faq_files import from_record, to_record

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry(
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    faq_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('staged', 'live', 'dead')),
    wordings INTEGER NOT NULL,
    record TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS live_entry ON entry(faq_id) WHERE state = 'live';
CREATE INDEX IF NOT EXISTS passing_entry ON entry(state) WHERE state != 'live';
CREATE TABLE IF NOT EXISTS cut(row INTEGER PRIMARY KEY, terms BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS sound(word TEXT PRIMARY KEY, loose TEXT, said TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sound_alike ON sound(loose);
CREATE TABLE IF NOT EXISTS fact(name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
EPOCH = "epoch"
"""The fact that is another one when a backup was put back: rows may hold other entries then."""
_AT_ONCE = 500  # rows named in one statement
_KEPT = 20_000  # entries kept in memory

_T = TypeVar("_T")
RowId = int
"""Number of one version of an entry, never used twice."""


class Catalogue:
    """The entries of a store, on disk.

    Several threads may use one catalogue, and several processes one file.

    Args:
        path: The SQLite file; made when it is missing.

    Raises:
        StoreError: By every method: the file is damaged, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._database = open_database(path, _SCHEMA)
        # Transactions are begun by hand: only a flip may hold more than one statement.
        self._database.isolation_level = None
        # What a row holds never changes; only whether it is live does.
        self._entry = lru_cache(maxsize=_KEPT)(self._read)

    def close(self) -> None:
        """Let go of the file; nothing works from then on."""
        with self._lock:
            self._database.close()

    @property
    def revision(self) -> int:
        """Grows with every change that can be seen."""
        return int(self.fact("revision") or 0)

    def fact(self, name: str) -> str | None:
        """Something remembered about the store, such as the encoder that filled it."""
        with self._use():
            found = self._database.execute("SELECT value FROM fact WHERE name = ?", (name,))
            row = found.fetchone()
        return str(row[0]) if row else None

    def remember(self, name: str, value: str) -> None:
        """Set a fact."""
        with self._use():
            self._database.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def unchanged(self, entry: FaqEntry) -> bool:
        """Whether the entry is live exactly as it is."""
        with self._use():
            found = self._database.execute(
                "SELECT record FROM entry WHERE faq_id = ? AND state = 'live'", (entry.faq_id,)
            ).fetchone()
        return found is not None and found[0] == _text(entry)

    def stage(self, entries: Sequence[FaqEntry]) -> list[RowId]:
        """Write entries down without making them visible; returns their rows in order."""
        with self._use(), self._transaction():
            return [
                int(
                    self._database.execute(
                        "INSERT INTO entry(faq_id, state, wordings, record)"
                        " VALUES (?, 'staged', ?, ?)",
                        (entry.faq_id, 1 + len(entry.wordings), _text(entry)),
                    ).lastrowid
                    or 0
                )
                for entry in entries
            ]

    def replaced(self, removed: Iterable[str] = ()) -> list[tuple[RowId, int]]:
        """Rows that the next :meth:`flip` makes dead, with how many wordings each has."""
        staged = "SELECT {} FROM entry WHERE state = 'staged'"
        with self._use():
            found = self._database.execute(
                "SELECT row, wordings FROM entry WHERE"
                f" state = 'live' AND faq_id IN ({staged.format('faq_id')}) OR state = 'staged'"
                f" AND row NOT IN ({staged.format('max(row)')} GROUP BY faq_id)"
            ).fetchall()
            for some in _batches(list(removed)):
                marks = ",".join("?" * len(some))
                found += self._database.execute(
                    f"SELECT row, wordings FROM entry WHERE state = 'live' AND faq_id IN ({marks})",
                    some,
                ).fetchall()
        return sorted(set(found))

    def flip(self, removed: Iterable[str] = (), facts: Mapping[str, str] | None = None) -> None:
        """Make everything staged live, and what it replaces and ``removed`` dead, at once.

        Args:
            removed: Ids of entries to delete.
            facts: To be remembered in the same step.
        """
        with self._use(), self._transaction():
            run = self._database.execute
            for some in _batches(list(removed)):
                marks = ",".join("?" * len(some))
                run(
                    f"UPDATE entry SET state = 'dead' WHERE state = 'live' AND faq_id IN ({marks})",
                    some,
                )
            # Of two staged entries with one id the later one counts.
            run(
                "UPDATE entry SET state = 'dead' WHERE state = 'staged' AND row NOT IN"
                " (SELECT max(row) FROM entry WHERE state = 'staged' GROUP BY faq_id)"
            )
            run(
                "UPDATE entry SET state = 'dead' WHERE state = 'live' AND faq_id IN"
                " (SELECT faq_id FROM entry WHERE state = 'staged')"
            )
            run("UPDATE entry SET state = 'live' WHERE state = 'staged'")
            self._publish(facts or {})

    def supersede(self, other: Path) -> None:
        """Be newer than another catalogue, in whose place this one is about to be put.

        Whoever has that open then looks again, and knows that rows may hold other entries.
        """
        newest = self.revision
        if other.is_file() and not quick_check(other):
            with closing(Catalogue(other)) as live:
                newest = max(newest, live.revision)
        self.publish({EPOCH: uuid.uuid4().hex})
        self.remember("revision", str(newest + 1))

    def forget_cached(self) -> None:
        """Read every row anew: the catalogue is another one than before."""
        self._entry.cache_clear()

    def publish(self, facts: Mapping[str, str] | None = None) -> None:
        """Remember facts and grow the revision: whoever has the store open looks again."""
        with self._use(), self._transaction():
            self._publish(facts or {})

    def damage(self) -> list[str]:
        """What is wrong with the file itself, in at most a sentence."""
        found = quick_check(self.path)
        return [f"{self.path} is damaged: {found}"] if found else []

    def rows_to_sweep(self) -> list[tuple[RowId, int]]:
        """Rows that are not live, with how many wordings each has; those to be swept."""
        with self._use():
            return self._database.execute(
                "SELECT row, wordings FROM entry WHERE state != 'live'"
            ).fetchall()

    def forget(self, rows: Sequence[RowId]) -> None:
        """Drop rows that no index holds any more."""
        with self._use(), self._transaction():
            for some in _batches(rows):
                marks = ",".join("?" * len(some))
                self._database.execute(f"DELETE FROM cut WHERE row IN ({marks})", some)
                self._database.execute(f"DELETE FROM entry WHERE row IN ({marks})", some)

    def keep_terms(self, cuts: Mapping[RowId, EntryTerms]) -> None:
        """Remember how rows were cut into terms."""
        with self._use(), self._transaction():
            self._database.executemany(
                "INSERT OR REPLACE INTO cut VALUES (?, ?)",
                ((row, _packed(terms)) for row, terms in cuts.items()),
            )

    def terms_of(self, entry: FaqEntry) -> EntryTerms | None:
        """How the live version of an entry was cut; None if that is not known."""
        with self._use():
            found = self._database.execute(
                "SELECT terms FROM cut JOIN entry USING (row) WHERE faq_id = ? AND state = 'live'",
                (entry.faq_id,),
            ).fetchone()
        try:
            return _unpacked(found[0]) if found else None
        except (zlib.error, TypeError, ValueError):  # damaged on the disk: it can be cut again
            return None

    def keep_sounds(self, words: Iterable[str]) -> None:
        """Remember how words sound. They stay when their entries go; few are of one entry alone."""
        unknown: set[str] = set(words)
        with self._use(), self._transaction():
            for some in _batches(sorted(unknown)):
                marks = ",".join("?" * len(some))
                known = self._database.execute(
                    f"SELECT word FROM sound WHERE word IN ({marks})", some
                )
                unknown.difference_update(word for (word,) in known)
            self._database.executemany(
                "INSERT OR REPLACE INTO sound VALUES (?, ?, ?)",
                ((w, loose_key(said), " ".join(said)) for w in unknown if (said := sounds_of(w))),
            )

    def forget_sounds(self) -> None:
        """Drop all words."""
        with self._use():
            self._database.execute("DELETE FROM sound")

    def words_like(self, keys: Collection[str]) -> dict[str, list[SoundedWord]]:
        """Words with these loose keys."""
        found: dict[str, list[SoundedWord]] = {}
        with self._use():
            for some in _batches(list(keys)):
                marks = ",".join("?" * len(some))
                for word, loose, said in self._database.execute(
                    f"SELECT word, loose, said FROM sound WHERE loose IN ({marks})", some
                ):
                    found.setdefault(loose, []).append(SoundedWord(word, tuple(said.split())))
        return found

    def live(self, rows: Sequence[RowId]) -> dict[RowId, FaqEntry]:
        """Those of the rows that are live, with their entries, in the order given."""
        found: dict[RowId, FaqEntry] = {}
        with self._use():
            for some in _batches(rows):
                marks = ",".join("?" * len(some))
                alive = self._database.execute(
                    f"SELECT row FROM entry WHERE state = 'live' AND row IN ({marks})", some
                )
                found |= {row: self._entry(row) for (row,) in alive.fetchall()}
        return {row: found[row] for row in rows if row in found}

    def rows(self) -> Iterator[tuple[RowId, FaqEntry]]:
        """Every live entry with its row, in the order of writing."""
        last = -1
        while True:
            with self._use():
                some = self._database.execute(
                    "SELECT row, record FROM entry WHERE state = 'live' AND row > ?"
                    " ORDER BY row LIMIT ?",
                    (last, _AT_ONCE),
                ).fetchall()
            if not some:
                return
            for row, record in some:
                yield row, self._parsed(row, record)
            last = some[-1][0]

    def __len__(self) -> int:
        with self._use():
            found = self._database.execute("SELECT count(*) FROM entry WHERE state = 'live'")
            return int(found.fetchone()[0])

    def _publish(self, facts: Mapping[str, str]) -> None:
        self._database.executemany(
            "INSERT OR REPLACE INTO fact VALUES (?, ?)",
            [*facts.items(), ("revision", str(self.revision + 1))],
        )

    @contextmanager
    def _use(self) -> Iterator[None]:
        with self._lock, database_errors(self.path):
            yield

    def _read(self, row: RowId) -> FaqEntry:
        found = self._database.execute("SELECT record FROM entry WHERE row = ?", (row,))
        return self._parsed(row, found.fetchone()[0])

    def _parsed(self, row: RowId, record: str) -> FaqEntry:
        try:
            return from_record(json.loads(record))
        except (ValueError, TypeError) as error:
            raise DamagedFileError(
                f"{self.path} is damaged: the entry in row {row} cannot be read ({error}). Put a "
                "backup back with 'zhengwen restore FILE'"
            ) from error

    def _transaction(self) -> "_CatalogueTransaction":
        return _CatalogueTransaction(self._database)


class _CatalogueTransaction:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            self._database.execute("ROLLBACK" if kind else "COMMIT")
        except sqlite3.OperationalError:
            if self._database.in_transaction:  # a full disk ends it by itself
                self._database.execute("ROLLBACK")
            if not kind:
                raise


def _packed(terms: EntryTerms) -> bytes:
    lines = "\n".join(" ".join(some) for some in (*terms.asked, terms.answer))
    return zlib.compress(lines.encode(), level=1)


def _unpacked(packed: bytes) -> EntryTerms:
    lines = [tuple(line.split()) for line in zlib.decompress(packed).decode().split("\n")]
    return EntryTerms(tuple(lines[:-1]), lines[-1])


def _text(entry: FaqEntry) -> str:
    return json.dumps(to_record(entry), ensure_ascii=False, sort_keys=True)


def _batches(things: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(things), _AT_ONCE):
        yield things[start : start + _AT_ONCE]
