"""The store that ships: a catalogue, found in by vectors (Chroma) and by words."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
from filelock import BaseFileLock, FileLock, Timeout
from numpy.typing import NDArray

from ..base import (
    EVERYWHERE,
    EntryTerms,
    FaqEntry,
    Part,
    Passage,
    Scope,
    SoundedWord,
    StoreBusyError,
    StoreError,
)
from ..encoder import SHIPPED_ENCODER as SHIPPED_ENCODER
from ..encoder import shared_encoder
from ..text.sounds import words_to_hear
from ..text.tokenization import tokenize, tokenize_entry
from .catalogue import EPOCH, Catalogue, RowId
from .database import DamagedFileError, UnwritableError
from .published_vectors import PublishedVectors, VectorChange
from .vector_folders import VectorFolders
from .vector_rebuild import VectorRebuild
from .word_folders import WordFolders

WORDINGS_PER_ENTRY = 6  # how many vectors of one entry may crowd out others in a search
BATCH = 1000  # entries staged at a time
WIDEST = 1000  # vectors looked at before Chroma has to filter them itself
WRITE_LOCK_TIMEOUT = 10.0  # s a writer waits for another one
_LOCK = "writing.lock"
_REBUILDING = "rebuilding"  # remembered in the place of the encoder


class ChromaStore:
    """Entries that are kept whole and can be found while they change.

    The catalogue (:mod:`~retrievers.store.catalogue`) says what there is; a Chroma collection
    and an index of words help to find it. Any number of processes may search while one writes; they
    see the change with their next search.

    Args:
        data_dir: The store lies in ``catalogue.sqlite``, ``vectors`` and ``words`` in it.
        encoder: A folder with a BERT sentence encoder. The store remembers which one
            filled it: vectors of two encoders cannot be compared.
        server: Address of a Chroma server that keeps the vectors, e.g.
            ``"http://127.0.0.1:8000"``; by default they are kept in ``data_dir/vectors``.
        rebuild: Make the vectors and words of every entry anew first, with this encoder.

    Raises:
        StoreError: Another encoder filled this store, or the server cannot be reached.
        OSError: The encoder folder is missing.
        ValueError: The encoder folder is broken.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        encoder: str | Path = SHIPPED_ENCODER,
        server: str | None = None,
        rebuild: bool = False,
    ) -> None:
        self._data_dir = data_dir
        self._encoder = shared_encoder(encoder)
        self.encoder_fingerprint = self._encoder.fingerprint
        self._catalogue = Catalogue(data_dir / "catalogue.sqlite")
        self._writing = FileLock(data_dir / _LOCK)
        self._reloading = threading.Lock()
        self._seen = self._catalogue.revision
        self._epoch = self._catalogue.fact(EPOCH)
        if not rebuild:
            self._check_encoder()
        self._rebuild_of_vectors: VectorRebuild | None = None
        folders = None
        if server is None:
            folders = VectorFolders(data_dir, self._catalogue)
            self._rebuild_of_vectors = VectorRebuild(
                data_dir, self._catalogue, folders, self._encoder, self._alone
            )
        self._vectors = PublishedVectors(self._catalogue, folders, server)
        self._word_folders = WordFolders(data_dir, self._catalogue, self._alone)
        self._words = self._word_folders.open()
        self._vectors_of_wordings = lru_cache(maxsize=2000)(self._embed)
        if rebuild:
            self._rebuild()

    def add(self, entries: Iterable[FaqEntry]) -> None:
        """Insert entries, replacing those with the same ``faq_id``; all of them or none."""
        self.change(entries)

    def remove(self, faq_ids: Iterable[str]) -> None:
        """Delete entries; an unknown id is not an error."""
        self.change((), removed=faq_ids)

    def change(
        self,
        added: Iterable[FaqEntry],
        *,
        removed: Iterable[str] = (),
        progress: Callable[[int], None] = lambda done: None,
    ) -> None:
        """Insert, replace and delete as one step that is seen whole or not at all.

        An entry that is there as it is costs nothing.

        Args:
            added: Read while writing; an error in it leaves the store as it was.
            removed: Ids of entries to delete.
            progress: Told how many of ``added`` are ready.

        Raises:
            StoreBusyError: Another process has been writing for longer than ten seconds.
        """
        with self._alone():
            self._catch_up()  # what others wrote before, or it would be skipped for good
            self._mend_vectors()
            self._sweep()
            waiting, done = iter(added), 0
            vectors = self._vectors.change()
            try:
                while some := list(islice(waiting, BATCH)):
                    self._stage([e for e in some if not self._catalogue.unchanged(e)], vectors)
                    done += len(some)
                    progress(done)
                removed = list(removed)
                vectors.remove({row: range(n) for row, n in self._catalogue.replaced(removed)})
                facts = {**vectors.seal(), "encoder": self.encoder_fingerprint}
                self._catalogue.flip(removed, facts)
                vectors.adopt()
            except BaseException:
                vectors.discard()
                with suppress(StoreError):  # a full disk; the next writer does it
                    self._sweep()
                raise
            self._sweep()
            self._seen = self._catalogue.revision

    def check(self, *, repair: bool = False) -> list[str]:
        """Compare the indexes with the catalogue.

        Args:
            repair: Put right what is wrong: what lacks vectors or words is indexed again, what
                the catalogue does not know is deleted.

        Returns:
            A sentence for each thing that is wrong; empty if all is well.
        """
        with self._alone():
            self._catch_up()
            wrong = self._catalogue.damage()
            left = self._catalogue.rows_to_sweep()
            if left:
                wrong.append(f"{len(left)} entries that an interrupted change left behind")
            live = dict(self._catalogue.rows())
            swept = {row for row, _ in left}
            vectors = {row: n for row, n in self._vectors.wordings().items() if row not in swept}
            words = self._words.rows() - swept
            bare = {r for r, e in live.items() if vectors.get(r) != {*range(1 + len(e.wordings))}}
            if self._vectors.problem:
                wrong.append(f"no vectors: {self._vectors.problem}")
                bare = set()
            mute = live.keys() - words
            strange = (vectors.keys() | words) - live.keys()
            for rows, what in (
                (bare, "without their vectors"),
                (mute, "without their words"),
                (strange, "in the indexes that are not in the catalogue"),
            ):
                if rows:
                    wrong.append(f"{len(rows)} entries {what}")
            if wrong and repair:
                self._mend_vectors()
                self._sweep()
                change = self._vectors.change()
                unwanted = bare | mute | strange
                gone = {r: vectors[r] for r in unwanted & vectors.keys()}
                change.remove(gone)
                self._vectors.sweep(gone)
                self._words.change({}, unwanted)
                self._index({row: live[row] for row in sorted(bare | mute)}, change)
                self._catalogue.publish(change.seal())  # others must look again
                change.adopt()
                self._catch_up()
            return wrong

    @property
    def collection_folder(self) -> Path:
        """Where the collection lies until the next change, for others who open it.

        Raises:
            StoreError: There are no vectors, or a server keeps them.
        """
        return self._vectors.folder

    def problems(self) -> list[str]:
        """What does not work as it should, for everybody to see; the log names the files."""
        if not self._vectors.problem:
            return []
        rebuild = self._rebuild_of_vectors
        reason = "cannot be read" if not self._vectors.is_damaged else "are to be made anew"
        if rebuild is not None and rebuild.n_total:
            reason = f"of {rebuild.n_done} of {rebuild.n_total} entries are made anew"
        return [f"answers are found by words alone: the vectors {reason}"]

    def nearest(self, query: str, *, k: int, within: Scope = EVERYWHERE) -> list[Passage]:
        """Return at most ``k`` passages of different entries, best first.

        The score is the cosine between the query and the closest wording of the
        entry, negative values counting as 0.
        """
        self._catch_up()
        vector = self._encoder.encode([query])[0]
        wide = k * WORDINGS_PER_ENTRY
        while True:
            found = self._vectors.search(vector, wide)
            if found is None:
                return self._nearest_of_matching(query, vector, k, within)
            passages = self._passages(found, within, k)
            if len(passages) >= k or wide >= min(WIDEST, len(self._vectors)):
                break
            wide *= 4
        if len(passages) < k and wide < len(self._vectors) and within != EVERYWHERE:
            found = self._vectors.search(vector, k * WORDINGS_PER_ENTRY, within) or {}
            passages = self._passages(found, within, k)
        return passages

    def matching(
        self, query: str, *, k: int, within: Scope = EVERYWHERE, part: Part = "asked"
    ) -> list[Passage]:
        """Return at most ``k`` passages that share words with the query, best first.

        The score is BM25 as a share of the most that any text could reach.
        """
        self._catch_up()
        asked, wide = tokenize(query), 2 * k
        # Most of what matches is within the scope anyway, and filters double the time.
        found = self._words.search(asked, part, wide)
        passages = self._passages(found, within, k)
        if len(passages) < k and len(found) == wide and within != EVERYWHERE:
            passages = self._passages(self._words.search(asked, part, wide, within), within, k)
        return passages

    def idf(self, term: str) -> float:
        """How much a term says: its inverse document frequency, in nats."""
        return self._words.idf(term)

    def terms_of(self, entry: FaqEntry) -> EntryTerms:
        """An entry's terms, as they were cut when it came in."""
        return self._catalogue.terms_of(entry) or tokenize_entry(entry)

    def words_like(self, keys: Collection[str]) -> dict[str, list[SoundedWord]]:
        """The words that entries ask with, by how they sound."""
        return self._catalogue.words_like(keys)

    def __iter__(self) -> Iterator[FaqEntry]:
        for _, entry in self._catalogue.rows():
            yield entry

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self._catalogue)

    def _check_encoder(self) -> None:
        data_dir = self._data_dir
        filled_by = self._catalogue.fact("encoder")
        if len(self._catalogue) and filled_by == _REBUILDING:
            raise StoreError(
                f"the vectors in {data_dir} are being made anew, or were when somebody stopped it; "
                "wait, or run 'python -m ingest rebuild' again"
            )
        if len(self._catalogue) and filled_by != self.encoder_fingerprint:
            raise StoreError(
                f"{data_dir} was filled by another sentence encoder, and their vectors cannot be "
                "compared. Run 'python -m ingest rebuild' to embed the entries anew, or set the "
                "encoder back"
            )

    def _passages(self, found: dict[RowId, float], within: Scope, k: int) -> list[Passage]:
        """The ``k`` best that are live and within the scope; no more are read than it takes."""
        passages: list[Passage] = []
        rows = iter(found)
        while len(passages) < k and (some := list(islice(rows, k))):
            entries = self._catalogue.live(some)
            passages += [
                Passage(entry, found[row]) for row, entry in entries.items() if within.admits(entry)
            ]
        return passages[:k]

    def _nearest_of_matching(
        self, query: str, vector: NDArray[np.float32], k: int, within: Scope
    ) -> list[Passage]:
        """The nearest among those that share words with a query: while there are no vectors.

        What the ranker expects is a cosine; that of a few entries is soon made.
        """
        if self._vectors.is_damaged and self._rebuild_of_vectors is not None:
            self._rebuild_of_vectors.start(self._is_rebuild_wanted)
        found: dict[FaqEntry, None] = {}
        for part in ("asked", "whole"):
            for passage in self.matching(query, k=k, within=within, part=part):
                found[passage.entry] = None
        passages = [
            Passage(entry, float(np.clip(np.max(self._vectors_of_wordings(entry) @ vector), 0, 1)))
            for entry in found
        ]
        return sorted(passages, key=lambda passage: -passage.score)[:k]

    def _embed(self, entry: FaqEntry) -> NDArray[np.float32]:
        return self._encoder.encode([entry.question, *entry.wordings])

    def _is_rebuild_wanted(self) -> bool:
        with suppress(StoreError):
            self._catch_up()
        return self._vectors.is_damaged

    def _stage(self, entries: list[FaqEntry], change: VectorChange) -> None:
        if entries:
            self._index(dict(zip(self._catalogue.stage(entries), entries, strict=True)), change)

    def _index(self, entries: dict[RowId, FaqEntry], change: VectorChange) -> None:
        if not entries:
            return
        wordings = [text for e in entries.values() for text in (e.question, *e.wordings)]
        if not change.is_void:
            change.add(entries, self._encoder.encode(wordings))
        cuts = {row: tokenize_entry(entry) for row, entry in entries.items()}
        self._words.change({row: (entry, cuts[row]) for row, entry in entries.items()})
        self._catalogue.keep_terms(cuts)
        self._catalogue.keep_sounds(words_to_hear(wordings))

    def _mend_vectors(self) -> None:
        """Make damaged vectors anew, unless another process is making them."""
        if self._vectors.is_damaged and self._rebuild_of_vectors is not None:
            self._rebuild_of_vectors.run(set_aside=True)
            self._vectors.reopen()

    def _rebuild(self) -> None:
        with self._alone():
            self._sweep()
            if self._rebuild_of_vectors is None:
                self._rebuild_on_the_server()
            elif not self._rebuild_of_vectors.run(set_aside=False):
                raise StoreBusyError(
                    "another process is making the vectors anew; wait until it has finished"
                )
            self._cut_anew()
            self._words = self._word_folders.rebuild()
            self._seen = -1
            self._catch_up()

    def _cut_anew(self) -> None:
        self._catalogue.forget_sounds()
        rows = self._catalogue.rows()
        while some := dict(islice(rows, BATCH)):
            wordings = [text for e in some.values() for text in (e.question, *e.wordings)]
            self._catalogue.keep_terms({row: tokenize_entry(entry) for row, entry in some.items()})
            self._catalogue.keep_sounds(words_to_hear(wordings))

    def _rebuild_on_the_server(self) -> None:
        self._catalogue.publish({"encoder": _REBUILDING})  # others must stop searching
        self._vectors.clear()
        change, rows = self._vectors.change(), self._catalogue.rows()
        while some := dict(islice(rows, BATCH)):
            wordings = [text for e in some.values() for text in (e.question, *e.wordings)]
            change.add(some, self._encoder.encode(wordings))
        self._catalogue.publish({"encoder": self.encoder_fingerprint})

    def _sweep(self) -> None:
        """Take out of the indexes what is not live: dead, or staged by a writer that died."""
        left = self._catalogue.rows_to_sweep()
        if left:
            self._vectors.sweep({row: range(wordings) for row, wordings in left})
            self._words.change({}, (row for row, _ in left))
            self._catalogue.forget([row for row, _ in left])

    def _catch_up(self) -> None:
        """See what another process has changed.

        Raises:
            StoreError: It has embedded the entries with another encoder.
        """
        revision = self._catalogue.revision
        if revision != self._seen:
            with self._reloading:
                if revision != self._seen:
                    self._check_encoder()
                    if self._epoch != (epoch := self._catalogue.fact(EPOCH)):
                        self._catalogue.forget_cached()
                        self._epoch = epoch
                    self._vectors.reopen()
                    self._reload_words()
                    self._seen = revision

    def _reload_words(self) -> None:
        try:
            self._words.reload()
        except DamagedFileError:
            self._words = self._word_folders.open()

    def _alone(self) -> AbstractContextManager[object]:
        return _acquired(self._writing)


def write_lock(data_dir: Path) -> AbstractContextManager[object]:
    """Keep everybody else from writing to a store while the block lasts.

    Raises:
        StoreBusyError: Another process has been writing for longer than ten seconds.
        UnwritableError: The disk is full or read-only.
    """
    return _acquired(FileLock(data_dir / _LOCK))


def _acquired(lock: BaseFileLock) -> AbstractContextManager[object]:
    try:
        return lock.acquire(timeout=WRITE_LOCK_TIMEOUT)
    except Timeout as error:
        raise StoreBusyError(
            "another process is writing to the store; wait until it has finished, and start again"
        ) from error
    except OSError as error:
        raise UnwritableError(
            f"{lock.lock_file} cannot be written ({error.strerror}); what is in can still be read. "
            "Make room or set the permissions right, and start again"
        ) from error
