"""SQLite files whose errors name the file, what still works, and what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..base import StoreBusyError, StoreError

BUSY_S = 60  # how long a connection waits for another one that is writing


class DamagedFileError(StoreError):
    """A file does not hold what was written to it."""


class UnwritableError(StoreError):
    """The disk is full or read-only; what is there can still be read."""


def open_database(path: Path, schema: str, *, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """Open a database, made when it is missing; several threads may share the connection.

    It keeps a rollback journal and no write-ahead log: a log needs files beside the database
    even for reading, which a full or a read-only disk does not give.

    Args:
        path: The file.
        schema: SQL that makes what is missing in it.
        busy_s: How long to wait for another connection that is writing, seconds.

    Raises:
        StoreError: It cannot be opened; the text says what to do.
    """
    with database_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnwritableError(
                f"{path.parent} cannot be made: {error.strerror}; see to it, or name another "
                "folder with the setting data_dir"
            ) from error
        database = sqlite3.connect(path, timeout=busy_s, check_same_thread=False)
        with suppress(sqlite3.OperationalError):  # others use it, as an earlier version left it
            database.execute("PRAGMA journal_mode = DELETE")
        database.execute("PRAGMA synchronous = FULL")
        database.executescript(schema)
    return database


@contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Errors of SQLite in the block become errors for people.

    Raises:
        DamagedFileError: The file is no database, or a broken one.
        StoreBusyError: Another process has been writing for a minute.
        UnwritableError: The disk is full or read-only, or the file is not ours to write.
    """
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise  # mistakes of the program, not of the file
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise _explained(path, error) from error


def quick_check(path: Path) -> str:
    """What is wrong with the structure of a database; empty if nothing is."""
    try:
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)
        try:
            found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
        finally:
            database.close()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        found = str(error)
    return "" if found == "ok" else " ".join(found.split())


def _explained(path: Path, error: Exception) -> StoreError:
    text = str(error)
    if "locked" in text:
        return StoreBusyError(f"another process has been writing to {path} for long; try again")
    if "full" in text or "readonly" in text or "disk I/O" in text or "unable to open" in text:
        reason = {"full": "the disk is full", "readonly": "the disk or the folder is read-only"}
        why = next((said for sign, said in reason.items() if sign in text), text)
        return UnwritableError(
            f"{path} cannot be written ({why}); what is in can still be read and nothing was "
            "changed. Make room or set the permissions right, and start again"
        )
    return DamagedFileError(
        f"{path} is damaged ({text}). Put a backup back with 'zhengwen restore FILE'; without "
        f"one, move {path} away and take the files in again"
    )
