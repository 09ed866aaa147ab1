"""Vectors that ship beside the sample knowledge base, so that a first start need not make them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zhengwen.assets import asset
from zhengwen.atomic_write import atomic_path

SHIPPED_VECTORS = asset("faq", "vectors.npz")


@dataclass(frozen=True, slots=True, eq=False)
class PrecomputedVectors:
    """What an encoder made of texts."""

    encoder: str
    """Its fingerprint; see :class:`~retrievers.encoder.SentenceEncoder`."""
    keys: NDArray[np.uint64]
    """Of each text, see :func:`_keys`; ascending, shape (n,)."""
    vectors: NDArray[np.float16]
    """Of length 1, shape (n, dimension)."""

    @classmethod
    def collect(
        cls, encoder: str, texts: Sequence[str], vectors: NDArray[np.float32]
    ) -> "PrecomputedVectors":
        """Keep one vector of each different text; ``texts`` are normalised."""
        keys, rows = np.unique(_keys(texts), return_index=True)
        return cls(encoder, keys, vectors[rows].astype(np.float16))

    @classmethod
    def load(cls, path: Path, encoder: str) -> "PrecomputedVectors | None":
        """Read what :meth:`save` wrote; None if it is not there or another encoder made it.

        Raises:
            ValueError: It is not such a file.
        """
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as stored:
                if str(stored["encoder"]) != encoder:
                    return None
                return cls(encoder, stored["keys"], stored["vectors"])
        except (OSError, KeyError, ValueError, EOFError) as error:
            raise ValueError(f"{path} holds no vectors ({error}); delete it") from error

    def save(self, path: Path) -> None:
        """Write a file for :meth:`load`."""
        with atomic_path(path) as partial, partial.open("wb") as file:
            np.savez(file, encoder=self.encoder, keys=self.keys, vectors=self.vectors)

    def find(self, texts: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Which of some normalised texts are known, shape (n,), and the vectors of those."""
        keys = _keys(texts)
        rows = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        known = self.keys[rows] == keys
        return known, self.vectors[rows[known]].astype(np.float32)


def _keys(texts: Sequence[str]) -> NDArray[np.uint64]:
    """64 bits of each text's SHA-256: that two of a million texts share them is most unlikely."""
    digests = b"".join(hashlib.sha256(text.encode()).digest()[:8] for text in texts)
    return np.frombuffer(digests, np.uint64)
