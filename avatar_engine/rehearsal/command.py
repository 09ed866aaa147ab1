"""``python -m avatar_engine gather`` and ``enact``."""

import argparse
import itertools
import random
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from ..presenter import Presenter
from ..progress_bar import progress_bar
from ..wav2lip.mel import FPS
from .enacting import Cast, enact, light, path_traced
from .gathering import Mouths, gather
from .lines import Line, read_recordings, recorded, spoken

_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]?")
_LENGTHS = (6, 60)  # characters of a line
_HEAR_MINUTES = 40  # enough for gathering; more finds nothing new


def add_gather_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``gather``."""
    add_lines(parser)
    parser.add_argument("presenter", type=Path, help="presenter folder")
    parser.add_argument("--mouths", type=int, default=320, help="how many (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="file, for example mouths.npy")


def run_gather(options: argparse.Namespace) -> int:
    """Choose the mouths for the studio."""
    heard, some = 0.0, []
    for line in lines(options):
        some.append(line)
        heard += line.seconds
        if heard > _HEAR_MINUTES * 60:
            break
    chosen, worst = gather(some, options.presenter / "viseme", options.mouths)
    np.save(options.out, chosen)
    print(
        f"{len(chosen)} mouths of {heard / 60:.0f} minutes of speech in {options.out}; "
        f"none that occurs is farther from them than {worst:.1f} grey levels."
    )
    return 0


def add_enact_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``enact``."""
    add_lines(parser)
    parser.add_argument("presenter", type=Path, help="presenter folder")
    drawn = parser.add_mutually_exclusive_group(required=True)
    drawn.add_argument(
        "--mouths", type=Path, help="folder that avatar_engine.studio.rehearse wrote"
    )
    drawn.add_argument(
        "--light", choices=("phonemes", "loudness"),
        help="as the light avatar draws it, told the phonemes or not: to compare with the same "
        "clips, which have the same names",
    )  # fmt: skip
    parser.add_argument("--minutes", type=float, required=True, help="of clips, about")
    parser.add_argument(
        "--identities", default="0", metavar="A-B",
        help="variations of face and light, 0 is the presenter as they are (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="folder of clips")


def run_enact(options: argparse.Namespace) -> int:
    """Make clips."""
    presenter = Presenter(options.presenter)
    if options.light:
        play = light(presenter, phonemes=options.light == "phonemes")
    else:
        play = path_traced(presenter, Mouths(options.mouths, options.presenter / "viseme"))
    first, _, last = options.identities.partition("-")
    cast = Cast(presenter, play, tuple(range(int(first), int(last or first) + 1)))
    n_frames = n_clips = 0
    with progress_bar(Console(stderr=True)) as bar:
        task = bar.add_task("enacting", total=options.minutes * 60 * FPS)
        made = enact(cast, lines(options), options.minutes, options.out, options.seed)
        for n in made:
            n_frames, n_clips = n_frames + n, n_clips + 1
            bar.update(task, completed=n_frames)
    print(f"{n_clips} clips, {n_frames / FPS / 60:.1f} minutes, in {options.out}.")
    return 0


def add_lines(parser: argparse.ArgumentParser) -> None:
    """The options of everything that takes lines."""
    parser.add_argument(
        "--texts", type=Path, nargs="*", default=[], help="text files, spoken by the built-in voice"
    )
    parser.add_argument(
        "--recordings", type=Path, nargs="*", default=[],
        help="tables of recorded words with the columns file and text",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn by lot")


def lines(options: argparse.Namespace) -> Iterator[Line]:
    """Lines of all sources in turn, without end."""
    rng = random.Random(options.seed)
    sources: list[Iterator[Line]] = []
    if options.texts:
        sources.append(spoken(_sentences(options.texts), rng))
    for table in options.recordings:
        sources.append(recorded(read_recordings(table), table.stem, rng))
    if not sources:
        print("avatar_engine: name --texts, --recordings or both", file=sys.stderr)
        raise SystemExit(2)
    return itertools.chain.from_iterable(zip(*sources, strict=False))


def _sentences(files: Sequence[Path]) -> list[str]:
    found = {
        text.strip()
        for file in files
        for text in _SENTENCE.findall(file.read_text("utf-8"))
        if _LENGTHS[0] <= len(text.strip()) <= _LENGTHS[1]
    }
    if not found:
        raise ValueError(f"no sentences of {_LENGTHS[0]} to {_LENGTHS[1]} characters in {files}")
    return sorted(found)
