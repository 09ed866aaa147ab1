"""``python -m retrievers calibrate``: learn how much meaning and words should count."""

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from .base import FaqEntry
from .calibration import AskedQuestion, Case, cases, fit, read_benchmark, read_questions
from .chroma import SHIPPED_ENCODER, ChromaStore
from .evidence import EVIDENCE, LEADS
from .faq_files import read_folder
from .hybrid import SHIPPED_FUSION

OWN_WORDS = 0.2  # weight of the entries' own questions beside those that were collected


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    assets = SHIPPED_ENCODER.parent
    parser = argparse.ArgumentParser(prog="python -m retrievers", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    calibrate = commands.add_parser("calibrate", help="fit the fusion to questions with answers")
    calibrate.add_argument("--faq", type=Path, default=assets / "faq", help="folder of *.jsonl")
    calibrate.add_argument(
        "--questions",
        type=Path,
        default=assets / "faq" / "questions.csv",
        help="CSV: question, gold (ids joined by ';'; empty: none), kind (in, near, off), split",
    )
    calibrate.add_argument("--split", default="dev", help="rows to learn from (default dev)")
    calibrate.add_argument(
        "--benchmark",
        type=Path,
        nargs="*",
        default=[],
        help="folders with kb.jsonl and queries.jsonl to learn from too",
    )
    calibrate.add_argument(
        "--share", type=float, default=0.1, help="weight of a benchmark beside the questions (0.1)"
    )
    calibrate.add_argument("--encoder", type=Path, default=SHIPPED_ENCODER)
    calibrate.add_argument("-o", "--output", type=Path, default=SHIPPED_FUSION)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    try:
        return _calibrate(options)
    except (OSError, ValueError) as error:
        print(f"retrievers: {error}", file=sys.stderr)
        return 1


def _calibrate(options: argparse.Namespace) -> int:
    questions = read_questions(options.questions, options.split)
    # Whoever asks in an entry's own words must get it, though no test asks that.
    own = [AskedQuestion(e.question, frozenset({e.faq_id}), "in") for e in read_folder(options.faq)]
    sets = [_look_up(options, read_folder(options.faq), asked, {}) for asked in (questions, own)]
    for folder in options.benchmark:
        entries, groups, asked = read_benchmark(folder)
        sets.append(_look_up(options, entries, asked, groups))
    shares = [1.0, OWN_WORDS, *[options.share] * len(options.benchmark)]
    with tempfile.TemporaryDirectory() as empty:
        fingerprint = ChromaStore(Path(empty), encoder=options.encoder).encoder_fingerprint
    fusion = replace(fit(zip(sets, shares, strict=True)), encoder=fingerprint)
    fusion.save(options.output)
    for name, weight in zip(
        (*EVIDENCE, *(f"lead in {n}" for n in LEADS)), fusion.weights, strict=True
    ):
        print(f"{name:>18} {weight:8.3f}")
    print(f"{'bias':>18} {fusion.bias:8.3f}")
    print(f"{options.output} learned from {sum(map(len, sets))} questions")
    return 0


def _look_up(
    options: argparse.Namespace,
    entries: Iterable[FaqEntry],
    questions: Iterable[AskedQuestion],
    groups: dict[str, str],
) -> list[Case]:
    with tempfile.TemporaryDirectory() as folder:
        store = ChromaStore(Path(folder), encoder=options.encoder)
        store.add(entries)
        return list(cases(store, questions, groups))


if __name__ == "__main__":
    sys.exit(main())
