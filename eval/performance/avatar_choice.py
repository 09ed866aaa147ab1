"""Which avatar a measurement is made with: that of the settings, or one that is named."""

import argparse
from pathlib import Path

from agent.settings import PluginSettings, Settings

RANDOM = "random"
WIDTH = 192  # of random weights: most channels of a layer, as in ``eval speed``


def add_avatar_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--avatar", metavar="NAME", help="instead of the one in the settings")
    parser.add_argument(
        "--weights", metavar="FILE",
        help=f"of the avatar; {RANDOM!r}: untrained ones, for speed does not depend on them",
    )  # fmt: skip


def chosen_avatar(
    settings: Settings, options: argparse.Namespace, folder: Path
) -> tuple[Settings, str]:
    """Settings with the avatar that is wanted, and what a report should call it.

    Args:
        settings: Of the deployment.
        options: As :func:`add_avatar_arguments` describes them.
        folder: For weights that are made here.
    """
    avatar = settings.avatar
    if options.avatar and options.avatar != avatar.name:
        avatar = PluginSettings(name=options.avatar)
    if not options.weights:
        return settings.model_copy(update={"avatar": avatar}), avatar.name
    given = {"weights": options.weights}
    title = f"{avatar.name}, {Path(options.weights).name}"
    if options.weights == RANDOM:
        path = folder / "random.safetensors"
        write_random_weights(path, WIDTH)
        given = {"weights": str(path)}
        title = f"{avatar.name}, random weights of width {WIDTH} that never learnt to draw a mouth"
    avatar = PluginSettings(name=avatar.name, options={**avatar.options, **given})
    return settings.model_copy(update={"avatar": avatar}), title


def write_random_weights(path: Path, width: int) -> None:
    """Write an untrained generator whose values are as large as a trained one's."""
    import torch

    from avatar_engine.wav2lip.model import Wav2Lip384
    from avatar_engine.wav2lip.weights import save_weights

    from .frame_inputs import calibrate_batch_norms

    torch.manual_seed(0)
    generator = Wav2Lip384(width)
    calibrate_batch_norms(generator)
    save_weights(generator, path)
