"""``python -m avatar_engine``: training clips of videos or of a drawn presenter, training."""

import argparse
import sys
from collections.abc import Sequence

from .cli import dataset as prepare
from .cli import dataset as rehearse
from .cli import export as backends
from .cli import training as training
from .cli import video as presenter
from .cli import video as render

FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code.

    0 done, 1 could not, 2 wrong usage, 3 some files could not be used and the others were.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (OSError, ValueError, RuntimeError) as error:
        print(f"avatar_engine: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("avatar_engine: stopped; run it again to go on", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m avatar_engine", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "make training clips of videos of a talking person"
    sub = commands.add_parser("prepare", help=about, description=about)
    prepare.add_prepare_arguments(sub)
    sub.set_defaults(run=prepare.run_prepare)
    about = "choose the mouths that stand for all that speech makes"
    sub = commands.add_parser("gather", help=about, description=about)
    rehearse.add_gather_arguments(sub)
    sub.set_defaults(run=rehearse.run_gather)
    about = "make training clips of a drawn presenter who says lines"
    sub = commands.add_parser("enact", help=about, description=about)
    rehearse.add_enact_arguments(sub)
    sub.set_defaults(run=rehearse.run_enact)
    about = "make a video of a face say what is heard in a sound"
    sub = commands.add_parser("render", help=about, description=about)
    render.add_render_arguments(sub)
    sub.set_defaults(run=render.run_render)
    about = "make a presenter for the chat page of a video of a person"
    sub = commands.add_parser("presenter", help=about, description=about)
    presenter.add_presenter_arguments(sub)
    sub.set_defaults(run=presenter.run_presenter)
    about = "train the expert or the generator on clips"
    sub = commands.add_parser("train", help=about, description=about)
    training.add_train_arguments(sub)
    sub.set_defaults(run=training.run_train)
    about = "teach the ears of a network from speech alone, to begin training with"
    sub = commands.add_parser("hear", help=about, description=about)
    training.add_hear_arguments(sub)
    sub.set_defaults(run=training.run_hear)
    about = "write the weights of a trained network that ship"
    sub = commands.add_parser("export", help=about, description=about)
    training.add_export_arguments(sub)
    sub.set_defaults(run=training.run_export)
    about = "write the generator for hardware that runs ONNX"
    sub = commands.add_parser("export-onnx", help=about, description=about)
    backends.add_export_onnx_arguments(sub)
    sub.set_defaults(run=backends.run_export_onnx)
    return parser


if __name__ == "__main__":
    sys.exit(main())
