"""The tokenizer: frequent Chinese words, single characters for the rest, pieces of Latin words.

BERT's own tokenizer for Chinese sees single characters, and a network needs depth to put words
together from them. Two layers do better when the words that people use all the time come ready.
Which words a sentence is cut into is decided by their frequencies (a unigram language model:
Kudo, "Subword Regularization", 2018), and a word that is not in the vocabulary falls apart into
its characters, so that nothing is unknown.
"""

import json
import logging
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import jieba
import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import (
    Regex,
    Tokenizer,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
HAN = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"[a-z]+|[0-9]+")
_RUNS = r"[a-z]+|[0-9]+|[\u3400-\u9fff]+|[^a-z0-9\u3400-\u9fff]"
_LONGEST_WORD = 5
_CHARACTER_PENALTY = 1.0  # how much less likely a single character is than its count says, in nats

jieba.setLogLevel(logging.WARNING)


def build_vocabulary(
    texts: Iterable[tuple[str, float]], *, n_words: int, n_pieces: int, fewest: float = 5
) -> dict[str, float]:
    """Return the tokens in the order of their ids, each with its log probability.

    Args:
        texts: Folded text, and how much its words count.
        n_words: How many Chinese words of two to five characters.
        n_pieces: How many pieces of Latin words and numbers.
        fewest: A character has to count this much, unless it is among the 3,755 most common
            ones of GB 2312, which are always in.
    """
    characters: Counter[str] = Counter()
    words: Counter[str] = Counter()
    latin: Counter[str] = Counter()
    for text, weight in texts:
        lowered = text.lower()
        for counter, found in (
            (characters, lowered),
            (words, (word for run in HAN.findall(lowered) for word in jieba.cut(run))),
            (latin, _LATIN.findall(lowered)),
        ):
            for token in found:
                counter[token] += weight  # type: ignore[assignment]  # counts are weighted
    common = {bytes((row, cell)).decode("gb2312", "ignore")
              for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)} - {""}  # fmt: skip
    single = {c for c, n in characters.items() if n >= fewest}
    single = {c for c in single if unicodedata.category(c)[0] in "LNPS"} | common
    longer = [word for word, n in words.most_common() if 2 <= len(word) <= _LONGEST_WORD]
    total = sum(words.values())
    scores = {c: math.log(max(words[c], 0.5) / total) - _CHARACTER_PENALTY for c in single}
    scores |= {word: math.log(words[word] / total) for word in longer[:n_words]}
    scores |= _pieces(latin, n_pieces)
    return dict.fromkeys(SPECIAL, 0.0) | {token: scores[token] for token in sorted(scores)}


def build_tokenizer(vocabulary: dict[str, float], *, longest: int) -> PreTrainedTokenizerFast:
    """Return the tokenizer of a vocabulary; it lowers case and cuts at ``longest`` tokens."""
    tokenizer = Tokenizer(models.Unigram(list(vocabulary.items()), unk_id=SPECIAL.index("[UNK]")))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(_RUNS), "isolated")]
    )
    start, end = ((token, SPECIAL.index(token)) for token in ("[CLS]", "[SEP]"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[start, end]
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=longest,
    )


def split_characters(text: str) -> str:
    """Set Chinese characters apart, so that the tokenizer sees no words.

    >>> split_characters("补办ID证")
    ' 补  办 ID 证 '
    """
    return HAN.sub(lambda run: "".join(f" {character} " for character in run[0]), text)


def _pieces(words: Counter[str], size: int) -> dict[str, float]:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.UnigramTrainer(
        vocab_size=size,
        show_progress=False,
        unk_token="[UNK]",
        special_tokens=["[UNK]"],
        max_piece_length=12,
    )
    repeated = (" ".join([word] * max(1, round(count))) for word, count in words.items())
    tokenizer.train_from_iterator(repeated, trainer)
    return {
        token: score
        for token, score in json.loads(tokenizer.to_str())["model"]["vocab"]
        if token != "[UNK]"
    }


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
            some = [
                split_characters(text) if spelt else text for text in texts[start : start + 10_000]
            ]
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
            mask = np.arange(ids.shape[1]) < lengths[positions][:, None]  # any token may have id 0
            yield positions, torch.from_numpy(ids), torch.from_numpy(mask).long()
