"""The encoder's eight-bit graph: what it is made of, and what it is equal to."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from transformers import BertModel

from retrievers.encoder import SentenceEncoder
from retrievers.training import __main__ as training
from retrievers.training.model import new_config, save
from retrievers.training.tokenizer import build_tokenizer, build_vocabulary

TEXTS = [
    "怎么办理第一项手续",
    "第一项",
    "办理",
    "手续怎么办理第一项第一项怎么办",
    "怎么办第一项手续",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT, exported in eight bits."""
    place = tmp_path_factory.mktemp("models")
    vocabulary = build_vocabulary([(text, 5.0) for text in TEXTS], n_words=5, n_pieces=10, fewest=1)
    torch.manual_seed(0)
    config = new_config(len(vocabulary), hidden=32, layers=3, heads=4)
    config.initializer_range = 0.3
    save(BertModel(config), build_tokenizer(vocabulary, longest=32), place / "trained")
    (place / "texts.tsv").write_text("".join(f"{text}\t1\n" for text in TEXTS), "utf-8")
    command = ["export", "--init", str(place / "trained"), "--out", str(place / "exported")]
    assert training.main([*command, "--calibrate", str(place / "texts.tsv")]) == 0
    return place / "exported"


def in_torch(folder: Path, place: Path) -> SentenceEncoder:
    shutil.copytree(folder, place, ignore=shutil.ignore_patterns("model.onnx"))
    return SentenceEncoder(place)


def test_eight_bits_are_equal_to_the_same_weights_in_32(folder: Path, tmp_path: Path) -> None:
    found = SentenceEncoder(folder).encode(TEXTS)
    expected = in_torch(folder, tmp_path / "plain").encode(TEXTS)
    assert (found * expected).sum(1).min() > 0.995
    cosines = expected @ expected.T
    assert cosines.min() < 0.95, "or the texts are all alike and nothing was tested"


def test_a_vector_does_not_depend_on_the_texts_beside_it(folder: Path) -> None:
    encoder = SentenceEncoder(folder)
    together = encoder.encode(TEXTS * 20)  # several batches
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS] * 20)
    np.testing.assert_allclose((together * alone).sum(1), 1, atol=1e-3)


def test_the_graph_refers_to_the_weights_and_does_not_repeat_them(folder: Path) -> None:
    with safe_open(folder / "model.safetensors", framework="pt") as weights:
        kinds = {name: weights.get_tensor(name).dtype for name in weights.keys()}  # noqa: SIM118
    assert kinds["embeddings.word_embeddings.weight"] == torch.float8_e4m3fn
    assert kinds["embeddings.position_embeddings.weight"] == torch.float16
    content = (folder / "model.onnx").read_bytes()
    assert b"model.safetensors" in content
    matrix = (folder / "model.safetensors").read_bytes()[-1000:-900]
    assert matrix not in content


def test_a_graph_that_is_cut_off_is_refused(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    content = (broken / "model.onnx").read_bytes()
    (broken / "model.onnx").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="cannot be loaded"):
        SentenceEncoder(broken)


def test_the_fingerprint_follows_the_graph(folder: Path, tmp_path: Path) -> None:
    plain = in_torch(folder, tmp_path / "plain")
    assert plain.fingerprint != SentenceEncoder(folder).fingerprint
