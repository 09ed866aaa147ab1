"""What visitors think of the answers they were given, for the people who care for the entries.

One SQLite file, readable by its owner alone. It names the entries that were cited and holds
nothing of what was asked.
"""

import hashlib
import json
import os
import threading
import time
from collections import OrderedDict
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from retrievers.store.database import database_errors, open_database

from .types import Answer, Outcome

FEEDBACK = "feedback.sqlite"
MAX_GIVEN = 10_000
"""Answers that can still be rated; those that were given longest ago are forgotten first."""
MAX_RATINGS = 5
"""Times that one answer can be rated."""
MAX_KEPT = 100_000
"""Ratings on disk; the oldest are deleted first."""
BUSY_S = 2.0  # how long a rating waits for another process: whoever sent it waits as well
OWNER_ONLY = 0o600
_EARLIER_FILE = "feedback.jsonl"  # of version 0.1, which let everybody on the machine read it
_SCHEMA = """
CREATE TABLE IF NOT EXISTS feedback(
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT NOT NULL, reply TEXT NOT NULL, at TEXT NOT NULL,
    rating INTEGER NOT NULL, comment TEXT NOT NULL, outcome TEXT NOT NULL, entries TEXT NOT NULL,
    UNIQUE(session, reply)
);
"""
_UPDATE = "UPDATE feedback SET at = ?, rating = ?, comment = ? WHERE session = ? AND reply = ?"
_INSERT = """
INSERT INTO feedback(at, rating, comment, session, reply, outcome, entries)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
# Rows are counted, for numbers have gaps where a rating was changed by an earlier version.
_DELETE_OLDEST = """
DELETE FROM feedback
WHERE number <= (SELECT number FROM feedback ORDER BY number DESC LIMIT 1 OFFSET ?)
"""


@dataclass
class _Given:
    """An answer that can be rated."""

    outcome: Outcome
    entries: str
    n_ratings: int = 0


class FeedbackStore:
    """Takes one rating for each answer; rated again, the later rating holds, a few times.

    May be used from several threads.

    Args:
        folder: Where the file lies; it is made when the first rating comes.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FEEDBACK
        self._given: OrderedDict[tuple[str, str], _Given] = OrderedDict()
        self._lock = threading.Lock()
        with suppress(OSError):
            (folder / _EARLIER_FILE).chmod(OWNER_ONLY)

    def note_given(self, session_id: str, reply: str, answer: Answer) -> None:
        """Note that an answer was given: from now on it can be rated."""
        entries = json.dumps([passage.entry.faq_id for passage in answer.citations])
        with self._lock:
            self._given[session_id, reply] = _Given(answer.outcome, entries)
            self._given.move_to_end((session_id, reply))
            while len(self._given) > MAX_GIVEN:
                self._given.popitem(last=False)

    def keep(self, session_id: str, reply: str, rating: int, comment: str) -> bool:
        """Keep what a visitor thinks of an answer; False if none can be rated under this id.

        Args:
            session_id: Whose answer it is; only a digest of it is kept.
            reply: The answer's reply.
            rating: 1 or -1.
            comment: In the visitor's own words, or empty.

        Raises:
            StoreError: The file cannot be written; the rating is lost.
            OSError: The same, of the folder.
        """
        with self._lock:
            given = self._given.get((session_id, reply))
        if given is None or given.n_ratings >= MAX_RATINGS:
            return False
        session = hashlib.sha256(session_id.encode()).hexdigest()
        at = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Made before SQLite would make it, for it would let everybody read it.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))
        self._path.chmod(OWNER_ONLY)
        with (
            closing(open_database(self._path, _SCHEMA, busy_s=BUSY_S)) as database,
            database_errors(self._path),
            database,
        ):
            values = (at, rating, comment, session, reply)
            if not database.execute(_UPDATE, values).rowcount:
                database.execute(_INSERT, (*values, given.outcome, given.entries))
                database.execute(_DELETE_OLDEST, (MAX_KEPT,))
        with self._lock:
            given.n_ratings += 1
        return True
