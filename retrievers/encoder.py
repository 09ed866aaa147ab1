"""Sentences become vectors as text2vec makes them, from a folder on this machine.

A folder with a graph, such as the one that ships, runs in ONNX Runtime (:mod:`.bert`), in eight
bits and without torch; any other model that text2vec can load is left to it and to torch.
"""

import hashlib
import importlib.util
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from zhengwen.assets import asset

from .bert import GRAPH_FILE, OnnxBert
from .precomputed import SHIPPED_VECTORS, PrecomputedVectors
from .text.normalization import normalize_text

# Set before the libraries are imported: they read it once. Nothing here may look for a network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

SHIPPED_ENCODER = asset("encoder")
_BATCH = 32
_MAX_TOKENS = 256
_SHARED = 4  # texts; so many are worth sharing between threads
_REMEMBERED = 64  # single texts: a question is asked about by several parts of a reply
_MANY = 100  # texts; so many are worth looking up whether their vectors are there already
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_TOKENIZERS = ("tokenizer.json", "vocab.txt")
_FINGERPRINTED = (*_WEIGHTS, GRAPH_FILE, *_TOKENIZERS)


class SentenceEncoder:
    """A BERT whose last hidden states are averaged, as text2vec does.

    Several threads may use one encoder at once.

    Args:
        folder: A Hugging Face model folder: the one that ships, or a bigger BERT such as
            text2vec-base-chinese or bge-small-zh.

    Attributes:
        dimension: Length of a vector.
        fingerprint: SHA-256 over weights, graph and tokenizer, hexadecimal; vectors of encoders
            with different fingerprints must not be compared.

    Raises:
        FileNotFoundError: ``folder`` is missing or lacks a part of a model.
        ValueError: ``folder`` is there but cannot be loaded.
    """

    dimension: int
    fingerprint: str

    def __init__(self, folder: Path | str) -> None:
        folder = Path(folder)
        self.fingerprint = _fingerprint(folder)
        try:
            self._model: _Model = (
                OnnxBert(folder, _MAX_TOKENS)
                if (folder / GRAPH_FILE).is_file()
                else Text2VecModel(folder, _MAX_TOKENS)
            )
        except Exception as error:
            raise ValueError(
                f"the sentence encoder at {folder} cannot be loaded ({error}); copy the whole "
                "model folder again"
            ) from error
        self.dimension = self._model.dimension
        self._embed_single = lru_cache(_REMEMBERED)(lambda text: self._model.embed([text])[0])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector of length 1 for each text, shape (n, dimension).

        Full-width and compatibility forms (NFKC) and traditional characters are folded first.
        What is longer than 256 tokens is cut. An empty text has a vector too, close to nothing
        in particular.
        """
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        folded = [normalize_text(text) for text in texts]
        if len(folded) == 1:
            vector = self._embed_single(folded[0])
            return np.array([vector / np.linalg.norm(vector)], np.float32)
        vectors = np.empty((len(folded), self.dimension), np.float32)
        missing = self._copy_precomputed(folded, vectors)
        shortest_first = sorted(missing, key=lambda row: len(folded[row]))
        batches = [shortest_first[i : i + _BATCH] for i in range(0, len(shortest_first), _BATCH)]

        def embed(rows: list[int]) -> None:
            vectors[rows] = self._model.embed([folded[row] for row in rows])

        if len(batches) == 1:
            embed(batches[0])
        else:
            with ThreadPoolExecutor(self._model.n_workers) as workers:
                for _ in workers.map(embed, batches):
                    pass
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def _copy_precomputed(
        self, folded: Sequence[str], vectors: NDArray[np.float32]
    ) -> Sequence[int]:
        """Write the vectors that ship into their rows; return the rows of the other texts."""
        every = range(len(folded))
        if len(folded) < _MANY:
            return every
        shipped = PrecomputedVectors.load(SHIPPED_VECTORS, self.fingerprint)
        if shipped is None:
            return every
        known, found = shipped.find(folded)
        vectors[known] = found
        return [row for row in every if not known[row]]


def shared_encoder(folder: Path | str) -> SentenceEncoder:
    """The encoder of a folder; one for all who ask while its files are the same.

    Raises:
        FileNotFoundError: See :class:`SentenceEncoder`.
        ValueError: See :class:`SentenceEncoder`.
    """
    folder = Path(folder)
    files = sorted(folder.glob("*")) if folder.is_dir() else []
    state = tuple((p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files)
    return _encoder_of(folder, state)


@lru_cache(maxsize=2)
def _encoder_of(folder: Path, state: tuple[tuple[str, int, int], ...]) -> SentenceEncoder:
    return SentenceEncoder(folder)


class _Model(Protocol):
    dimension: int
    n_workers: int
    """How many threads share many texts; a model may have threads of its own."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class Text2VecModel:
    """``text2vec.SentenceModel``, for whatever it can load. Several threads may use one at once."""

    n_workers = 1

    def __init__(self, folder: Path, max_tokens: int) -> None:
        self._lock = threading.Lock()
        self._model = _load(folder)
        config = self._model.bert.config
        self.dimension = int(config.hidden_size)
        self._longest = min(max_tokens, int(config.max_position_embeddings))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector for each text, not of length 1, shape (n, dimension)."""
        # SentenceModel.encode does this too, and as much again around it: for a single question
        # its progress bar and its moving between devices double the time.
        import torch

        with self._lock:  # the tokenizer keeps its padding between calls
            tokens = self._model.tokenizer(
                list(texts),
                max_length=self._longest,
                padding=True,
                truncation=True,
                return_tensors="pt",
            )
        with torch.inference_mode(), _threads(1 if len(texts) < _SHARED else None):
            pooled: NDArray[np.float32] = self._model.get_sentence_embeddings(**tokens).numpy()
        return pooled


@contextmanager
def _threads(n: int | None) -> Iterator[None]:
    """Let torch use so many threads, for the caller's work alone; None changes nothing.

    A question is too little work to share: on an idle machine threads gain nothing, and on a
    busy one they wait for each other for a hundred milliseconds. Torch keeps the number for
    each thread, but one that first uses torch within these milliseconds inherits it.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fingerprint(folder: Path) -> str:
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no sentence encoder at {folder}: it is no folder. Name a folder with "
            "config.json, model.safetensors and a tokenizer"
        )
    present = [folder / name for name in _FINGERPRINTED if (folder / name).is_file()]
    missing = [
        what
        for what, names in {
            "config.json": ("config.json",),
            "weights (model.safetensors)": _WEIGHTS,
            "a tokenizer (tokenizer.json or vocab.txt)": _TOKENIZERS,
        }.items()
        if not any((folder / name).is_file() for name in names)
    ]
    if missing:
        raise FileNotFoundError(
            f"the sentence encoder at {folder} lacks {', '.join(missing)}; copy the whole model "
            "folder again"
        )
    digest = hashlib.sha256()
    for path in present:
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _load(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from transformers.utils import logging as transformers_logging

        sentence_model = _sentence_model_class()

        loud = transformers_logging.get_verbosity()
        transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model = sentence_model(str(folder), device="cpu")
        finally:
            transformers_logging.set_verbosity(loud)
    # 16-bit weights save disk; on a CPU they are slower and less exact than 32-bit ones.
    model.bert.to(torch.float32).eval()
    return model


@cache
def _sentence_model_class() -> Any:
    """``text2vec.SentenceModel``, without what ``import text2vec`` imports beside it.

    The package imports its trainers, data sets and search engines (datasets, pandas, jieba's
    tagger) whatever is asked for, which takes as long again as torch and transformers together.
    The module with the model needs none of them, so it is imported under a package that is
    empty meanwhile; whoever imports text2vec later gets all of it.
    """
    if "text2vec" in sys.modules:
        return importlib.import_module("text2vec").SentenceModel
    spec = importlib.util.find_spec("text2vec")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("No module named 'text2vec'", name="text2vec")
    package = ModuleType("text2vec")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["text2vec"] = package
    try:
        return importlib.import_module("text2vec.sentence_model").SentenceModel
    finally:
        for name in [n for n in sys.modules if n.partition(".")[0] == "text2vec"]:
            del sys.modules[name]
