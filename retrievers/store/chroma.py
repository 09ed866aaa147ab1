"""The store that ships: a catalogue, found in by vectors (Chroma) and by words."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path

from filelock import FileLock, Timeout

from zhengwen.assets import asset

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
from ..encoder import SentenceEncoder
from ..text.sounds import words_to_hear
from ..text.tokenization import tokenize, tokenize_entry
from .bm25_index import Bm25Index
from .catalogue import Catalogue, RowId
from .vector_index import VectorIndex

SHIPPED_ENCODER = asset("encoder")
WORDINGS_PER_ENTRY = 6  # how many vectors of one entry may crowd out others in a search
BATCH = 1000  # entries staged at a time
WIDEST = 1000  # vectors looked at before Chroma has to filter them itself
WRITE_LOCK_TIMEOUT = 10.0  # s a writer waits for another one
_REBUILDING = "rebuilding"  # remembered in the place of the encoder


class ChromaStore:
    """Entries that are kept whole and can be found while they change.

    The catalogue (:mod:`~retrievers.store.catalogue`) says what there is; a Chroma collection
    and an index of words help to find it. Any number of processes may search while one writes; they
    see the change with their next search.

    Args:
        data_dir: The store lies in ``catalogue.sqlite``, ``chroma`` and ``words`` in it.
        encoder: A folder with a BERT sentence encoder. The store remembers which one
            filled it: vectors of two encoders cannot be compared.
        server: Address of a Chroma server that keeps the vectors, e.g.
            ``"http://127.0.0.1:8000"``; by default they are kept in ``data_dir/chroma``.
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
        self._encoder = SentenceEncoder(encoder)
        self.encoder_fingerprint = self._encoder.fingerprint
        self._catalogue = Catalogue(data_dir / "catalogue.sqlite")
        self._writing = FileLock(data_dir / "writing.lock")
        self._vectors = VectorIndex(data_dir / "chroma", server=server)
        self._words = Bm25Index(data_dir / "words")
        self._reloading = threading.Lock()
        self._seen = self._catalogue.revision
        if rebuild:
            self._rebuild()
        self._check_encoder()

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
            self._sweep()
            self._catalogue.remember("encoder", self.encoder_fingerprint)
            waiting, done = iter(added), 0
            try:
                while some := list(islice(waiting, BATCH)):
                    self._stage([e for e in some if not self._catalogue.unchanged(e)])
                    done += len(some)
                    progress(done)
                self._catalogue.flip(removed)
            finally:
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
            wrong: list[str] = []
            left = self._catalogue.rows_to_sweep()
            if left:
                wrong.append(f"{len(left)} entries that an interrupted change left behind")
            live = dict(self._catalogue.rows())
            swept = {row for row, _ in left}
            vectors = {row: n for row, n in self._vectors.wordings().items() if row not in swept}
            words = self._words.rows() - swept
            bare = {r for r, e in live.items() if vectors.get(r) != {*range(1 + len(e.wordings))}}
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
                self._sweep()
                unwanted = bare | mute | strange
                self._vectors.remove({r: vectors[r] for r in unwanted & vectors.keys()})
                self._words.change({}, unwanted)
                self._index({row: live[row] for row in sorted(bare | mute)})
                self._catalogue.flip()  # nothing but the revision: others must look again
            return wrong

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
            passages = self._passages(found, within, k)
            if len(passages) >= k or wide >= min(WIDEST, len(self._vectors)):
                break
            wide *= 4
        if len(passages) < k and wide < len(self._vectors) and within != EVERYWHERE:
            found = self._vectors.search(vector, k * WORDINGS_PER_ENTRY, within)
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

    def _stage(self, entries: list[FaqEntry]) -> None:
        if not entries:
            return
        self._index(dict(zip(self._catalogue.stage(entries), entries, strict=True)))

    def _index(self, entries: dict[RowId, FaqEntry]) -> None:
        wordings = [text for e in entries.values() for text in (e.question, *e.wordings)]
        self._vectors.add(entries, self._encoder.encode(wordings))
        cuts = {row: tokenize_entry(entry) for row, entry in entries.items()}
        self._words.change({row: (entry, cuts[row]) for row, entry in entries.items()})
        self._catalogue.keep_terms(cuts)
        self._catalogue.keep_sounds(words_to_hear(wordings))

    def _rebuild(self) -> None:
        with self._alone():
            self._sweep()
            self._catalogue.remember("encoder", _REBUILDING)
            self._catalogue.flip()  # only the revision changes: others must stop searching
            self._vectors.clear()
            self._words.clear()
            self._catalogue.forget_sounds()
            rows = self._catalogue.rows()
            while some := dict(islice(rows, BATCH)):
                self._index(some)
            self._catalogue.remember("encoder", self.encoder_fingerprint)
            self._catalogue.flip()  # nothing but the revision: others must look again

    def _sweep(self) -> None:
        """Take out of the indexes what is not live: dead, or staged by a writer that died."""
        left = self._catalogue.rows_to_sweep()
        if left:
            self._vectors.remove({row: range(wordings) for row, wordings in left})
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
                    self._vectors.reload()
                    self._words.reload()
                    self._seen = revision

    def _alone(self) -> AbstractContextManager[object]:
        try:
            return self._writing.acquire(timeout=WRITE_LOCK_TIMEOUT)
        except Timeout as error:
            raise StoreBusyError(
                "another process is writing to the store; wait until it has finished, and "
                "start again"
            ) from error
