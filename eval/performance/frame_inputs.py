"""What every row of the comparison is given: the same faces, sounds and weights."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from avatar_engine.face_detection import crop_square, face_squares
from avatar_engine.presenter import Presenter
from avatar_engine.wav2lip.mel import MelExtractor
from avatar_engine.wav2lip.model import LipSyncGenerator
from tts_engine.espeak.voice import EspeakVoice
from zhengwen.assets import asset

STEP = 6  # frames
PRESENTER = asset("presenters", "suit")
SENTENCE = "您好，请问您想办理什么业务？办理居住证需要带身份证和住房证明。"


@dataclass(frozen=True, slots=True)
class FrameInputs:
    """n frames of the shipped presenter, and what is heard in them."""

    faces: NDArray[np.uint8]
    """(n, 384, 384, 3), RGB."""
    mels: NDArray[np.float32]
    """(n, 1, 80, 16)."""

    @classmethod
    def gather(cls, n: int) -> "FrameInputs":
        """A quarter of a second apart, so that neither faces nor sounds are all the same."""
        presenter = Presenter(PRESENTER)
        where = face_squares(presenter.faces)
        at = [STEP * i % len(presenter) for i in range(n)]
        return cls(
            np.stack([crop_square(presenter.frame(i), where[i]) for i in at]),
            mel_windows_of_sentence(n),
        )

    @classmethod
    def read(cls, path: Path) -> "FrameInputs":
        with np.load(path) as arrays:
            return cls(arrays["faces"], arrays["mels"])

    def save(self, path: Path) -> None:
        np.savez(path, faces=self.faces, mels=self.mels)

    def tensor(self, size: int = 384) -> Tensor:
        """The faces as the generator takes them, (n, 6, size, size)."""
        shown = torch.from_numpy(self.faces).permute(0, 3, 1, 2).float() / 255
        shown = nn.functional.interpolate(shown, (size, size), mode="area")
        masked = shown.clone()
        masked[:, :, size // 2 :] = 0
        return torch.cat([masked, shown], dim=1)


def mel_windows_of_sentence(n: int) -> NDArray[np.float32]:
    """The mel windows of n frames of a sentence, said again and again."""
    voice = EspeakVoice()
    extractor = MelExtractor(voice.sample_rate)
    while extractor.n_ready < STEP * (n + 1):
        for piece in voice.speak(SENTENCE):
            extractor.add(piece.samples)
    return extractor.windows(STEP, STEP * (n + 1))[::STEP]


@torch.no_grad()
def calibrate_batch_norms(generator: LipSyncGenerator) -> None:
    """Set the norms of an untrained generator to what they would have learnt from noise.

    Otherwise values would vanish or explode on their way, and with them the differences that
    are measured. Faces of one person would not do: they differ so little that a norm would
    make differences of rounding as large as those of faces.
    """
    mels = 2 * torch.randn(8, 1, 80, 16)
    blotches = nn.functional.interpolate(torch.rand(8, 6, 24, 24), generator.size, mode="bilinear")
    norms = [part for part in generator.modules() if isinstance(part, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # the mean over all batches
        norm.reset_running_stats()
    generator.train()
    generator(mels, blotches)
    generator.eval()
