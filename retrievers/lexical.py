"""BM25 over Chinese words and characters: finds what shares rare words with the question.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
"""

import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import jieba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

K1 = 1.2  # how soon the repetition of a term stops to count
B = 0.75  # how much long documents are held back

jieba.setLogLevel(logging.WARNING)
_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]{2,}")  # a lone digit or letter says nothing


def terms(text: str) -> list[str]:
    """What a text is compared by: words and pairs of characters, or words and their stems.

    >>> terms("补办护照")
    ['补办', '护照', '补', '办', '护', '照', '补办', '办护', '护照']
    >>> terms("Lost passports?")
    ['lost', 'passports', 'passpo']
    """
    found: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", text).lower()):
        if run.isascii():
            found += [run, run[:6]] if len(run) > 6 else [run]
        else:
            found += [word for word in jieba.cut(run) if len(word) > 1]
            found += run
            found += [run[i : i + 2] for i in range(len(run) - 1)]
    return found


class LexicalIndex:
    """Documents that can be scored against a question.

    Args:
        documents: Texts; the scores come in their order.
    """

    def __init__(self, documents: Sequence[str]) -> None:
        counts = [Counter(terms(text)) for text in documents]
        self._column: dict[str, int] = {}
        for count in counts:
            for term in count:
                self._column.setdefault(term, len(self._column))
        rows = [row for row, count in enumerate(counts) for _ in count]
        columns = [self._column[term] for count in counts for term in count]
        frequency = np.array([n for count in counts for n in count.values()], np.float32)
        n_containing = np.bincount(columns, minlength=len(self._column))
        self._idf: NDArray[np.float32] = _idf(n_containing, len(documents))
        # A term that no document has counts as the rarest: the more of a question is
        # foreign to the documents, the less any of them can cover it.
        self._idf_unknown = float(_idf(np.zeros(1), len(documents))[0])
        length = np.array([count.total() for count in counts], np.float32)
        relative = 1 - B + B * length / (length.mean() if len(length) else 1)
        saturated = frequency / (frequency + K1 * relative[rows])
        shape = (len(documents), len(self._column))
        self._weights = sparse.csr_matrix((saturated * self._idf[columns], (rows, columns)), shape)

    def scores(self, query: str) -> NDArray[np.float32]:
        """How much of the question each document covers, shape (n_documents,), in [0, 1]."""
        asked = Counter(terms(query))
        vector = np.zeros(len(self._column), np.float32)
        whole = 0.0
        for term in asked:
            column = self._column.get(term)
            if column is None:
                whole += self._idf_unknown
            else:
                vector[column] = 1.0
                whole += float(self._idf[column])
        covered: NDArray[np.float32] = self._weights @ vector
        return covered / whole if whole else covered


def _idf(n_containing: NDArray[np.int64] | NDArray[np.float64], n: int) -> NDArray[np.float32]:
    idf = np.log1p((n - n_containing + 0.5) / (n_containing + 0.5))
    return idf.astype(np.float32)
