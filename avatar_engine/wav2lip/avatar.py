"""The Wav2Lip-384 avatar: a network generates the mouth from the audio alone."""

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Generator as Pulled
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import TaskID

from tts_engine import Speech
from zhengwen.assets import asset
from zhengwen.command_line import progress_bar

from ..audio_frames import take_frames, whole_frames
from ..base import AvatarCapabilities, Frames
from ..face_detection import FACE_SIZE, face_squares
from ..presenter import Presenter, PresenterError

if TYPE_CHECKING:
    from .feature_cache import CacheProgress

SHIPPED_WEIGHTS = asset("wav2lip384")
FRAMES_PER_STEP = 4  # frames; small enough to stop quickly and to begin soon
_SILENCE_LEVEL = -3.0  # mel level, of [-4, 4]; where all of a window is below, the lips are shut

_log = logging.getLogger(__name__)


class Wav2Lip384Avatar:
    """Draws mouths with the 384x384 generator; any voice will do, phonemes are not needed.

    The reference picture is the loop's own frame, whose lips are shut: no shape of lips
    can leak from it. In silence the loop is shown as it is.

    Args:
        presenter: A loop and face boxes are all it needs.
        weights: Of the generator, as ``python -m avatar_engine export`` writes them.
        cache: Folder for face features, which depend on loop and weights alone; some MB a frame.
        cache_mib: What of it is kept; the rest is computed again for every picture, which makes
            that several times as slow. None keeps everything.
        backend: What runs the network: ``cuda``, ``openvino``, ``torch``; ``auto`` is the first of
            these that is there.
        threads: Of the processor; None: one per core, at most four.
        precision: With OpenVINO, ``fp32``, ``bf16`` or ``int8``; ``auto`` is the fastest of the
            processor that keeps the picture. ``int8`` needs the ranges that ``export`` or
            ``quantize`` wrote beside the weights.

    Raises:
        PresenterError: There are no weights.
        LipSyncWeightsError: They are no generator's of 384x384.
        BackendError: The backend cannot run on this machine.
    """

    capabilities = AvatarCapabilities(frame_skipping=True, feature_cache=True)

    def __init__(
        self,
        presenter: Presenter,
        *,
        weights: str | Path = SHIPPED_WEIGHTS / "generator.safetensors",
        cache: str | Path = "var/cache/faces",
        cache_mib: int | None = None,
        backend: str = "auto",
        threads: int | None = None,
        precision: str = "auto",
    ) -> None:
        # Torch takes seconds to import; who chose another avatar should not wait for it.
        from .backends.base import warm_up
        from .backends.selection import choose_backend
        from .batching import DynamicBatcher
        from .feature_cache import FeatureCache
        from .model import Wav2Lip384
        from .split_generator import split_generator
        from .weights import load_weights

        path = Path(weights)
        if not path.is_file():
            raise PresenterError(
                f"there are no weights at {path}: train some (docs/training-wav2lip.md) and name "
                "them in the settings, or choose the avatar viseme"
            )
        self.presenter = presenter
        self.fps = presenter.card.fps
        self.size = presenter.size
        face_encoder, decoder = split_generator(load_weights(path, Wav2Lip384))
        with _building_progress(presenter.card.name) as show_progress:
            self._feature_cache = FeatureCache(
                presenter, face_encoder, path, Path(cache), show_progress, cache_mib
            )
        some = self._feature_cache.of([0])
        self._backend = choose_backend(decoder, some, backend, threads, precision, path)
        warm_up(self._backend, some, range(1, FRAMES_PER_STEP + 1))
        self._draw_batched = DynamicBatcher(self._backend.draw).draw
        self._squares = face_squares(presenter.faces)

    def render(
        self,
        speech: Iterable[Speech],
        *,
        first: int = 0,
        every: Callable[[], int] = lambda: 1,
    ) -> Pulled[Frames, None, None]:
        """Draw one sentence; see :class:`~avatar_engine.adaptive.FrameSkippingAvatar`."""
        from .mel import MelExtractor

        extractor: MelExtractor | None = None
        waiting: list[Speech] = []
        n_drawn = n_received = 0
        for piece in itertools.chain(whole_frames(speech, self.fps), [None]):
            if piece is not None:
                extractor = extractor or MelExtractor(piece.sample_rate)
                extractor.add(piece.samples)
                waiting.append(piece)
                n_received += len(piece.samples) * self.fps // piece.sample_rate
            elif extractor:
                extractor.add(np.empty(0, np.float32), last=True)
            while (
                extractor
                and (n := min(extractor.n_ready, n_received, n_drawn + FRAMES_PER_STEP) - n_drawn)
                > 0
            ):
                sound, waiting = take_frames(waiting, n, self.fps)
                step = every()
                windows = extractor.windows(n_drawn, n_drawn + n)[::step]
                drawn = self._draw(range(first, first + n, step), windows)
                if step > 1:
                    drawn = drawn.repeat(step, axis=0)[:n]
                yield Frames(drawn, self.fps, first, sound)
                n_drawn, first = n_drawn + n, first + n

    def _draw(self, numbers: Sequence[int], windows: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Some frames of the loop, (n, height, width, 3), lip-synced to their mel windows."""
        from .blending import blend_face
        from .split_generator import mouth_area

        pictures = np.stack([self.presenter.frame(number) for number in numbers])
        voiced = np.flatnonzero(windows.max(axis=(1, 2, 3)) > _SILENCE_LEVEL)
        if not len(voiced):
            return pictures
        loop_frames = [numbers[int(i)] % len(self.presenter) for i in voiced]
        drawn = self._draw_batched(windows[voiced], self._feature_cache.of(loop_frames))
        face = np.zeros((FACE_SIZE, FACE_SIZE, 3), np.uint8)
        for i, index, part in zip(voiced, loop_frames, drawn, strict=True):
            face[mouth_area(FACE_SIZE)] = part
            left, top, side = self._squares[index]
            blend_face(pictures[i], face, np.array([left, top, side, side]))
        return pictures


@contextmanager
def _building_progress(name: str) -> "Iterator[CacheProgress]":
    """Shows how far the feature cache is: a bar on a terminal, elsewhere a line in the log."""
    with progress_bar(Console(stderr=True)) as bar:
        task: TaskID | None = None

        def show_progress(done: int, n: int) -> None:
            nonlocal task
            if task is None:
                task = bar.add_task(f"preparing {name}", total=n)
                if bar.disable:
                    _log.info("preparing %s for these weights: %d frames, once", name, n)
            bar.update(task, completed=done)

        yield show_progress
