"""The tokenizer: single Chinese characters, and word pieces for everything else.

A traditional character or a full-width sign is a *variant* of the character that training
sees in its place. It has its own entry in the vocabulary, and gets a copy of the other's
vector when the model is exported, so that the folder reads both scripts without a converter.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import BertTokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_FOREIGN = re.compile(r"[a-z]+|[0-9]+")
_SIGNS = "，。？！：；（）％＋－／～＂＇＃＆＊＠［］＜＞＝"


def read_variants(paths: Iterable[Path]) -> dict[str, str]:
    """Learn which traditional character stands for which simplified one.

    Args:
        paths: Files of JSON lines in which a field ``x`` (traditional) and a field ``x_s``
            (simplified) hold the same text, character by character.

    Returns:
        Variant to the character it is a variant of, full-width signs included.
    """
    seen: Counter[tuple[str, str]] = Counter()
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            for name in sorted(row.keys() & {name.removesuffix("_s") for name in row}):
                simplified = row.get(f"{name}_s")
                if simplified and len(simplified) == len(row[name]):
                    seen.update(zip(row[name], simplified, strict=True))
    best: dict[str, str] = {}
    for (character, simplified), _ in seen.most_common():
        best.setdefault(character, simplified)
    variants = {variant: plain for variant, plain in best.items() if variant != plain}
    variants |= {sign: unicodedata.normalize("NFKC", sign) for sign in _SIGNS}
    return variants


def build_vocabulary(
    texts: Iterable[str], variants: dict[str, str], *, fewest: int, pieces: int
) -> list[str]:
    """Return the tokens in the order of their ids.

    Args:
        texts: Normalised text.
        variants: As returned by :func:`read_variants`.
        fewest: A character has to occur this often, unless it is among the 3,755 most common
            ones of GB 2312, which are always in.
        pieces: How many pieces of Latin words and numbers.
    """
    characters: Counter[str] = Counter()
    foreign: Counter[str] = Counter()
    for text in texts:
        lowered = text.lower()
        characters.update(lowered)
        foreign.update(_FOREIGN.findall(lowered))
    common = {bytes((row, cell)).decode("gb2312", "ignore")
              for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)}  # fmt: skip
    single = {c for c, n in characters.items() if n >= fewest and not c.isspace()}
    single = {c for c in single if unicodedata.category(c)[0] in "LNPS"}
    single |= (common - {""}) | set(variants) | set(variants.values())
    words = _train_pieces(foreign, pieces)
    return SPECIAL + words + sorted(single - set(words))


def build_tokenizer(vocabulary: list[str], *, longest: int) -> BertTokenizer:
    """Return a tokenizer that splits like BERT's: lower case, each Chinese character alone."""
    return BertTokenizer(
        vocab={token: index for index, token in enumerate(vocabulary)},
        do_lower_case=True,
        model_max_length=longest,
    )


def _train_pieces(words: Counter[str], size: int) -> list[str]:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordPieceTrainer(vocab_size=size, show_progress=False, min_frequency=5)
    repeated = (" ".join([word] * count) for word, count in words.items())
    tokenizer.train_from_iterator(repeated, trainer)
    vocabulary = tokenizer.get_vocab()
    return sorted(vocabulary, key=vocabulary.__getitem__)
