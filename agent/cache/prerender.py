"""Render the answers of the knowledge base in advance."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from math import nan

from rich.progress import Progress

from ..pipeline import AnswerPipeline
from ..responders.faq import spoken_sentences
from ..types import Sentence
from .reply_cache import ReplyCache


@dataclass(slots=True)
class PrerenderSummary:
    """What a run did."""

    n_there: int = 0
    """Replies that were kept already."""
    n_made: int = 0
    n_missing: int = 0
    """Replies that are not there yet."""
    n_bytes: int = 0
    """Of the replies that are there."""
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    is_full: bool = False
    """The run ended because more would push out what is there."""
    was_interrupted: bool = False

    @property
    def n_kept(self) -> int:
        return self.n_there + self.n_made

    @property
    def bytes_each(self) -> float:
        return self.n_bytes / self.n_kept if self.n_kept else nan


def prerender(
    session: AnswerPipeline,
    replays: ReplyCache,
    texts: Iterable[str],
    *,
    n_starts: int,
    limit: int | None,
    progress: Progress,
) -> PrerenderSummary:
    """Render every reply that is not kept yet; interrupted, a later run goes on.

    Args:
        session: Keeps what it renders in ``replays``.
        replays: Where the replies are looked for.
        texts: What will be said.
        n_starts: At how many frames of the idle loop each reply is to begin. All replies are
            made for the first frame before any is made for the second.
        limit: Render no more than this many; None renders all.
        progress: Is shown while this runs.

    Raises:
        OSError: The folder cannot be used, or what is rendered is not kept.
        ReplyError: A stage failed.
    """
    replies = [list(spoken_sentences(text)) for text in texts]
    wanted = [(start, said) for start in replays.starts.frames[:n_starts] for said in replies]
    tally = PrerenderSummary(n_missing=len(wanted))
    began, began_cpu = time.monotonic(), time.process_time()
    task = progress.add_task("rendering", total=len(wanted))
    try:
        for start, said in wanted:
            size = replays.holds(said, "video", start)
            if size is not None:
                tally.n_there += 1
            elif tally.n_made == limit:
                continue  # only what is there is counted now
            elif tally.n_kept and tally.n_bytes + tally.bytes_each > replays.cache.max_bytes:
                tally.is_full = True
                break
            else:
                size = _rendered(session, replays, said, start)
                tally.n_made += 1
            tally.n_missing -= 1
            tally.n_bytes += size
            progress.advance(task)
    except KeyboardInterrupt:
        tally.was_interrupted = True  # what is done is done
    tally.wall_seconds = time.monotonic() - began
    tally.cpu_seconds = time.process_time() - began_cpu
    return tally


def _rendered(
    session: AnswerPipeline, replays: ReplyCache, said: list[Sentence], start: int
) -> int:
    """Render one reply; its size, bytes."""
    for _ in session.record(said, first=start):
        pass
    size = replays.holds(said, "video", start)
    if size is None:
        raise OSError(
            "a rendered reply was not kept: the disk is full or cannot be written, "
            "replay.max_mib is smaller than one reply, or the machine could not keep up drawing"
        )
    return size
