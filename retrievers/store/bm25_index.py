"""The index of words: BM25 over what entries ask and over what they say, on disk.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009. The index
is Tantivy's, which finds the best few among a million in milliseconds and keeps itself on disk.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import tantivy

from ..base import EVERYWHERE, NATIONWIDE, EntryTerms, FaqEntry, Part, Scope
from .catalogue import RowId

_FILTERS = ("language", "field", "region")
_BUFFER_BYTES = 64 * 2**20
_K1 = 1.2  # how soon the repetition of a term stops to count; Tantivy's
_COMMON = 0.2  # a term in more than this share of the entries finds nothing by itself
_FEWEST_TERMS = 4  # but so many of the rarest are always looked for
_POSTINGS = 60_000  # occurrences of terms that one search may look through: a millisecond


class Bm25Index:
    """Entries by their words.

    Args:
        path: Folder of the index; made when it is missing.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("row", indexed=True, fast=True)
        for name in _FILTERS:
            builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("asked", tokenizer_name="whitespace", index_option="freq")
        builder.add_text_field("whole", tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema, path=str(path))
        self.reload()

    def reload(self) -> None:
        """Look at what is on disk now."""
        self._index.reload()
        self._searcher = self._index.searcher()
        self.idf = lru_cache(maxsize=50_000)(self._rarity)

    def rows(self) -> set[RowId]:
        """Every row there is."""
        if not self._searcher.num_docs:
            return set()
        everything = tantivy.Query.all_query()
        hits = self._searcher.search(everything, self._searcher.num_docs, count=False).hits
        return set(_row_numbers(self._searcher, hits))

    def change(
        self, added: Mapping[RowId, tuple[FaqEntry, EntryTerms]], removed: Iterable[RowId] = ()
    ) -> None:
        """Add entries, cut into terms, and remove rows; on disk when the call returns."""
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
        self.reload()

    def clear(self) -> None:
        """Delete everything."""
        writer = self._writer()
        writer.delete_all_documents()
        writer.commit()
        self.reload()

    def search(
        self, query_terms: Sequence[str], part: Part, k: int, within: Scope = EVERYWHERE
    ) -> dict[RowId, float]:
        """The ``k`` best rows, best first.

        The score is their BM25 as a share of the most that any text could reach, in [0, 1].
        """
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
