"""Tokenised text in flat arrays, and batches that waste little on padding."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from .vocabulary import spell


class TokenisedTexts:
    """Texts as token ids, one after the other in a single array.

    Args:
        texts: Normalised texts.
        tokenizer: What splits them.
        longest: Tokens kept of each, the two at its ends included.
        spelt: Whether Chinese is taken character by character.
    """

    def __init__(
        self,
        texts: Sequence[str],
        tokenizer: PreTrainedTokenizerFast,
        *,
        longest: int,
        spelt: bool = False,
    ) -> None:
        ids: list[NDArray[np.int32]] = []
        for start in range(0, len(texts), 10_000):
            some = [spell(text) if spelt else text for text in texts[start : start + 10_000]]
            encoded = tokenizer(some, truncation=True, max_length=longest)
            ids.extend(np.asarray(row, np.int32) for row in encoded["input_ids"])
        self._flat = np.concatenate(ids)
        self._ends = np.cumsum([len(row) for row in ids])

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        start = self._ends[index - 1] if index else 0
        return self._flat[start : self._ends[index]]

    def chunks(
        self, chosen: NDArray[np.int64], *, rows: int
    ) -> Iterator[tuple[NDArray[np.int64], torch.Tensor, torch.Tensor]]:
        """Cut a batch into pieces of similar length.

        Args:
            chosen: Indices of the texts, shape (n,).
            rows: Texts in each piece, at most.

        Yields:
            Positions in ``chosen``, shape (m,); token ids and attention mask, both int64 of
            shape (m, longest of the piece).
        """
        lengths = np.array([len(self[index]) for index in chosen])
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), rows):
            positions = order[start : start + rows]
            ids = np.zeros((len(positions), lengths[positions].max()), np.int64)
            for row, position in enumerate(positions):
                ids[row, : lengths[position]] = self[chosen[position]]
            tokens = torch.from_numpy(ids)
            yield positions, tokens, (tokens != 0).long()
