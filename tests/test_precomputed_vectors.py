"""Vectors that ship with the sample base: all are there, and they are what the encoder makes."""

import re
from pathlib import Path

import numpy as np
import pytest

from retrievers.encoder import SentenceEncoder
from retrievers.precomputed import SHIPPED_VECTORS, PrecomputedVectors
from retrievers.store.chroma import SHIPPED_ENCODER
from retrievers.store.faq_files import read_folder
from retrievers.text.normalization import normalize_text

FAQ = Path(__file__).parent.parent / "assets" / "faq"


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder(SHIPPED_ENCODER)


@pytest.fixture(scope="module")
def asked() -> list[str]:
    entries = read_folder(FAQ)
    return [normalize_text(t) for e in entries for t in (e.question, *e.wordings)]


def test_the_sample_base_is_whole(encoder: SentenceEncoder, asked: list[str]) -> None:
    """If not: python -m retrievers.training vectors assets/encoder --faq assets/faq --out FILE."""
    shipped = PrecomputedVectors.load(SHIPPED_VECTORS, encoder.fingerprint)
    assert shipped is not None, "they were made by another encoder"
    known, vectors = shipped.find(asked)
    assert known.all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=2e-3)


def test_they_are_what_the_encoder_makes_and_others_are_made(
    encoder: SentenceEncoder, asked: list[str]
) -> None:
    unknown = [f"没有人这样问过第{i}次" for i in range(5)]
    mixed = [*unknown, *asked[:200:4], *asked[1:200:3]]
    together = encoder.encode(mixed)
    alone = np.concatenate([encoder.encode([text]) for text in mixed[:30]])
    assert (together[:30] * alone).sum(1).min() > 0.999


def test_those_of_another_encoder_are_not_taken(tmp_path: Path) -> None:
    made = PrecomputedVectors.collect("a", ["x", "y", "x"], np.eye(3, dtype=np.float32))
    made.save(tmp_path / "v.npz")
    assert PrecomputedVectors.load(tmp_path / "v.npz", "b") is None
    assert PrecomputedVectors.load(tmp_path / "none.npz", "a") is None
    kept = PrecomputedVectors.load(tmp_path / "v.npz", "a")
    assert kept is not None
    known, vectors = kept.find(["z", "y"])
    assert known.tolist() == [False, True]
    assert vectors.tolist() == [[0, 1, 0]]


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "v.npz").write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match=re.escape(str(tmp_path / "v.npz"))):
        PrecomputedVectors.load(tmp_path / "v.npz", "a")
