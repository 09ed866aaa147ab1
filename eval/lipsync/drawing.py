"""Drawing a clip again from sound: what is evaluated."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from avatar_engine.wav2lip.generator import Generator, Wav2Lip384
from avatar_engine.wav2lip.mel import GENERATOR_LEAD, melspectrogram, windows

from .pictures import Pixels

AT_ONCE = 1  # frames in a batch; on a CPU larger ones only cost memory


@torch.inference_mode()
def draw(
    generator: Generator,
    frames: Pixels,
    references: Pixels,
    sounds: Sequence[NDArray[np.float32]],
) -> list[Pixels]:
    """The frames with each of several sounds, as the network gives them.

    Nothing is pasted or blended, so that what is measured is the network's; of ours the lower
    half, which is all that is ever shown. What it sees of the faces does not depend on the
    sound and is computed once.

    Args:
        generator: Of 384 or 96 pixels; for the latter faces are made smaller and larger again.
        frames: (n, 384, 384, 3), RGB; their lower half is not looked at.
        references: Likewise, whole.
        sounds: Each (640 n,), 16 kHz.

    Returns:
        A (n, 384, 384, 3) array for each sound.
    """
    n, side = frames.shape[:2]
    lead = GENERATOR_LEAD if isinstance(generator, Wav2Lip384) else 0
    heard = [windows(melspectrogram(sound), range(-lead, n - lead)) for sound in sounds]
    drawn = [np.empty_like(frames) for _ in sounds]
    for start in range(0, n, AT_ONCE):
        some = slice(start, start + AT_ONCE)
        masked = _seen(generator, frames[some])
        masked[:, :, generator.size // 2 :] = 0
        faces = torch.cat([masked, _seen(generator, references[some])], 1)
        maps = generator.encode_face(faces)
        for mels, made in zip(heard, drawn, strict=True):
            embedding = generator.encode_audio(torch.from_numpy(mels[some]))
            if isinstance(generator, Wav2Lip384):
                lower = generator.decode_lower_half(embedding, maps)
                made[some] = frames[some]
                made[some, side // 2 :] = _shown(generator, lower, side)
            else:
                made[some] = _shown(generator, generator.decode(embedding, maps), side)
    return drawn


def _seen(generator: Generator, frames: Pixels) -> torch.Tensor:
    """(n, 3, size, size), in [0, 1], in the generator's order of colours."""
    size = (generator.size, generator.size)
    if frames.shape[1] != generator.size:
        frames = np.stack([cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in frames])
    ordered = frames[..., ::-1] if generator.channel_order == "BGR" else frames
    planes = np.ascontiguousarray(ordered.transpose(0, 3, 1, 2))
    return torch.from_numpy(planes).float() / 255


def _shown(generator: Generator, planes: torch.Tensor, side: int) -> Pixels:
    """Back to (n, side, side, 3), RGB."""
    pictures = (planes * 255).round().byte().permute(0, 2, 3, 1).numpy()
    if generator.channel_order == "BGR":
        pictures = pictures[..., ::-1]
    if generator.size != side:  # never of a half
        pictures = np.stack([cv2.resize(p, (side, side)) for p in pictures])
    return pictures
