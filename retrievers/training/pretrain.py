"""Masked-language-model pre-training: guess the characters that were covered."""

import numpy as np
import torch
from torch import nn
from transformers import BertModel, PreTrainedTokenizerFast

from .loop import LossFunction
from .tokenizer import TokenisedTexts

_COVERED = 0.2
_IGNORED = -100


class MaskedLanguageModel(nn.Module):
    """The encoder with a head over the vocabulary that shares the input vectors."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        hidden = encoder.config.hidden_size
        self.encoder = encoder
        self.transform = nn.Sequential(
            nn.Linear(hidden, hidden), nn.GELU(), nn.LayerNorm(hidden, eps=1e-12)
        )
        self.bias = nn.Parameter(torch.zeros(encoder.config.vocab_size))

    def forward(
        self,
        tokens: torch.Tensor,
        mask: torch.Tensor,
        positions: torch.Tensor,
        targets: torch.Tensor,
    ) -> torch.Tensor:
        """Return the summed loss over the targets that are not ignored; a scalar."""
        hidden = self.encoder(tokens, attention_mask=mask, position_ids=positions).last_hidden_state
        asked = targets != _IGNORED
        table = self.encoder.embeddings.word_embeddings.weight
        scores = self.transform(hidden[asked]) @ table.T + self.bias
        return nn.functional.cross_entropy(scores.float(), targets[asked], reduction="sum")


def masked_language_step(
    module: MaskedLanguageModel,
    texts: TokenisedTexts,
    tokenizer: PreTrainedTokenizerFast,
    *,
    batch: int,
    rows: int,
    precision: torch.dtype,
) -> LossFunction:
    """Return the step that :func:`~retrievers.training.loop.train` repeats.

    Of the tokens 20 % are asked for: 80 % of them covered, 10 % replaced, 10 % left as they are.
    In one batch of eight the text does not start at position 0, so that every position the
    network has is trained although most texts are short.
    """
    n_special = len(tokenizer.all_special_ids)

    def step_loss(rng: np.random.Generator) -> torch.Tensor:
        chosen = rng.integers(len(texts), size=batch)
        moved = rng.random() < 1 / 8
        total, count = torch.zeros(()), 0
        for _, tokens, mask in texts.chunks(chosen, rows=rows):
            length = tokens.shape[1]
            start = int(rng.integers(256 - length)) if moved else 0
            draw = torch.from_numpy(rng.random(tokens.shape))
            asked = (draw < _COVERED) & (tokens >= n_special)
            targets = torch.where(asked, tokens, _IGNORED)
            wrong = torch.from_numpy(rng.integers(n_special, len(tokenizer), tokens.shape))
            covered = torch.where(asked & (draw < 0.9 * _COVERED), wrong, tokens)
            covered[asked & (draw < 0.8 * _COVERED)] = tokenizer.mask_token_id
            positions = torch.arange(start, start + length).unsqueeze(0)
            with torch.autocast("cpu", precision, enabled=precision != torch.float32):
                total = total + module(covered, mask, positions, targets)
            count += int(asked.sum())
        return total / max(1, count)

    return step_loss
