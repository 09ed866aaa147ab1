"""The network: new, grown, pooled, and written to a folder."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoTokenizer, BertConfig, BertModel, PreTrainedTokenizerFast

from .tokenizer import HAN, TokenisedTexts


def new_config(vocabulary: int, *, hidden: int, layers: int, heads: int) -> BertConfig:
    """Return the architecture: BERT for at most 256 tokens, without dropout.

    Dropout is off because training sees each sentence only a few times.
    """
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * hidden,
        max_position_embeddings=256,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def add_layers(model: BertModel, layers: int) -> BertModel:
    """Return a copy with more layers that starts out computing the same.

    The added layers lie on top, and what they add to their input starts at zero. The scale and
    shift of the last normalisation move to the new top: below it the hidden states are plainly
    normalised, which the normalisations of the added layers leave as they are.

    Raises:
        ValueError: ``layers`` is less than the model already has.
    """
    if layers < model.config.num_hidden_layers:
        raise ValueError(
            f"the model has {model.config.num_hidden_layers} layers and cannot shrink to {layers}"
        )
    config = BertConfig.from_dict(model.config.to_dict() | {"num_hidden_layers": layers})
    grown = BertModel(config)
    trained = model.state_dict()
    grown.load_state_dict(trained, strict=False)
    for name, weight in grown.named_parameters():
        if name not in trained and name.endswith("output.dense.weight"):
            nn.init.zeros_(weight)
    old_top, new_top = _last_normalisation(model), _last_normalisation(grown)
    if old_top != new_top:
        norms = dict(grown.named_modules())
        norms[new_top].load_state_dict(norms[old_top].state_dict())
        nn.init.ones_(norms[old_top].get_parameter("weight"))
        nn.init.zeros_(norms[old_top].get_parameter("bias"))
    return grown


def _last_normalisation(model: BertModel) -> str:
    layers = model.config.num_hidden_layers
    return f"encoder.layer.{layers - 1}.output.LayerNorm" if layers else "embeddings.LayerNorm"


def pool(model: BertModel, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean of the last hidden states, normalised; float32, shape (n, hidden)."""
    hidden = model(tokens, attention_mask=mask).last_hidden_state.float()
    weights = mask.unsqueeze(-1).float()
    mean = (hidden * weights).sum(1) / weights.sum(1)
    return nn.functional.normalize(mean, dim=1)


def embed(
    model: BertModel, texts: TokenisedTexts, chosen: NDArray[np.int64], *, rows: int
) -> torch.Tensor:
    """Return the vectors of the chosen texts, in their order; float32, shape (n, hidden)."""
    positions, vectors = [], []
    for at, tokens, mask in texts.chunks(chosen, rows=rows):
        positions.append(torch.from_numpy(at))
        vectors.append(pool(model, tokens, mask))
    order = torch.argsort(torch.cat(positions))
    return torch.cat(vectors)[order]


def load(folder: Path) -> tuple[BertModel, PreTrainedTokenizerFast]:
    """Read a model folder, with its weights in 32 bit."""
    model = BertModel.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    return model, tokenizer


def average(
    model: BertModel, folders: Sequence[Path], shares: Sequence[float] | None = None
) -> None:
    """Give a model the weighted mean of the weights in folders that come from one another.

    Better than each of them; Wortsman et al., "Model soups", 2022, arXiv:2203.05482. The mean of
    a pre-trained model and its fine-tuned form keeps more of what was pre-trained; Wortsman et
    al., "Robust fine-tuning of zero-shot models", 2022, arXiv:2109.01903.

    Args:
        model: Receives the mean.
        folders: Trained from one another.
        shares: One for each folder, adding up to 1; equal if there are none.

    Raises:
        ValueError: Their networks differ, or the shares do not fit.
    """
    shares = shares or [1 / len(folders)] * len(folders)
    if len(shares) != len(folders) or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"{len(folders)} folders need as many shares, adding up to 1")
    states = [
        {
            name: weight.float()
            for name, weight in load_file(folder / "model.safetensors").items()
            if not name.startswith("pooler.")  # unused: vectors are means; not every folder has it
        }
        for folder in folders
    ]
    shapes = [{name: tensor.shape for name, tensor in state.items()} for state in states]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError("only models of one architecture and one vocabulary can be averaged")
    means = {
        name: sum(
            (share * state[name] for share, state in zip(shares, states, strict=True)),
            start=torch.zeros_like(states[0][name]),
        )
        for name in states[0]
    }
    model.load_state_dict(means, strict=False)


def save(
    model: BertModel,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    *,
    dtype: torch.dtype = torch.float32,
    card: str = "",
) -> None:
    """Write a folder that transformers, text2vec and sentence-transformers can load.

    It is written beside its place and moved there at the end: whoever looks finds the old
    folder or the new one, never half of one.

    Args:
        model: What to write.
        tokenizer: What splits its input.
        folder: Where; replaced if it is there.
        dtype: Format of the weights in the file. The configuration says 32 bit in any case,
            so that loaders widen them. With ``torch.float8_e4m3fn`` the large matrices are in 8
            bits and the rest is in 16, and the unused pooler is left out.
        card: Text of ``README.md``.
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "1_Pooling").mkdir(parents=True)
    save_file(
        _narrowed(model.state_dict(), dtype),
        partial / "model.safetensors",
        metadata={"format": "pt"},
    )
    (partial / "model.safetensors").chmod(0o644)
    model.config.architectures = ["BertModel"]
    model.config.dtype = torch.float32
    model.config.save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    compact = json.loads((partial / "tokenizer.json").read_text(encoding="utf-8"))
    (partial / "tokenizer.json").write_text(  # indented it is twice the size
        json.dumps(compact, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    _write_json(
        partial / "modules.json",
        [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {
                "idx": 1,
                "name": "1",
                "path": "1_Pooling",
                "type": "sentence_transformers.models.Pooling",
            },
        ],
    )
    _write_json(
        partial / "1_Pooling" / "config.json",
        {
            "word_embedding_dimension": model.config.hidden_size,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
    )
    _write_json(
        partial / "sentence_bert_config.json",
        {"max_seq_length": model.config.max_position_embeddings, "do_lower_case": False},
    )
    if card:
        (partial / "README.md").write_text(card, encoding="utf-8")
    _swap(partial, folder)


def _narrowed(weights: Mapping[str, torch.Tensor], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    if dtype != torch.float8_e4m3fn:
        return {name: weight.to(dtype).contiguous() for name, weight in weights.items()}
    # Every token has a position and a type: these few numbers are worth their 16 bits.
    exact = ("position_embeddings.weight", "token_type_embeddings.weight")
    return {
        name: weight.to(
            dtype if weight.ndim == 2 and not name.endswith(exact) else torch.float16
        ).contiguous()
        for name, weight in weights.items()
        if not name.startswith("pooler.")
    }


def init_words_from_characters(model: BertModel, tokenizer: PreTrainedTokenizerFast) -> None:
    """Let the vector of every Chinese word start as the mean of its characters', in place.

    A rare word is then never worse than its spelling, and training only has to learn how it
    differs from it.
    """
    vocabulary = tokenizer.get_vocab()
    table = model.embeddings.word_embeddings.weight.data
    for word, index in vocabulary.items():
        if len(word) > 1 and HAN.fullmatch(word):
            spelling = [vocabulary[c] for c in word if c in vocabulary]
            table[index] = table[spelling].mean(0)


def _swap(partial: Path, folder: Path) -> None:
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.rename(folder, old)
    os.rename(partial, folder)
    shutil.rmtree(old, ignore_errors=True)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
