"""Fine-tuning a pre-trained BERT: paraphrases, matters with their look-alikes, and answers."""

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import BertModel, PreTrainedTokenizerFast

from ..text.normalization import normalize_text
from .contrastive import cosent
from .loop import LossFunction
from .model import embed
from .pairs import HELD_OUT_PARTS, LabelledPair, is_held_out, open_text
from .tokenizer import TokenisedTexts

SOURCE_WEIGHTS = {
    "bq_train": 6.0,
    "afqmc_train": 4.5,
    "atec": 2.0,
    "lcqmc_dev": 2.0,
    "stsb_train": 1.5,
    "oppo_dev": 1.5,
    "simclue_public": 1.0,
    "triples": 1.0,
    "simclue_pair": 0.7,
    "cmedqq": 0.6,
    "chinese_sts": 0.4,
    "pawsx_train": 0.4,
    "ths": 0.3,
    "ocnli": 0.25,
    "cnli": 0.25,
    "snli_mnli_zh": 0.25,
}
"""How often a data set of labelled pairs is drawn; what is not named here is not drawn."""

NARROW_SOURCES = frozenset({"bq_train", "ths", "atec", "stsb_train", "chinese_sts", "pawsx_train"})
"""Data sets about so few matters that two of their pairs are never each other's negatives."""

ORDER_ONLY_SOURCES = frozenset({"ocnli", "cnli", "snli_mnli_zh", "chinese_sts"})
"""Data sets whose close pairs are no paraphrases: only the order of their labels is learned."""

_LOOK_ALIKES = 6
_CLOSE, _APART = 0.75, 0.25


@dataclass(frozen=True, slots=True)
class Matter:
    """One entry of a knowledge base, in every wording there is for it."""

    topic: str
    texts: tuple[str, ...]
    """Normalised; the first is the entry's question."""
    look_alikes: tuple[str, ...] = ()
    """Topics that are easily confused with it, the nearest first."""


def read_wordings(path: Path) -> dict[str, list[str]]:
    """Read more wordings of entries: a table of entry id, tab, text; ``#`` starts a comment.

    Raises:
        ValueError: A line does not have two columns.
    """
    found: dict[str, list[str]] = defaultdict(list)
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith("#"):
                continue
            columns = line.rstrip("\n").split("\t")
            if len(columns) != 2:
                raise ValueError(f"{path}, line {number}: expected an entry's id, a tab, a wording")
            found[columns[0]].append(columns[1])
    return dict(found)


def asked_by_test_half(questions: Path) -> set[str]:
    """Return the ids of the entries that the ``test`` split of a table of questions asks for.

    Args:
        questions: CSV with the columns ``split`` and ``gold`` (ids joined by ``;``).
    """
    with questions.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    return {name for row in rows for name in row["gold"].split(";") if name}


def matters_to_train_on(
    entries: Iterable[Mapping[str, Any]],
    wordings: Mapping[str, Sequence[str]],
    unseen: set[str],
) -> list[Matter]:
    """Return the entries that may be trained on.

    Left out are those in ``unseen`` and one of five by the hash of its id, the same as in
    :func:`~retrievers.training.pairs.faq_pairs`: development figures are taken on these.

    Args:
        entries: With ``id``, ``question`` and, if there are any, ``wordings``.
        wordings: Entry id to further wordings, such as translations.
        unseen: Ids that must not be trained on.
    """
    matters = []
    for entry in entries:
        name = str(entry["id"])
        if name in unseen or is_held_out(name, parts=HELD_OUT_PARTS):
            continue
        texts = [entry["question"], *entry.get("wordings", ()), *wordings.get(name, ())]
        matters.append(Matter(name, tuple(dict.fromkeys(normalize_text(text) for text in texts))))
    return matters


def mine_look_alikes(
    matters: Sequence[Matter], encode: Callable[[Sequence[str]], NDArray[np.float32]]
) -> list[Matter]:
    """Return the matters, each with those whose question is nearest to its own.

    Only matters in the same script are compared: a translation of the same question is not a
    look-alike, and the base model puts languages apart in any case.

    Args:
        matters: What is compared.
        encode: The model before training: texts to unit vectors, shape (n, d).
    """
    if len(matters) < 2:
        return list(matters)
    vectors = encode([matter.texts[0] for matter in matters])
    latin = np.array([matter.texts[0].isascii() for matter in matters])
    cosine = vectors @ vectors.T
    cosine[latin[:, None] != latin] = -np.inf
    np.fill_diagonal(cosine, -np.inf)
    mined = []
    for matter, row in zip(matters, cosine, strict=True):
        nearest = [int(i) for i in np.argsort(-row)[:_LOOK_ALIKES] if np.isfinite(row[i])]
        mined.append(Matter(matter.topic, matter.texts, tuple(matters[i].topic for i in nearest)))
    return mined


def write_matters(matters: Iterable[Matter], path: Path) -> None:
    """Write JSON lines: topic, texts, look_alikes."""
    rows = (
        {"topic": m.topic, "texts": list(m.texts), "look_alikes": list(m.look_alikes)}
        for m in matters
    )
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")


def read_matters(path: Path) -> list[Matter]:
    """Read what :func:`write_matters` wrote."""
    with open_text(path) as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    return [Matter(r["topic"], tuple(r["texts"]), tuple(r["look_alikes"])) for r in rows]


@dataclass(slots=True)
class TextBatch:
    """The texts of one step, each once, and what is known about them."""

    texts: list[str] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    """Of each text; texts of one topic mean the same. Empty where it is not known."""
    narrow: list[str] = field(default_factory=list)
    """Of each text, its data set if that is one of :data:`NARROW_SOURCES`, else empty."""
    pairs: list[tuple[int, int, float, str]] = field(default_factory=list)
    """Labelled pairs: two places in ``texts``, the label, the data set."""
    _place: dict[str, int] = field(default_factory=dict)

    def add(self, text: str, *, topic: str = "", source: str = "") -> int:
        """Add a text, unless it is there, and return its place."""
        if text not in self._place:
            self._place[text] = len(self.texts)
            self.texts.append(text)
            self.topics.append(topic)
            self.narrow.append(source if source in NARROW_SOURCES else "")
        return self._place[text]


class FinetuningData:
    """Draws batches in which every kind of evidence has its share.

    Args:
        labelled: Labelled pairs; of each data set in :data:`SOURCE_WEIGHTS`.
        matters: Entries of the knowledge base.
        answers: Questions with the beginning of their answer.
        sources: Data sets in a batch.
        pairs_each: Pairs of each of them, half close and half not.
        n_matters: Entries in a batch, about half of them look-alikes of the others.
        n_answers: Questions with answers in a batch.

    Raises:
        ValueError: There is nothing to draw labelled pairs from.
    """

    def __init__(
        self,
        labelled: Iterable[LabelledPair],
        matters: Sequence[Matter] = (),
        answers: Sequence[LabelledPair] = (),
        *,
        sources: int = 3,
        pairs_each: int = 8,
        n_matters: int = 8,
        n_answers: int = 3,
    ) -> None:
        self._pairs: dict[str, tuple[list[LabelledPair], list[LabelledPair]]] = {}
        for pair in labelled:
            if pair.source in SOURCE_WEIGHTS:
                apart, close = self._pairs.setdefault(pair.source, ([], []))
                (close if pair.label > 0.5 else apart).append(pair)
        if not self._pairs:
            raise ValueError(f"no labelled pairs of any of: {', '.join(SOURCE_WEIGHTS)}")
        self._matters = {matter.topic: matter for matter in matters}
        self._topics = list(self._matters)
        self._answers = list(answers)
        self._sources, self._pairs_each = min(sources, len(self._pairs)), pairs_each
        self._n_matters, self._n_answers = min(n_matters, len(self._topics)), n_answers

    def draw(self, rng: np.random.Generator) -> TextBatch:
        """Return a batch that depends on ``rng`` alone."""
        batch = TextBatch()
        names = list(self._pairs)
        share = np.array([SOURCE_WEIGHTS[name] for name in names])
        for at in rng.choice(len(names), self._sources, replace=False, p=share / share.sum()):
            for side in self._pairs[names[at]]:
                wanted = min(self._pairs_each // 2, len(side))
                for row in rng.choice(len(side), wanted, replace=False) if wanted else ():
                    pair = side[row]
                    first = batch.add(pair.first, source=pair.source)
                    second = batch.add(pair.second, source=pair.source)
                    batch.pairs.append((first, second, pair.label, pair.source))
        for topic in self._draw_topics(rng):
            texts = self._matters[topic].texts
            for at in rng.choice(len(texts), min(len(texts), 3), replace=False):
                batch.add(texts[at], topic=topic)
        for at in rng.integers(len(self._answers), size=self._n_answers) if self._answers else ():
            pair = self._answers[at]
            topic = f"answer: {pair.first}"
            batch.add(pair.first, topic=topic)
            batch.add(pair.second, topic=topic)
        return batch

    def _draw_topics(self, rng: np.random.Generator) -> list[str]:
        chosen: dict[str, None] = {}
        while len(chosen) < self._n_matters:
            seed = self._topics[rng.integers(len(self._topics))]
            chosen[seed] = None
            near = [t for t in self._matters[seed].look_alikes if t in self._matters]
            if near and len(chosen) < self._n_matters:
                chosen[near[rng.integers(len(near))]] = None
        return list(chosen)


def batch_loss(vectors: torch.Tensor, batch: TextBatch, *, scale: float) -> torch.Tensor:
    """Return InfoNCE over all texts of the batch plus the mean CoSENT loss of its data sets.

    InfoNCE: a text has to be closer to each text of its meaning than to all others together.
    CoSENT (Su, 2022, "CoSENT: a more effective sentence vector scheme than Sentence-BERT"):
    within a data set, the pair with the higher label has to be the closer one.

    Args:
        vectors: Unit vectors of ``batch.texts``, shape (n, d).
        batch: What was drawn.
        scale: What cosines are multiplied with.
    """
    same, wrong = right_and_wrong(batch)
    similarity = vectors @ vectors.T * scale
    loss = similarity.sum() * 0
    if same.any():
        against = torch.logsumexp(similarity.masked_fill(torch.from_numpy(~wrong), -1e4), 1)
        one, other = (torch.from_numpy(at) for at in np.nonzero(same))
        each = nn.functional.softplus(against[one] - similarity[one, other])
        weight = 1 / torch.from_numpy(same.sum(1).astype(np.float32))[one]
        loss = loss + (each * weight).sum() / weight.sum()
    names = sorted({pair[3] for pair in batch.pairs})
    for name in names:
        rows = [pair for pair in batch.pairs if pair[3] == name]
        cosine = (vectors[[p[0] for p in rows]] * vectors[[p[1] for p in rows]]).sum(1)
        label = torch.tensor([p[2] for p in rows])
        one_source = torch.zeros(len(rows), dtype=torch.long)
        loss = loss + cosent(cosine, label, one_source, scale=scale) / len(names)
    return loss


def right_and_wrong(batch: TextBatch) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which texts mean the same as which, and which count as wrong; each (n, n)."""
    topics, narrow = np.array(batch.topics), np.array(batch.narrow)
    same = (topics[:, None] == topics) & (topics[:, None] != "")
    wrong = ~((narrow[:, None] == narrow) & (narrow[:, None] != ""))
    for first, second, label, source in batch.pairs:
        if label > _CLOSE and source not in ORDER_ONLY_SOURCES:
            same[first, second] = same[second, first] = True
        wrong[first, second] = wrong[second, first] = label < _APART
    np.fill_diagonal(same, False)
    wrong &= ~same
    np.fill_diagonal(wrong, False)
    return same, wrong


def freeze_bottom(model: BertModel, layers: int) -> None:
    """Keep the embeddings and the lowest layers as they were pre-trained, in place.

    A few hundred thousand pairs know far fewer words than pre-training did: words they never
    mention must keep their place beside those they do.

    Raises:
        ValueError: The model has fewer layers, or no layer would be left to train.
    """
    if not 0 <= layers < model.config.num_hidden_layers:
        raise ValueError(
            f"of {model.config.num_hidden_layers} layers, {layers} cannot be kept as they are"
        )
    model.embeddings.requires_grad_(False)
    for layer in model.encoder.layer[:layers]:
        layer.requires_grad_(False)


def finetuning_step(
    model: BertModel,
    data: FinetuningData,
    tokenizer: PreTrainedTokenizerFast,
    *,
    longest: int,
    rows: int,
    scale: float,
    precision: torch.dtype,
) -> LossFunction:
    """Return the step that :func:`~retrievers.training.loop.train` repeats.

    Args:
        model: The encoder to train.
        data: What batches are drawn from.
        tokenizer: The model's.
        longest: Tokens kept of a text.
        rows: Texts encoded at a time.
        scale: See :func:`batch_loss`.
        precision: Format of the matrix products.
    """

    def step_loss(rng: np.random.Generator) -> torch.Tensor:
        batch = data.draw(rng)
        texts = TokenisedTexts(batch.texts, tokenizer, longest=longest)
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            vectors = embed(model, texts, np.arange(len(texts)), rows=rows)
        return batch_loss(vectors, batch, scale=scale)

    return step_loss
