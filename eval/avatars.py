"""Which avatar a measurement is made with: that of the settings, or one that is named."""

import argparse
from pathlib import Path

from agent.settings import Backend, Settings

RANDOM = "random"
WIDTH = 192  # of random weights: most channels of a layer, as in ``eval speed``


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--avatar", metavar="NAME", help="instead of the one in the settings")
    parser.add_argument(
        "--weights", metavar="FILE",
        help=f"of the avatar; {RANDOM!r}: untrained ones, for speed does not depend on them",
    )  # fmt: skip


def chosen(settings: Settings, options: argparse.Namespace, folder: Path) -> tuple[Settings, str]:
    """Settings with the avatar that is wanted, and what a report should call it.

    Args:
        settings: Of the deployment.
        options: As :func:`add_arguments` describes them.
        folder: For weights that are made here.
    """
    avatar = settings.avatar
    if options.avatar and options.avatar != avatar.name:
        avatar = Backend(name=options.avatar)
    if not options.weights:
        return settings.model_copy(update={"avatar": avatar}), avatar.name
    given = {"weights": options.weights}
    title = f"{avatar.name}, {Path(options.weights).name}"
    if options.weights == RANDOM:
        path = folder / "random.safetensors"
        make_random(path, WIDTH)
        given = {"weights": str(path)}
        title = f"{avatar.name}, random weights of width {WIDTH} that never learnt to draw a mouth"
    avatar = Backend(name=avatar.name, options={**avatar.options, **given})
    return settings.model_copy(update={"avatar": avatar}), title


def make_random(path: Path, width: int) -> None:
    """Write an untrained generator whose values are as large as a trained one's."""
    import torch

    from avatar_engine.wav2lip.generator import Wav2Lip384
    from avatar_engine.wav2lip.weights import save

    from .speed.material import calibrate

    torch.manual_seed(0)
    generator = Wav2Lip384(width)
    calibrate(generator)
    save(generator, path)
