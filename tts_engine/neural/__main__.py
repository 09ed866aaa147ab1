"""``python -m tts_engine.neural prepare|train``: a voice from recordings of sentences."""

import argparse
import sys
from pathlib import Path

import yaml

from zhengwen.atomic_write import write_atomically

from ..voice_folder import VOICE_CARD
from .training.preparation import prepare_corpus
from .training.stages import STAGE_MINUTES, train_voice
from .weights import NetworkSizes


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 not possible, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "prepare":
            prepare_corpus(options.sounds, options.transcripts, options.data, _report)
        else:
            sizes = NetworkSizes(options.prosody, options.acoustic, options.vocoder)
            minutes = {stage: getattr(options, f"{stage}_minutes") for stage in STAGE_MINUTES}
            notes = {"speaker": options.name, "licence": options.licence}
            made = train_voice(
                options.data, options.out, sizes, minutes, notes, _report,
                start_from=options.start_from,
            )  # fmt: skip
            card = {
                "name": options.name,
                "engine": "neural",
                "options": {"weights": made.name},
                "licence": options.licence,
                "consent": options.consent,
            }
            text = yaml.safe_dump(card, allow_unicode=True, sort_keys=False)
            write_atomically(made.parent / VOICE_CARD, text)
            _report(str(made))
    except (ValueError, OSError) as error:
        print(f"tts_engine.neural: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tts_engine.neural", description="Recordings of sentences become a voice."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    preparing = commands.add_parser("prepare", help="decode, analyse and align recordings")
    preparing.add_argument("sounds", type=Path, help="a folder of sound files")
    preparing.add_argument(
        "transcripts", type=Path,
        help="a table of files and texts: tab-separated with these columns, or GPT-SoVITS' list",
    )  # fmt: skip
    preparing.add_argument("--data", type=Path, required=True, help="folder for what comes out")

    training = commands.add_parser("train", help="train all networks and export the voice")
    training.add_argument("--data", type=Path, required=True, help="folder of `prepare`")
    training.add_argument("--out", type=Path, required=True, help="folder for checkpoints")
    training.add_argument(
        "--start-from", type=Path, metavar="VOICE", help="a voice whose weights to go on from"
    )
    training.add_argument("--name", required=True, help="of the speaker or the voice")
    training.add_argument("--licence", required=True, help="under which the voice may be used")
    training.add_argument(
        "--consent", required=True, help="who agreed to it, when, and where that is kept"
    )
    sizes = NetworkSizes()
    for part in ("prosody", "acoustic", "vocoder"):
        width = getattr(sizes, part)
        training.add_argument(f"--{part}", type=int, default=width, help=f"channels: {width}")
    for stage, minutes in STAGE_MINUTES.items():
        training.add_argument(
            f"--{stage}-minutes",
            type=float,
            default=minutes,
            help=f"processor time of this stage: {minutes:g}",
        )
    return parser


def _report(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
