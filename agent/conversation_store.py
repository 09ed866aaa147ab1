"""Conversations that outlive their session, on disk, for as long as the settings say.

A file for each, readable by its owner alone and named by a digest of the session's id: who can
list the folder cannot take a session over.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from retrievers import Passage
from retrievers.store.faq_files import from_record, to_record
from zhengwen.atomic_write import atomic_path

from .steady_clock import steady_time
from .types import Answer, Turn, Usage

MAX_CONVERSATIONS = 10_000
"""Conversations; those that were quiet longest are deleted first."""
SWEEP_INTERVAL = 600.0  # s

logger = logging.getLogger(__name__)


class ConversationStore:
    """Keeps the last turns of each session.

    A disk that is full or broken costs the memory, never a reply; the log says so, and nothing of
    what was said. Only a deletion that fails is reported to who asked for it.

    Args:
        folder: Where they lie.
        keep: Seconds after which a turn is forgotten; 0 keeps nothing.
    """

    def __init__(self, folder: Path, keep: float) -> None:
        self._folder = folder
        self._keep = keep
        self._swept = 0.0
        self.sweep()

    @property
    def is_on(self) -> bool:
        """Whether anything is kept."""
        return self._keep > 0

    def recall(self, session_id: str) -> list[Turn]:
        """What is still known of a session, the latest turn last."""
        if not self.is_on:
            return []
        try:
            records = json.loads(self._path(session_id).read_text("utf-8"))
            return self._fresh(map(_turn_from_record, records))
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError) as error:
            logger.warning("a conversation cannot be read: %s", type(error).__name__)
            return []

    def keep(self, session_id: str, turns: Iterable[Turn]) -> None:
        """Keep these turns instead of what was kept of a session."""
        if not self.is_on:
            return
        records = [_turn_to_record(turn) for turn in self._fresh(turns)]
        path = self._path(session_id)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with atomic_path(path) as draft:
                draft.touch(mode=0o600)
                draft.write_text(json.dumps(records), "utf-8")
                now = steady_time()
                os.utime(draft, (now, now))
        except OSError as error:
            logger.warning("a conversation cannot be kept: %s", error.strerror)
        if time.monotonic() - self._swept > SWEEP_INTERVAL:
            self.sweep()

    def forget(self, session_id: str) -> None:
        """Delete what is kept of a session.

        Raises:
            OSError: It is still there.
        """
        self._path(session_id).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete what is too old, and what is too many; everything if nothing is to be kept."""
        self._swept = time.monotonic()
        try:
            dated = sorted((path.stat().st_mtime, path) for path in self._folder.iterdir())
            spare = len(dated) - MAX_CONVERSATIONS
            for place, (written, path) in enumerate(dated):
                if place < spare or written < steady_time() - self._keep:
                    path.unlink(missing_ok=True)
        except FileNotFoundError:
            return
        except OSError as error:
            logger.error("old conversations cannot be deleted: %s", error.strerror)

    def _fresh(self, turns: Iterable[Turn]) -> list[Turn]:
        return [turn for turn in turns if turn.asked >= steady_time() - self._keep]

    def _path(self, session_id: str) -> Path:
        return self._folder / f"{hashlib.sha256(session_id.encode()).hexdigest()}.json"


def _turn_to_record(turn: Turn) -> dict[str, Any]:
    answer = turn.answer
    return {
        "asked": turn.asked,
        "question": turn.question,
        "text": answer.text,
        "outcome": answer.outcome,
        "score": answer.score,
        "citations": [[to_record(p.entry), p.score] for p in answer.citations],
        "suggestions": answer.suggestions,
        "act": answer.act,
        "numbers": answer.numbers,
        "usage": asdict(answer.usage) if answer.usage else None,
        "spoken": answer.spoken,
    }


def _turn_from_record(record: dict[str, Any]) -> Turn:
    answer = Answer(
        record["text"],
        record["outcome"],
        record["score"],
        tuple(Passage(from_record(entry), score) for entry, score in record["citations"]),
        tuple(record["suggestions"]),
        record.get("act", ""),
        tuple(record.get("numbers", ())),
        usage=Usage(**record["usage"]) if record["usage"] else None,
        spoken=record.get("spoken", ""),  # earlier versions had none
    )
    return Turn(record["question"], answer, record["asked"])
