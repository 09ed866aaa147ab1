"""Contrastive training: paraphrases together, look-alikes apart."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import BertModel

from .loop import LossFunction
from .model import embed
from .pairs import LabelledPair
from .tokenizer import TokenisedTexts


class PairTable:
    """Pairs as numbers, drawn so that no big source drowns a small one.

    A source is drawn with the square root of its size times its weight.

    Args:
        pairs: What to train on.
        weights: Source to factor; 1 for those not named.

    Attributes:
        texts: Every different sentence.
    """

    def __init__(self, pairs: Sequence[LabelledPair], weights: dict[str, float]) -> None:
        index: dict[str, int] = {}
        sources: dict[str, int] = {}
        topics: dict[str, int] = {"": -1}
        for pair in pairs:
            index.setdefault(pair.first, len(index))
            index.setdefault(pair.second, len(index))
            sources.setdefault(pair.source, len(sources))
            topics.setdefault(pair.topic, len(topics))
        self.texts = list(index)
        self.first = np.array([index[p.first] for p in pairs])
        self.second = np.array([index[p.second] for p in pairs])
        self.label = np.array([p.label for p in pairs], np.float32)
        self.source = np.array([sources[p.source] for p in pairs])
        self.topic = np.array([topics[p.topic] for p in pairs])
        self._of_source = [np.flatnonzero(self.source == i) for i in range(len(sources))]
        share = np.array(
            [
                weights.get(name, 1.0) * len(rows) ** 0.5
                for name, rows in zip(sources, self._of_source, strict=True)
            ]
        )
        self.shares = dict(zip(sources, share / share.sum(), strict=True))

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """Return the indices of ``n`` pairs, shape (n,)."""
        counts = rng.multinomial(n, list(self.shares.values()))
        drawn = [rng.choice(rows, k) for rows, k in zip(self._of_source, counts, strict=True)]
        return np.concatenate(drawn)


def info_nce(
    first: torch.Tensor,
    second: torch.Tensor,
    close: torch.Tensor,
    alike: torch.Tensor,
    *,
    temperature: float = 0.05,
) -> torch.Tensor:
    """Each sentence of a close pair has to find its partner among all second sentences.

    The second sentences of pairs that are *not* close stay among the candidates: they are the
    hard negatives.

    Args:
        first: Unit vectors, shape (n, d).
        second: Unit vectors of the partners, shape (n, d).
        close: Which pairs are close, bool, shape (n,).
        alike: As returned by :func:`right_answers`.
        temperature: What similarities are divided by.

    Returns:
        Mean loss of the close pairs; 0 if there is none.
    """
    if not close.any():
        return first.sum() * 0
    scores = (first @ second.T / temperature).masked_fill(alike, -1e4)
    return nn.functional.cross_entropy(scores[close], torch.arange(len(first))[close])


def right_answers(
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    close: NDArray[np.bool_],
    topic: NDArray[np.int64],
) -> torch.Tensor:
    """Return which candidates of :func:`info_nce` must not count as wrong, bool, shape (n, n).

    Candidate j is no wrong answer for i if it is i's partner word for word, if j is a close pair
    that starts from the same sentence, or if both have the same topic. The partner itself, on
    the diagonal, is not marked.

    Args:
        left: Numbers of the sentences that look, shape (n,).
        right: Numbers of the candidates, shape (n,).
        close: Which pairs are close, shape (n,).
        topic: Number of the topic or -1, shape (n,).
    """
    alike = right[:, None] == right[None, :]
    alike |= (left[:, None] == left[None, :]) & close[None, :]
    alike |= (topic[:, None] == topic[None, :]) & (topic[:, None] >= 0)
    np.fill_diagonal(alike, False)
    return torch.from_numpy(alike)


def cosent(
    similarity: torch.Tensor, label: torch.Tensor, source: torch.Tensor, *, scale: float = 20.0
) -> torch.Tensor:
    """A pair with a higher label has to be more similar than one with a lower label.

    Only pairs of the same source are compared: data sets do not agree on what a label means.

    Args:
        similarity: Cosines, shape (n,).
        label: Shape (n,).
        source: Number of the data set, shape (n,).
        scale: What differences are multiplied with.
    """
    comparable = (label[:, None] < label[None, :]) & (source[:, None] == source[None, :])
    differences = (scale * (similarity[:, None] - similarity[None, :]))[comparable]
    return torch.logsumexp(torch.cat([torch.zeros(1), differences]), 0)


def contrastive_step(
    model: BertModel,
    table: PairTable,
    texts: TokenisedTexts,
    *,
    batch: int,
    rows: int,
    ranking: float,
    precision: torch.dtype,
) -> LossFunction:
    """Return the step that :func:`~retrievers.training.loop.train` repeats.

    Args:
        model: The encoder to train.
        table: Pairs.
        texts: ``table.texts``, tokenised.
        batch: Pairs in a batch.
        rows: Sentences encoded at a time.
        ranking: Weight of :func:`cosent` beside :func:`info_nce`.
        precision: Format of the matrix products.
    """

    def step_loss(rng: np.random.Generator) -> torch.Tensor:
        drawn = table.draw(rng, batch)
        left, right, topic = table.first[drawn], table.second[drawn], table.topic[drawn]
        label = torch.from_numpy(table.label[drawn])
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            vectors = embed(model, texts, np.concatenate([left, right]), rows=rows)
        first, second = vectors[:batch], vectors[batch:]
        close = label > 0.75
        there = right_answers(left, right, close.numpy(), topic)
        back = right_answers(right, left, close.numpy(), topic)
        contrast = info_nce(first, second, close, there) + info_nce(second, first, close, back)
        order = cosent((first * second).sum(1), label, torch.from_numpy(table.source[drawn]))
        return contrast / 2 + ranking * order

    return step_loss
