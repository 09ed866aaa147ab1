"""``python -m retrievers.training``: the steps on the command line."""

import argparse
import ctypes
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertModel, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

from ..text.normalization import normalize_text
from . import contrastive, evaluate, finetune, model, pairs, pretrain, tokenizer
from .loop import TrainingSchedule, train
from .tokenizer import TokenisedTexts

SKIPPED = ("webank", "sohu_A", "qbqtc_dev")
"""Sources left out by default: a few broken rows; whole articles; search results."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    _keep_freed_memory()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        options.run(options)
    except (OSError, ValueError, FloatingPointError) as error:
        print(f"retrievers.training: {error}", file=sys.stderr)
        return 1
    return 0


def _tokenizer(options: argparse.Namespace) -> None:
    tokens = tokenizer.build_vocabulary(
        _weighted(options), n_words=options.words, n_pieces=options.pieces
    )
    config = model.new_config(
        len(tokens), hidden=options.hidden, layers=options.layers, heads=options.heads
    )
    torch.manual_seed(options.seed)
    built = tokenizer.build_tokenizer(tokens, longest=config.max_position_embeddings)
    model.save(BertModel(config), built, options.out)
    _say(f"{len(tokens)} tokens, in {options.out}")


def _pretrain(options: argparse.Namespace) -> None:
    encoder, tokenizer = _start(options)
    network = pretrain.MaskedLanguageModel(encoder)
    texts = TokenisedTexts(list(_sentences(options)), tokenizer, longest=options.longest)
    _say(f"{len(texts)} texts")
    step = pretrain.masked_language_step(
        network,
        texts,
        tokenizer,
        batch=options.batch,
        rows=options.rows,
        precision=_precision(options),
    )
    train(network, step, _schedule(options), _checkpoint(options), _say)
    model.save(encoder, tokenizer, options.out)


def _train(options: argparse.Namespace) -> None:
    encoder, tokenizer = _start(options)
    if options.compose:
        model.init_words_from_characters(encoder, tokenizer)
    pairs = [*_labelled(options), *_domain(options)]
    pairs = [pair for pair in pairs if pair.source not in options.skip]
    weights = {name: float(factor) for name, factor in (w.split("=") for w in options.weight)}
    table = contrastive.PairTable(pairs, weights)
    shares = "  ".join(f"{name} {share:.1%}" for name, share in table.shares.items())
    _say(f"{len(pairs)} pairs of {len(table.texts)} sentences: {shares}")
    texts = TokenisedTexts(table.texts, tokenizer, longest=options.longest, spelt=options.spelt)
    step = contrastive.contrastive_step(
        encoder,
        table,
        texts,
        batch=options.batch,
        rows=options.rows,
        ranking=options.ranking,
        precision=_precision(options),
    )
    train(encoder, step, _schedule(options), _checkpoint(options), _say)
    model.save(encoder, tokenizer, options.out)


def _matters(options: argparse.Namespace) -> None:
    encoder, tokenizer = model.load(options.init)
    encoder.train(False)
    wordings: dict[str, list[str]] = {}
    for path in options.wordings:
        for name, texts in finetune.read_wordings(path).items():
            wordings.setdefault(name, []).extend(texts)
    unseen = finetune.asked_by_test_half(options.test) if options.test else set()
    found = finetune.matters_to_train_on(pairs.read_faq(options.faq), wordings, unseen)

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        tokens = TokenisedTexts(texts, tokenizer, longest=options.longest)
        with torch.inference_mode():
            vectors = model.embed(encoder, tokens, np.arange(len(tokens)), rows=options.rows)
        return vectors.numpy()

    finetune.write_matters(finetune.mine_look_alikes(found, encode), options.out)
    _say(f"{len(found)} matters, in {options.out}")


def _finetune(options: argparse.Namespace) -> None:
    torch.manual_seed(options.seed)
    encoder, tokenizer = model.load(options.init)
    finetune.freeze_bottom(encoder, options.frozen)
    data = finetune.FinetuningData(
        _labelled(options),
        finetune.read_matters(options.matters) if options.matters else (),
        [pair for path in options.answers for pair in pairs.answer_pairs(path)],
        sources=options.sources,
        pairs_each=options.pairs_each,
        n_matters=options.n_matters,
    )
    step = finetune.finetuning_step(
        encoder,
        data,
        tokenizer,
        longest=options.longest,
        rows=options.rows,
        scale=options.scale,
        precision=_precision(options),
    )
    train(encoder, step, _schedule(options), _checkpoint(options), _say)
    model.save(encoder, tokenizer, options.out)


def _export(options: argparse.Namespace) -> None:
    encoder, tokenizer = model.load(options.init[0])
    if len(options.init) > 1:
        model.average(encoder, options.init, options.shares)
    card = options.card.read_text(encoding="utf-8") if options.card else ""
    dtype = torch.float8_e4m3fn if options.calibrate else torch.float16
    model.save(encoder, tokenizer, options.out, dtype=dtype, card=card)
    if options.calibrate:
        from . import onnx_export  # onnx is needed for nothing else

        encoder, tokenizer = model.load(options.out)  # as it is after rounding
        encoder.train(False)
        texts = list(_calibration_texts(options.calibrate, options.texts))
        ranges = onnx_export.measure_ranges(encoder, tokenizer, texts, longest=options.longest)
        onnx_export.write_graph(options.out, ranges)
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    _say(f"{options.out}: {size / 2**20:.2f} MiB")


def _calibration_texts(files: Sequence[Path], wanted: int) -> Iterator[str]:
    """Yield lines (of a table: its first column) taken evenly from each file."""
    for path in files:
        with pairs.open_text(path) as lines:
            every = [normalize_text(line.partition("\t")[0]) for line in lines if line.strip()]
        yield from every[:: max(1, len(every) * len(files) // wanted)]


def _vectors(options: argparse.Namespace) -> None:
    from ..encoder import SentenceEncoder
    from ..precomputed import PrecomputedVectors

    options.out.unlink(missing_ok=True)  # or they would be taken from there
    encoder = SentenceEncoder(options.folder)
    asked = [text for e in pairs.read_faq(options.faq) for text in (e["question"], *e["wordings"])]
    texts = list(dict.fromkeys(normalize_text(text) for text in asked))
    made = PrecomputedVectors.collect(encoder.fingerprint, texts, encoder.encode(texts))
    made.save(options.out)
    _say(f"{len(texts)} vectors, in {options.out}")


def _evaluate(options: argparse.Namespace) -> None:
    from ..encoder import SentenceEncoder

    encoder = SentenceEncoder(options.folder)
    figures: dict[str, object] = {}
    if options.pairs:
        _, development = _split(options)
        figures["pairs"] = evaluate.pair_scores(development, encoder.encode)
    for folder in options.questions:
        figures[folder.name] = evaluate.question_scores(folder, encoder.encode)
    if options.faq:
        figures["faq"] = evaluate.faq_scores(pairs.read_faq(options.faq), encoder.encode)
    print(json.dumps(figures, ensure_ascii=False, indent=2))


def _start(options: argparse.Namespace) -> tuple[BertModel, PreTrainedTokenizerFast]:
    torch.manual_seed(options.seed)
    encoder, tokenizer = model.load(options.init)
    return model.add_layers(encoder, options.layers or encoder.config.num_hidden_layers), tokenizer


def _split(
    options: argparse.Namespace,
) -> tuple[list[pairs.LabelledPair], list[pairs.LabelledPair]]:
    labelled = list(pairs.read_pairs(options.pairs)) if options.pairs else []
    if options.triples:
        labelled.extend(pairs.read_triples(options.triples))
    return pairs.split(labelled, pairs.read_questions(options.questions))


def _labelled(options: argparse.Namespace) -> list[pairs.LabelledPair]:
    return _split(options)[0]


def _domain(options: argparse.Namespace) -> Iterator[pairs.LabelledPair]:
    """The pairs that are made here, none of which touches what is held out."""
    if options.faq:
        yield from pairs.faq_pairs(pairs.read_faq(options.faq))
    for path in options.answers:
        yield from pairs.answer_pairs(path)
        yield from pairs.noisy_pairs(p.first for p in pairs.answer_pairs(path))
    for path in options.intents:
        yield from pairs.intent_pairs(path)
    for path in options.dictionary:
        yield from pairs.dictionary_pairs(path)
    for path in options.neighbours:
        yield from pairs.neighbour_pairs(path, every=4)


def _sentences(options: argparse.Namespace) -> Iterator[str]:
    all_pairs = itertools.chain(_labelled(options), _domain(options))
    seen = {text for p in all_pairs if p.source not in options.skip for text in (p.first, p.second)}
    yield from sorted(seen)
    for path in options.passages:
        yield from pairs.read_passages(path, longest=options.characters, every=options.every)


def _weighted(options: argparse.Namespace) -> Iterator[tuple[str, float]]:
    """Words of public services count double: there are fewer of them than of small talk."""
    for pair in (p for p in _labelled(options) if p.source not in options.skip):
        yield pair.first, 0.5
        yield pair.second, 0.5
    for pair in _domain(options):
        weight = {"dictionary": 0.1, "neighbours": 0.5, "noisy": 0.0}.get(pair.source, 2.0)
        yield pair.first, weight
        yield pair.second, weight
    for path in options.passages:
        for text in pairs.read_passages(path, longest=options.characters, every=options.every):
            yield text, 0.3


def _schedule(options: argparse.Namespace) -> TrainingSchedule:
    return TrainingSchedule(
        steps=options.steps,
        learning_rate=options.learning_rate,
        warm_up=min(200, options.steps // 10 + 1),
        seed=options.seed,
        checkpoint_s=options.checkpoint_seconds,
    )


def _checkpoint(options: argparse.Namespace) -> Path:
    path: Path = options.out.with_name(options.out.name + ".checkpoint")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _precision(options: argparse.Namespace) -> torch.dtype:
    """Return the fastest format: without AMX, bfloat16 is many times slower than float32."""
    if options.precision == "auto":
        return torch.bfloat16 if torch.cpu._is_amx_tile_supported() else torch.float32
    return torch.bfloat16 if options.precision == "bfloat16" else torch.float32


def _keep_freed_memory() -> None:
    """Let glibc reuse big blocks; returned to the kernel at each step they double the time."""
    mmap_threshold, trim_threshold, largest = -3, -1, 2**25
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(mmap_threshold, largest)
        libc.mallopt(trim_threshold, 2**31 - 1)


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m retrievers.training", description=__doc__)
    parser.add_argument("--threads", type=int, default=int(os.environ.get("OMP_NUM_THREADS", "1")))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, about: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(run=run)
        return sub

    def pair_options(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--pairs", type=Path, help="table: s1 s2 label source")
        sub.add_argument("--triples", type=Path, help="table: query positive negative")

    def question_option(sub: argparse.ArgumentParser, about: str) -> None:
        sub.add_argument("--questions", type=Path, nargs="*", default=[], help=about)

    def scratch_options(sub: argparse.ArgumentParser) -> None:
        training_options(sub)
        sub.add_argument("--layers", type=int, default=0, help="grow to this many first")
        sub.add_argument("--batch", type=int, default=256, help="texts or pairs in a step")

    def source_options(sub: argparse.ArgumentParser) -> None:
        pair_options(sub)
        unseen = (
            "development sets (kb.jsonl, queries.jsonl); pairs with their sentences are left out"
        )
        question_option(sub, unseen)
        files: dict[str, Any] = {"type": Path, "nargs": "*", "default": []}
        sub.add_argument("--faq", type=Path, help="folder of a knowledge base with wordings")
        sub.add_argument("--answers", **files, help="JSON lines: question, answer")
        sub.add_argument("--intents", **files, help="JSON lines: question, group")
        sub.add_argument("--dictionary", **files, help="Chinese and English, as CC-CEDICT")
        sub.add_argument("--neighbours", **files, help="text; sentences that follow each other")
        sub.add_argument("--skip", nargs="*", default=list(SKIPPED), help="sources to leave out")

    def text_options(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--passages", type=Path, nargs="*", default=[], help="text, by lines")
        sub.add_argument("--every", type=int, default=4, help="one line of so many")
        sub.add_argument("--characters", type=int, default=60, help="longest piece of a passage")

    def training_options(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--init", type=Path, required=True, help="model folder to start from")
        sub.add_argument("--out", type=Path, required=True, help="model folder to write")
        sub.add_argument("--steps", type=int, required=True)
        sub.add_argument("--rows", type=int, default=64, help="sentences encoded at a time")
        sub.add_argument("--longest", type=int, default=64, help="tokens kept of a sentence")
        sub.add_argument("--learning-rate", type=float, default=5e-4)
        sub.add_argument("--seed", type=int, default=0)
        sub.add_argument("--checkpoint-seconds", type=float, default=180.0)
        sub.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")

    sub = command("tokenizer", _tokenizer, "Write a tokenizer and an untrained model folder.")
    source_options(sub)
    text_options(sub)
    sub.add_argument("--out", type=Path, required=True, help="model folder to write")
    sub.add_argument("--words", type=int, default=9000, help="Chinese words of 2 to 5 characters")
    sub.add_argument("--pieces", type=int, default=2500, help="pieces of Latin words and numbers")
    sub.add_argument("--hidden", type=int, default=256)
    sub.add_argument("--layers", type=int, default=0, help="training can add layers later")
    sub.add_argument("--heads", type=int, default=4)
    sub.add_argument("--seed", type=int, default=0)

    sub = command("pretrain", _pretrain, "Train on masked text.")
    scratch_options(sub)
    source_options(sub)
    text_options(sub)

    sub = command("train", _train, "Train on sentence pairs.")
    scratch_options(sub)
    source_options(sub)
    sub.add_argument("--spelt", action="store_true", help="take Chinese character by character")
    sub.add_argument(
        "--compose", action="store_true", help="start each word as the mean of its characters"
    )
    sub.add_argument("--weight", nargs="*", default=[], metavar="SOURCE=FACTOR")
    sub.add_argument("--ranking", type=float, default=0.3, help="weight of the CoSENT loss")

    sub = command("matters", _matters, "Write the entries to fine-tune on, with look-alikes.")
    sub.add_argument("--init", type=Path, required=True, help="model folder that finds look-alikes")
    sub.add_argument("--faq", type=Path, required=True, help="folder of a knowledge base")
    sub.add_argument(
        "--wordings", type=Path, nargs="*", default=[], help="table: entry id, another wording"
    )
    sub.add_argument(
        "--test", type=Path, help="questions.csv; what its test split asks is left out"
    )
    sub.add_argument("--longest", type=int, default=64, help="tokens kept of a sentence")
    sub.add_argument("--rows", type=int, default=64, help="sentences encoded at a time")
    sub.add_argument("--out", type=Path, required=True, help="JSON lines to write")

    sub = command("finetune", _finetune, "Train a pre-trained BERT on pairs, matters and answers.")
    training_options(sub)
    sub.set_defaults(learning_rate=1e-4, longest=48)
    pair_options(sub)
    question_option(sub, "development sets; pairs with their sentences are left out")
    sub.add_argument("--matters", type=Path, help="as written by the command of that name")
    sub.add_argument(
        "--answers", type=Path, nargs="*", default=[], help="JSON lines: question, answer"
    )
    sub.add_argument("--frozen", type=int, default=3, help="lowest layers that stay as they are")
    sub.add_argument("--sources", type=int, default=3, help="data sets in a step")
    sub.add_argument("--pairs-each", type=int, default=8, help="pairs of each of them")
    sub.add_argument("--n-matters", type=int, default=8, help="matters in a step")
    sub.add_argument("--scale", type=float, default=30.0, help="what cosines are multiplied with")

    sub = command("export", _export, "Write the folder that ships, in 16 bit or 8.")
    sub.add_argument(
        "--init", type=Path, nargs="+", required=True, help="trained folder; of several the mean"
    )
    sub.add_argument(
        "--shares",
        type=float,
        nargs="+",
        help="share of each folder in the mean; equal if left out",
    )
    sub.add_argument("--out", type=Path, required=True, help="folder to write or replace")
    sub.add_argument("--card", type=Path, help="text for its README.md")
    sub.add_argument(
        "--calibrate",
        type=Path,
        nargs="+",
        help="write 8 bits and a graph for ONNX Runtime; files of texts, a line each, that show "
        "the range of the values",
    )
    sub.add_argument("--texts", type=int, default=600, help="how many of these texts to run")
    sub.add_argument("--longest", type=int, default=64, help="tokens kept of each")

    sub = command("vectors", _vectors, "Write the vectors that ship with a knowledge base.")
    sub.add_argument("folder", type=Path, help="of the encoder that ships")
    sub.add_argument("--faq", type=Path, required=True, help="folder of the knowledge base")
    sub.add_argument("--out", type=Path, required=True, help="file to write or replace")

    sub = command("evaluate", _evaluate, "Measure a model folder on what was held out.")
    sub.add_argument("folder", type=Path)
    pair_options(sub)
    question_option(sub, "folders with kb.jsonl and queries.jsonl")
    sub.add_argument("--faq", type=Path, help="folder of the knowledge base")
    return parser


if __name__ == "__main__":
    sys.exit(main())
