"""BERT's forward pass in numpy, for questions that should not wait for torch to be imported.

Importing torch and transformers takes most of a server's start and a third of its memory, and all
the server needs of them is one small network. What comes out is what ``text2vec.SentenceModel``
gives for the same folder, to about 1e-6.

Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers, NAACL 2019.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from scipy.special import erf
from threadpoolctl import ThreadpoolController
from tokenizers import Tokenizer

Floats = NDArray[np.float32]

_PLAIN = {"model_type": "bert", "hidden_act": "gelu", "is_decoder": False}
_SQRT_HALF = np.float32(0.5**0.5)


class NumpyBert:
    """A BERT whose last hidden states are averaged. Several threads may use one at once.

    Args:
        folder: A Hugging Face model folder that :meth:`can_load`.
        max_tokens: Where longer texts are cut.

    Raises:
        ValueError: A tensor that belongs to a BERT is missing or of another shape.
    """

    def __init__(self, folder: Path, max_tokens: int = 256) -> None:
        config = _config(folder)
        self.dimension = int(config["hidden_size"])
        self.n_workers = os.cpu_count() or 1
        self._n_heads = int(config["num_attention_heads"])
        self._epsilon = np.float32(config["layer_norm_eps"])
        self._weights = {
            name.removeprefix("bert."): np.ascontiguousarray(tensor, np.float32)
            for name, tensor in load_file(folder / "model.safetensors").items()
        }
        self._layers = [f"encoder.layer.{n}." for n in range(config["num_hidden_layers"])]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        longest = min(max_tokens, int(config["max_position_embeddings"]))
        self._tokenizer.enable_truncation(longest)
        pad = int(config.get("pad_token_id") or 0)
        self._tokenizer.enable_padding(pad_id=pad)
        self._blas = ThreadpoolController()
        try:
            self.embed(["政"])
        except (KeyError, ValueError) as error:
            raise ValueError(f"its weights do not fit its config.json: {error}") from error

    @staticmethod
    def can_load(folder: Path) -> bool:
        """Whether a folder holds a BERT as published, with the files that are read here."""
        if not all((folder / name).is_file() for name in ("model.safetensors", "tokenizer.json")):
            return False
        config = _config(folder)
        positions = config.get("position_embedding_type", "absolute")
        return positions == "absolute" and all(
            config.get(key, value) == value for key, value in _PLAIN.items()
        )

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return one vector for each text, not of length 1, shape (n, dimension)."""
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = np.array([text.ids for text in encoded])
        mask = np.array([text.attention_mask for text in encoded], np.float32)
        # Its matrices are small: OpenBLAS' other threads would wait for each other, busily, and
        # take ten times the processor's time for a question.
        with self._blas.limit(limits=1, user_api="blas"):
            hidden = self._hidden_states(ids, mask)
        summed = (hidden * mask[:, :, None]).sum(1)
        mean: Floats = summed / np.maximum(mask.sum(1, keepdims=True), np.float32(1e-9))
        return mean

    def _hidden_states(self, ids: NDArray[np.int64], mask: Floats) -> Floats:
        """Of the last layer, (n, n_tokens, dimension)."""
        table = self._weights
        words = table["embeddings.word_embeddings.weight"][ids]
        places = table["embeddings.position_embeddings.weight"][: ids.shape[1]]
        kinds = table["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(words + places + kinds, "embeddings.LayerNorm")
        hidden_places = (1 - mask)[:, None, None, :] * np.float32(-1e9)
        for layer in self._layers:
            attended = self._attend(x, hidden_places, layer + "attention.self.")
            attended = self._linear(attended, layer + "attention.output.dense")
            x = self._norm(x + attended, layer + "attention.output.LayerNorm")
            inner = _gelu(self._linear(x, layer + "intermediate.dense"))
            inner = self._linear(inner, layer + "output.dense")
            x = self._norm(x + inner, layer + "output.LayerNorm")
        return x

    def _attend(self, x: Floats, hidden_places: Floats, name: str) -> Floats:
        n, n_tokens, width = x.shape
        heads = (n, n_tokens, self._n_heads, width // self._n_heads)
        query, key, value = (
            self._linear(x, name + part).reshape(heads).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) * np.float32(heads[-1] ** -0.5) + hidden_places
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed: Floats = (scores @ value).transpose(0, 2, 1, 3).reshape(x.shape)
        return mixed

    def _linear(self, x: Floats, name: str) -> Floats:
        # As one product of two matrices: numpy multiplies a stack of them one by one.
        flat = x.reshape(-1, x.shape[-1]) @ self._weights[name + ".weight"].T
        flat += self._weights[name + ".bias"]
        return flat.reshape(*x.shape[:-1], -1)

    def _norm(self, x: Floats, name: str) -> Floats:
        x = x - x.mean(-1, keepdims=True)
        x /= np.sqrt((x * x).mean(-1, keepdims=True) + self._epsilon)
        x *= self._weights[name + ".weight"]
        x += self._weights[name + ".bias"]
        return x


def _gelu(x: Floats) -> Floats:
    """The exact one, x times the normal distribution's share below x."""
    x *= np.float32(0.5) * (1 + erf(x * _SQRT_HALF))
    return x


def _config(folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
    return config
