"""The index of vectors: a Chroma collection, in this process or on a server."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import chromadb
import numpy as np
from chromadb.api import ClientAPI
from chromadb.config import Settings
from numpy.typing import NDArray

from ..base import NATIONWIDE, FaqEntry, Scope, StoreError
from .catalogue import RowId
from .database import DamagedFileError, UnwritableError

COLLECTION = "zhengwen"
_READ_AT_ONCE = 10_000
_AT_ONCE = 5000  # vectors written in one call; Chroma takes at most 5,461
_WRITE_AT_ONCE = {"sync_threshold": 1, "batch_size": 1}
"""Chroma writes what it is given to its index on disk before the call returns. By default up to
1,000 vectors stay in a log, and each process that opens the folder puts them into the graph again,
which takes seconds."""
_UNWRITABLE = ("disk is full", "readonly database", "unable to open database", "os error")


def client_settings() -> Settings:
    """Settings for one client; Chroma refuses two clients of a folder whose settings differ.

    They are new for each client, since Chroma writes into them where the client connects to: a
    client of a folder that is given the settings of a client of a server looks for that server.
    """
    return Settings(anonymized_telemetry=False)


class VectorIndex:
    """One vector for each wording of each entry.

    Args:
        path: Folder of Chroma's own files, made when it is missing; used when there is no server.
        server: Address of a Chroma server, e.g. ``"http://127.0.0.1:8000"``, or None.

    Raises:
        DamagedFileError: By every method: what is in the folder cannot be used.
        UnwritableError: By every method: Chroma has to write into the folder even for reading,
            and cannot.
        StoreError: By every method: the server cannot be reached.
    """

    def __init__(self, path: Path, *, server: str | None = None) -> None:
        self._path = path
        self._server = server
        self._lock = threading.Lock()
        self._client: ClientAPI | None = None
        with self._lock, self._errors_named():
            self._open()

    def close(self) -> None:
        """Let go of the folder, after the search that is under way; nothing works from then on."""
        with self._lock:
            if self._client is not None and self._server is None:
                self._client.close()  # type: ignore[attr-defined]  # not in its interface
            self._client = None

    def clear(self) -> None:
        """Delete every vector."""
        with self._use():
            self._client.delete_collection(COLLECTION)  # type: ignore[union-attr]
            self._open()

    def __len__(self) -> int:
        """How many vectors there are."""
        with self._use():
            return self._collection.count()

    def wordings(self) -> dict[RowId, set[int]]:
        """Which wordings of each row have a vector; the question is wording 0.

        Every vector is read, and must have the length 1.
        """
        found: defaultdict[RowId, set[int]] = defaultdict(set)
        with self._use():
            for start in range(0, self._collection.count(), _READ_AT_ONCE):
                some = self._collection.get(
                    limit=_READ_AT_ONCE, offset=start, include=["embeddings"]
                )
                lengths = np.linalg.norm(np.asarray(some["embeddings"]), axis=-1)
                if not np.allclose(lengths, 1.0, atol=0.01):
                    raise DamagedFileError(f"{self._place} holds vectors that are none")
                for name in some["ids"]:
                    row, _, wording = name.partition("#")
                    found[int(row)].add(int(wording))
        return dict(found)

    def add(self, entries: Mapping[RowId, FaqEntry], vectors: NDArray[np.float32]) -> None:
        """Write the vectors of all wordings of the entries, one after the other.

        Each wording is written beside its vector, with the id of its entry, for others who open
        the collection: :mod:`retrievers.langchain` says how.
        """
        ids, metadatas, wordings = [], [], []
        for row, entry in entries.items():
            known = {
                "faq_id": entry.faq_id,
                "language": entry.language,
                "field": entry.field,
                "region": entry.region or NATIONWIDE,
            }
            for i, wording in enumerate((entry.question, *entry.wordings)):
                ids.append(f"{row}#{i}")
                metadatas.append(known)
                wordings.append(wording)
        with self._use():
            for start in range(0, len(ids), _AT_ONCE):
                some = slice(start, start + _AT_ONCE)
                # Upserted, since a writer that died here may have written them before.
                self._collection.upsert(
                    ids=ids[some],
                    embeddings=vectors[some],
                    metadatas=cast(Any, metadatas[some]),
                    documents=wordings[some],
                )

    def remove(self, rows: Mapping[RowId, Iterable[int]]) -> None:
        """Delete the vectors of these wordings of each row."""
        ids = [f"{row}#{i}" for row, wordings in rows.items() for i in wordings]
        with self._use():
            for start in range(0, len(ids), _AT_ONCE):
                self._collection.delete(ids=ids[start : start + _AT_ONCE])

    def search(
        self, vector: NDArray[np.float32], k: int, within: Scope | None = None
    ) -> dict[RowId, float]:
        """Rows of the ``k`` nearest vectors with their best cosine, negative ones as 0.

        Args:
            vector: Shape (dimension,).
            k: How many vectors; a row may have several of them.
            within: Let Chroma filter; slow in a big collection.
        """
        with self._use():
            found = self._collection.query(
                query_embeddings=vector[None],
                n_results=k,
                where=_where(within) if within else None,
                include=["distances"],
            )
        distances = found["distances"]
        assert distances is not None  # they were asked for
        best: dict[RowId, float] = {}
        for name, distance in zip(found["ids"][0], distances[0], strict=True):
            best.setdefault(int(name.partition("#")[0]), min(max(1.0 - distance, 0.0), 1.0))
        return best

    @property
    def _place(self) -> str:
        return self._server or str(self._path)

    def _open(self) -> None:
        self._client = self._connect()
        self._collection = self._client.get_or_create_collection(
            COLLECTION,
            embedding_function=None,  # ours are made here; Chroma's own would be downloaded
            configuration={"hnsw": {"space": "cosine", **_WRITE_AT_ONCE}},  # type: ignore[arg-type]
        )

    @contextmanager
    def _use(self) -> Iterator[None]:
        with self._lock, self._errors_named():
            if self._client is None:
                raise StoreError(f"{self._place} was closed")
            yield

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        """Errors of Chroma and of its Rust part become ours."""
        try:
            yield
        except (StoreError, OSError):
            raise
        except BaseException as error:
            is_panic = type(error).__name__ == "PanicException"  # no Exception, says pyo3
            if not (isinstance(error, Exception) or is_panic):
                raise
            raise self._explained(error) from error

    def _explained(self, error: BaseException) -> StoreError:
        text = " ".join(str(error).split())
        if self._server is not None:
            return StoreError(f"the Chroma server at {self._server} cannot be used ({text})")
        if any(sign in text for sign in _UNWRITABLE):
            return UnwritableError(f"{self._path} cannot be written ({text})")
        return DamagedFileError(f"{self._path} is damaged ({text})")

    def _connect(self) -> ClientAPI:
        settings = client_settings()
        if self._server is None:
            self._path.mkdir(parents=True, exist_ok=True)
            return chromadb.PersistentClient(self._path, settings)
        address = urlsplit(self._server)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise StoreError(f"{self._server!r} is no address of a Chroma server, http://HOST:PORT")
        try:
            return chromadb.HttpClient(
                host=address.hostname,
                port=address.port or (443 if address.scheme == "https" else 8000),
                ssl=address.scheme == "https",
                settings=settings,
            )
        except Exception as error:  # Chroma raises ValueError, httpx its own
            raise StoreError(
                f"there is no Chroma server at {self._server} ({error}); start it with "
                f"'chroma run --path FOLDER --port {address.port or 8000}'"
            ) from error


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
