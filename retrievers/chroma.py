"""The store: a Chroma collection in which every wording of an entry is a vector of its own."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

import chromadb
import numpy as np
from chromadb.config import Settings

from .base import EVERYWHERE, NATIONWIDE, FaqEntry, Passage, Scope, StoreError
from .encoder import SentenceEncoder
from .faq_files import from_record, to_record

COLLECTION = "zhengwen-faq"
SHIPPED_ENCODER = Path(__file__).resolve().parent.parent / "assets" / "encoder"
WORDINGS_PER_ENTRY = 6  # how many vectors of one entry may crowd out others in a search
BATCH = 256  # wordings embedded and written at a time


class ChromaStore:
    """Entries in a persistent Chroma collection.

    Args:
        data_dir: The collection lies in ``data_dir/chroma``.
        encoder: A folder with a BERT sentence encoder. The store remembers which one
            filled it: vectors of two encoders cannot be compared.

    Raises:
        StoreError: Another encoder filled this store.
        OSError: The encoder folder is missing.
        ValueError: The encoder folder is broken.
    """

    def __init__(self, data_dir: Path, *, encoder: str | Path = SHIPPED_ENCODER) -> None:
        self._encoder = SentenceEncoder(encoder)
        self.encoder_fingerprint = self._encoder.fingerprint
        path = data_dir / "chroma"
        path.mkdir(parents=True, exist_ok=True)
        client = chromadb.PersistentClient(path, Settings(anonymized_telemetry=False))
        self._collection = client.get_or_create_collection(
            COLLECTION,
            embedding_function=None,  # ours are made here; Chroma's own would be downloaded
            configuration={"hnsw": {"space": "cosine"}},
            metadata={"encoder": self._encoder.fingerprint},
        )
        filled_by = (self._collection.metadata or {}).get("encoder")
        if filled_by != self._encoder.fingerprint:
            raise StoreError(
                f"{path} was filled by another sentence encoder, and their vectors cannot be "
                f"compared. Delete {path} and start again to embed the entries anew"
            )

    def add(self, entries: Iterable[FaqEntry]) -> None:
        """Insert entries, replacing those with the same ``faq_id``."""
        waiting = iter(entries)
        while some := list(islice(waiting, BATCH // WORDINGS_PER_ENTRY)):
            self.remove(entry.faq_id for entry in some)
            ids, texts, metadatas = [], [], []
            for entry in some:
                for i, text in enumerate((entry.question, *entry.wordings)):
                    ids.append(f"{entry.faq_id}#{i}")
                    texts.append(text)
                    metadatas.append(_metadata(entry, carries_entry=i == 0))
            self._collection.add(
                ids=ids,
                documents=texts,
                metadatas=cast(Any, metadatas),
                embeddings=self._encoder.encode(texts),
            )

    def remove(self, faq_ids: Iterable[str]) -> None:
        """Delete entries; an unknown id is not an error."""
        unwanted = list(faq_ids)
        if unwanted:
            self._collection.delete(where=cast(Any, {"faq_id": {"$in": unwanted}}))

    def nearest(self, query: str, *, k: int, within: Scope = EVERYWHERE) -> list[Passage]:
        """Return at most ``k`` passages of different entries, best first.

        The score is the cosine between the query and the closest wording of the
        entry, negative values counting as 0.
        """
        found = self._collection.query(
            query_embeddings=self._encoder.encode([query]),
            n_results=k * WORDINGS_PER_ENTRY,
            where=_where(within),
            include=["metadatas", "distances"],
        )
        metadatas, distances = found["metadatas"], found["distances"]
        assert metadatas is not None and distances is not None  # both were asked for
        scores: dict[str, float] = {}
        for metadata, distance in zip(metadatas[0], distances[0], strict=True):
            scores.setdefault(str(metadata["faq_id"]), float(np.clip(1 - distance, 0, 1)))
        best = dict(list(scores.items())[:k])
        if not best:
            return []
        entries = {entry.faq_id: entry for entry in self._entries([f"{i}#0" for i in best])}
        return [Passage(entries[faq_id], score) for faq_id, score in best.items()]

    def __iter__(self) -> Iterator[FaqEntry]:
        yield from self._entries(None)

    def __len__(self) -> int:
        """How many entries there are."""
        ids: list[str] = self._collection.get(where={"first": True}, include=[])["ids"]
        return len(ids)

    def _entries(self, ids: list[str] | None) -> Iterator[FaqEntry]:
        where = {"first": True} if ids is None else None
        found = self._collection.get(ids=ids, where=cast(Any, where), include=["metadatas"])
        for metadata in found["metadatas"] or ():
            yield from_record(json.loads(str(metadata["entry"])))


def _metadata(entry: FaqEntry, *, carries_entry: bool) -> dict[str, str | bool]:
    """What a vector knows: enough to filter by, and on the first one the whole entry."""
    known: dict[str, str | bool] = {
        "faq_id": entry.faq_id,
        "first": carries_entry,
        "language": entry.language,
        "field": entry.field,
        "region": entry.region or NATIONWIDE,
    }
    if carries_entry:
        known["entry"] = json.dumps(to_record(entry), ensure_ascii=False)
    return known


def _where(scope: Scope) -> Any:
    conditions: list[dict[str, Any]] = []
    if scope.language:
        conditions.append({"language": scope.language})
    if scope.field:
        conditions.append({"field": scope.field})
    if scope.region:
        conditions.append({"region": {"$in": [scope.region, NATIONWIDE]}})
    if len(conditions) > 1:
        return {"$and": conditions}
    return conditions[0] if conditions else None
