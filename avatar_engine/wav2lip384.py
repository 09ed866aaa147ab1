"""The talking face of the paper: a network draws the mouth from the sound alone."""

import itertools
from collections.abc import Generator as Pulled
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tts_engine import Speech

from .base import Frames
from .faces import SIZE, cut, squares
from .presenter import Presenter, PresenterError
from .whole_frames import take_frames, whole_frames

SHIPPED = Path(__file__).resolve().parent.parent / "assets" / "wav2lip384"
AT_ONCE = 4  # frames; small enough to stop quickly and to begin soon
_QUIET = -3.0  # mel level, of [-4, 4]; where all of a window is below, the lips are shut


class Wav2Lip384Avatar:
    """Draws mouths with the 384x384 generator; any voice will do, phonemes are not needed.

    The reference picture is the loop's own frame, whose lips are shut: no shape of lips
    can leak from it. Where nothing is heard the loop is shown as it is.

    Args:
        presenter: A loop and face boxes are all it needs.
        weights: Of the generator, as ``python -m avatar_engine export`` writes them.
        cache: Folder for what depends on loop and weights alone, some megabytes a frame.

    Raises:
        PresenterError: There are no weights.
        WeightsError: They are no generator's of 384x384.
    """

    def __init__(
        self,
        presenter: Presenter,
        *,
        weights: str | Path = SHIPPED / "generator.safetensors",
        cache: str | Path = "var/cache/faces",
    ) -> None:
        # Torch takes seconds to import; who chose another avatar should not wait for it.
        from .wav2lip.generator import Wav2Lip384
        from .wav2lip.loop_maps import LoopMaps
        from .wav2lip.split import split
        from .wav2lip.weights import load

        path = Path(weights)
        if not path.is_file():
            raise PresenterError(
                f"there are no weights at {path}: train some (docs/training-wav2lip.md) and name "
                "them in the settings, or choose the avatar viseme"
            )
        self.presenter = presenter
        self.fps = presenter.card.fps
        self.size = presenter.size
        steady, self._speaking = split(load(path, Wav2Lip384))
        self._maps = LoopMaps(presenter, steady, path, Path(cache))
        self._squares = squares(presenter.faces)

    def render(self, speech: Iterable[Speech], *, first: int = 0) -> Pulled[Frames, None, None]:
        """Draw one sentence; see :class:`~avatar_engine.base.Avatar`."""
        from .wav2lip.ear import Ear

        ear: Ear | None = None
        waiting: list[Speech] = []
        n_drawn = n_heard = 0
        for piece in itertools.chain(whole_frames(speech, self.fps), [None]):
            if piece is not None:
                ear = ear or Ear(piece.sample_rate)
                ear.hear(piece.samples)
                waiting.append(piece)
                n_heard += len(piece.samples) * self.fps // piece.sample_rate
            elif ear:
                ear.hear(np.empty(0, np.float32), last=True)
            while ear and (n := min(ear.n_ready, n_heard, n_drawn + AT_ONCE) - n_drawn) > 0:
                sound, waiting = take_frames(waiting, n, self.fps)
                windows = ear.windows(n_drawn, n_drawn + n)
                yield Frames(self._draw(first, windows), self.fps, first, sound)
                n_drawn, first = n_drawn + n, first + n

    def _draw(self, first: int, windows: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Loop frames from ``first`` on, (n, height, width, 3), saying what is heard."""
        import torch

        from .wav2lip.paste import paste

        pictures = np.stack([self.presenter.frame(first + i) for i in range(len(windows))])
        speaks = np.flatnonzero(windows.max(axis=(1, 2, 3)) > _QUIET)
        if not len(speaks):
            return pictures
        at = [(first + int(i)) % len(self.presenter) for i in speaks]
        with torch.inference_mode():
            mels = torch.from_numpy(windows[speaks])
            halves = self._speaking(mels, *self._maps.of(at)).mul(255).round().byte()
        for i, index, half in zip(speaks, at, halves.permute(0, 2, 3, 1).numpy(), strict=True):
            square = self._squares[index]
            face = cut(pictures[i], square)
            face[SIZE // 2 :] = half
            left, top, side = square
            paste(pictures[i], face, np.array([left, top, side, side]))
        return pictures
