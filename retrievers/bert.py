"""BERT in eight-bit integers, run by ONNX Runtime from a folder that has a graph for it.

Importing torch and transformers takes most of a server's start and a third of its memory, and all
the server needs of them is one small network.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

GRAPH_FILE = "model.onnx"
"""Written by ``python -m retrievers.training export --calibrate``; it refers to the weights."""


class OnnxBert:
    """A BERT whose last hidden states are averaged. Several threads may use one at once.

    The ranges of its integers were fixed when the graph was written, so what a text becomes does
    not depend on the texts it is run with.

    Args:
        folder: A Hugging Face model folder with :data:`GRAPH_FILE`.
        max_tokens: Where longer texts are cut.

    Raises:
        Exception: ONNX Runtime's own, which have no common class: the graph is broken, or its
            weights are.
    """

    def __init__(self, folder: Path, max_tokens: int = 256) -> None:
        import onnxruntime

        config = json.loads((folder / "config.json").read_text("utf-8"))
        self.dimension = int(config["hidden_size"])
        self.n_workers = os.cpu_count() or 1
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        longest = min(max_tokens, int(config["max_position_embeddings"]))
        self._tokenizer.enable_truncation(longest)
        self._tokenizer.enable_padding(pad_id=int(config.get("pad_token_id") or 0))
        options = onnxruntime.SessionOptions()
        # A question is too little work to share, and many texts are shared between workers.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors
        self._session = onnxruntime.InferenceSession(
            str(folder / GRAPH_FILE), options, providers=["CPUExecutionProvider"]
        )

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector for each text, not of length 1, shape (n, dimension)."""
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = np.array([text.ids for text in encoded], np.int64)
        mask = np.array([text.attention_mask for text in encoded], np.int64)
        hidden = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        summed = np.einsum("nth,nt->nh", hidden, mask.astype(np.float32))
        mean: NDArray[np.float32] = summed / mask.sum(1, keepdims=True).astype(np.float32)
        return mean
