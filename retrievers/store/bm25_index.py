"""The index of words: BM25 over what entries ask and over what they say, on disk.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009. The index
is Tantivy's, which finds the best few among a million in milliseconds and keeps itself on disk.
"""

import itertools
import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import tantivy

from ..base import EVERYWHERE, NATIONWIDE, EntryTerms, FaqEntry, Part, Scope, StoreError
from .catalogue import RowId
from .database import DamagedFileError, UnwritableError

_FILTERS = ("language", "field", "region")
_BUFFER_BYTES = 64 * 2**20
_K1 = 1.2  # how soon the repetition of a term stops to count; Tantivy's
_COMMON = 0.2  # a term in more than this share of the entries finds nothing by itself
_FEWEST_TERMS = 4  # but so many of the rarest are always looked for
_MAGIC = 1337  # at the end of each file of Tantivy's, after its checksum
_UNWRITABLE = ("os error 28", "code: 28", "code: 30", "code: 13", "Lockfile", "LockFailure")
_POSTINGS = 60_000  # occurrences of terms that one search may look through: a millisecond


class Bm25Index:
    """Entries by their words.

    Args:
        path: Folder of the index; made when it is missing.

    Raises:
        DamagedFileError: What is in the folder is no index, or a broken one.
        UnwritableError: The disk is full or read-only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sound: set[str] = set()  # files that were looked at: they never change
        with self._errors_named():
            path.mkdir(parents=True, exist_ok=True)
            self._check_files()
            self._open()

    def _open(self) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("row", indexed=True, fast=True)
        for name in _FILTERS:
            builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("asked", tokenizer_name="whitespace", index_option="freq")
        builder.add_text_field("whole", tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema, path=str(self.path))
        self._look_again()

    def reload(self) -> None:
        """Look at what is on disk now."""
        with self._errors_named():
            self._check_files()
            self._look_again()

    def _look_again(self) -> None:
        self._index.reload()
        self._searcher = self._index.searcher()
        self.idf = lru_cache(maxsize=50_000)(self._rarity)

    def _check_files(self) -> None:
        """Compare files with the checksums at their ends, which Tantivy writes and does not read.

        Raises:
            DamagedFileError: One of them does not agree with its own.
        """
        for path in sorted(self.path.iterdir()):
            if path.suffix in (".json", ".lock") or path.name in self._sound:
                continue
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue  # a writer has just merged it with others
            size, magic = struct.unpack("<II", content[-8:]) if len(content) >= 8 else (0, 0)
            body, footer = content[: -8 - size], content[-8 - size : -8]
            try:
                is_sound = magic == _MAGIC and json.loads(footer)["crc"] == zlib.crc32(body)
            except (ValueError, KeyError, TypeError):
                is_sound = False
            if not is_sound and self._is_wanted(path):
                raise DamagedFileError(f"{path} is damaged: its checksum is another")
            if is_sound:
                self._sound.add(path.name)

    def _is_wanted(self, path: Path) -> bool:
        """Whether the index says that the file is part of it, and no writer left it behind."""
        try:
            meta = (self.path / "meta.json").read_text(encoding="utf-8")
        except (OSError, ValueError):
            return False
        return path.name.partition(".")[0] in meta.replace("-", "")

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except OSError as error:
            raise UnwritableError(f"{self.path} cannot be used ({error.strerror})") from error
        except BaseException as error:
            is_panic = type(error).__name__ == "PanicException"  # no Exception, says pyo3
            if not (isinstance(error, Exception) or is_panic):
                raise
            text = " ".join(str(error).split())
            if any(sign in text for sign in _UNWRITABLE):
                raise UnwritableError(f"{self.path} cannot be written ({text})") from error
            raise DamagedFileError(f"{self.path} is damaged ({text})") from error

    @property
    def has_rows(self) -> bool:
        """Whether there is anything in it."""
        return bool(self._searcher.num_docs)

    def rows(self) -> set[RowId]:
        """Every row there is."""
        if not self._searcher.num_docs:
            return set()
        with self._errors_named():
            everything = tantivy.Query.all_query()
            hits = self._searcher.search(everything, self._searcher.num_docs, count=False).hits
            return set(_row_numbers(self._searcher, hits))

    def change(
        self, added: Mapping[RowId, tuple[FaqEntry, EntryTerms]], removed: Iterable[RowId] = ()
    ) -> None:
        """Add entries, cut into terms, and remove rows; on disk when the call returns."""
        with self._errors_named():
            self._change(added, removed)

    def _change(
        self, added: Mapping[RowId, tuple[FaqEntry, EntryTerms]], removed: Iterable[RowId]
    ) -> None:
        writer = self._writer()
        for row in removed:
            writer.delete_documents_by_query(
                tantivy.Query.term_query(self._schema, "row", row, index_option="basic")
            )
        for row, (entry, terms) in added.items():
            asked = list(itertools.chain(*terms.asked))
            document = {
                "row": row,
                "language": entry.language,
                "field": entry.field,
                "region": entry.region or NATIONWIDE,
                "asked": " ".join(asked),
                "whole": " ".join([*asked, *terms.answer]),
            }
            writer.add_document(tantivy.Document.from_dict(document, self._schema))
        writer.commit()
        writer.wait_merging_threads()
        self._look_again()

    def search(
        self, query_terms: Sequence[str], part: Part, k: int, within: Scope = EVERYWHERE
    ) -> dict[RowId, float]:
        """The ``k`` best rows, best first.

        The score is their BM25 as a share of the most that any text could reach, in [0, 1].
        """
        with self._errors_named():
            return self._search(query_terms, part, k, within)

    def _search(
        self, query_terms: Sequence[str], part: Part, k: int, within: Scope
    ) -> dict[RowId, float]:
        wanted = [self._term(part, term) for term in self._telling(query_terms, part)]
        if not wanted:
            return {}
        should, must = tantivy.Occur.Should, tantivy.Occur.Must
        query = tantivy.Query.boolean_query([(should, term) for term in wanted])
        if filters := list(self._filters(within)):
            query = tantivy.Query.boolean_query([(must, query), *((must, f) for f in filters)])
        most = (1 + _K1) * sum(map(self.idf, set(query_terms)))
        hits = self._searcher.search(query, k, count=False).hits
        scores = [float(score) / most for score, _ in hits]
        return dict(zip(_row_numbers(self._searcher, hits), scores, strict=True))

    def _writer(self) -> tantivy.IndexWriter:
        """Return a writer of a folder without what a killed one may have left there.

        Files of deleted rows are named after their segment and a running number, which the next
        writer counts anew: it would want the name of a file that is there, and could never
        commit again.
        """
        writer = self._index.writer(heap_size=_BUFFER_BYTES, num_threads=1)
        writer.garbage_collect_files()
        return writer

    def _telling(self, query_terms: Sequence[str], part: Part) -> Iterator[str]:
        """The terms to look for, the rarest first, until they occur too often together.

        So a search takes as long among a million entries as among a hundred thousand. What
        it is spared are the terms that tell the least.
        """
        searcher, n_postings = self._searcher, 0
        for rank, term in enumerate(sorted(set(query_terms), key=lambda t: -self.idf(t))):
            occurs = searcher.doc_freq(part, term)
            n_postings += occurs
            is_common = occurs >= _COMMON * searcher.num_docs or n_postings > _POSTINGS
            if rank >= _FEWEST_TERMS and is_common:
                continue
            yield term

    def _filters(self, within: Scope) -> Iterator[tantivy.Query]:
        """The conditions of a scope, which add nothing to the score."""
        wanted = {
            "language": [within.language] if within.language else [],
            "field": [within.field] if within.field else [],
            "region": [within.region, NATIONWIDE] if within.region else [],
        }
        for name, values in wanted.items():
            if values:
                terms = [(tantivy.Occur.Should, self._term(name, value)) for value in values]
                yield tantivy.Query.const_score_query(tantivy.Query.boolean_query(terms), 0.0)

    def _term(self, field: str, value: str) -> tantivy.Query:
        option = "freq" if field in ("asked", "whole") else "basic"
        return tantivy.Query.term_query(self._schema, field, value, index_option=option)

    def _rarity(self, term: str) -> float:
        """How much a term says: its inverse document frequency among what entries ask.

        A term that no entry has counts as the rarest: the more of a question is foreign to
        the entries, the less any of them can cover it.
        """
        n = self._searcher.num_docs
        containing = self._searcher.doc_freq("asked", term)
        return float(np.log1p((n - containing + 0.5) / (containing + 0.5)))


def _row_numbers(
    searcher: tantivy.Searcher, hits: Sequence[tuple[Any, tantivy.DocAddress]]
) -> list[RowId]:
    values = searcher.fast_field_values("row", [address for _, address in hits])
    return [int(cast(int, row)) for row in values]  # every document has one
