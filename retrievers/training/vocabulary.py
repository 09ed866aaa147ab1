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
from collections.abc import Iterable

import jieba
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
_RELUCTANCE = 1.0  # how much less likely a single character is than its count says, in nats

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
    scores = {c: math.log(max(words[c], 0.5) / total) - _RELUCTANCE for c in single}
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


def spell(text: str) -> str:
    """Set Chinese characters apart, so that the tokenizer sees no words.

    >>> spell("补办ID证")
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
