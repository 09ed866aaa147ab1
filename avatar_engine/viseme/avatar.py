"""The light avatar: mouth pictures chosen by phoneme, pasted on the moving head."""

from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from tts_engine import Phoneme, Speech

from ..audio_frames import take_frames, whole_frames
from ..base import AvatarCapabilities, Frames
from ..presenter import Presenter, PresenterError
from .coarticulation import (
    VISEMES,
    VisemeBlend,
    VisemeSegment,
    blend_at,
    blends_by_loudness,
    viseme_segments,
)

CROSSFADE_STEEPNESS = 2.5  # of cross-fades; an even mixture of two mouths shows two pairs of lips
FRAMES_PER_STEP = 5  # frames; small enough to stop quickly, large enough to cost little


class VisemeAvatar:
    """Draws with pictures that were rendered beforehand; needs no network and little time.

    There is a picture for each viseme and one for each halfway point between two, all in
    the head's neutral pose. A mouth between two visemes is a blend of the two
    pictures nearest to it, moved to where the head is in that frame of the loop.

    Args:
        presenter: Its folder holds ``viseme/``, made by ``avatar_engine.training.blender``.

    Raises:
        PresenterError: The folder has no mouth pictures, or not all of them.
    """

    capabilities = AvatarCapabilities(frame_skipping=True, lightweight=True)

    def __init__(self, presenter: Presenter) -> None:
        self.presenter = presenter
        self.fps = presenter.card.fps
        self.size = presenter.size
        self._tiles = read_mouth_tiles(presenter.folder / "viseme")
        # A full "aa" is a shout; people who talk to you open their mouths half as far.
        self._tiles["aa"] = self._tiles[halfway_name("aa", "E")]
        self._mouth = MouthCompositor(presenter)

    def render(
        self,
        speech: Iterable[Speech],
        *,
        first: int = 0,
        every: Callable[[], int] = lambda: 1,
    ) -> Generator[Frames, None, None]:
        """Draw one sentence; see :class:`~avatar_engine.adaptive.FrameSkippingAvatar`."""
        for piece, mouths in _with_blends(whole_frames(speech, self.fps), self.fps):
            per_frame = piece.sample_rate // self.fps
            for at in range(0, len(mouths), FRAMES_PER_STEP):
                some = mouths[at : at + FRAMES_PER_STEP]
                step = every()
                drawn = [self._draw(first + i, m) for i, m in enumerate(some) if i % step == 0]
                pixels = np.stack([drawn[i // step] for i in range(len(some))])
                sound = piece.samples[at * per_frame : (at + len(some)) * per_frame]
                text = piece.text if at == 0 else ""
                yield Frames(pixels, self.fps, first, Speech(sound, piece.sample_rate, text))
                first += len(some)

    def _draw(self, index: int, mouth: VisemeBlend) -> NDArray[np.uint8]:
        frame = self.presenter.frame(index)
        if mouth.is_closed:
            return frame
        self._mouth.paste(frame, index, self._blend(mouth))
        return frame

    def _blend(self, mouth: VisemeBlend) -> NDArray[np.uint8]:
        """The picture of a mouth between two visemes."""
        start, end = self._tiles[mouth.start], self._tiles[mouth.end]
        if mouth.start == mouth.end:
            return start
        halfway = self._tiles[halfway_name(mouth.start, mouth.end)]
        x = 2 * mouth.progress
        near, far, x = (start, halfway, x) if x <= 1 else (halfway, end, x - 1)
        x = min(max((x - 0.5) * CROSSFADE_STEEPNESS + 0.5, 0.0), 1.0)
        return cast(NDArray[np.uint8], cv2.addWeighted(near, 1 - x, far, x, 0))


class MouthCompositor:
    """Where a mouth picture of the neutral pose goes in each frame of the loop.

    Args:
        presenter: Its folder holds ``viseme/``, made by ``avatar_engine.training.blender``.

    Raises:
        PresenterError: The folder is not whole.
    """

    def __init__(self, presenter: Presenter) -> None:
        folder = presenter.folder / "viseme"
        try:
            packed = np.frombuffer((folder / "mask.webp").read_bytes(), np.uint8)
            mask = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
            with np.load(folder / "warp.npz") as warp:
                left, top, right, bottom = (int(v) for v in warp["box"])
                self._shift: NDArray[np.float32] = warp["shift"].astype(np.float32)
                offset = warp["offset"]
        except (OSError, KeyError, ValueError) as error:
            raise PresenterError(f"{folder} is incomplete: {error}; render it again") from error
        if mask is None or len(self._shift) != len(presenter):
            raise PresenterError(f"{folder} does not belong to this idle.mp4; render it again")
        self._mask = mask
        self._box = (slice(top, bottom), slice(left, right))
        ys, xs = np.mgrid[0 : bottom - top, 0 : right - left].astype(np.float32)
        self._rest_map = np.dstack([xs + offset[0], ys + offset[1]])

    def paste(self, frame: NDArray[np.uint8], index: int, tile: NDArray[np.uint8]) -> None:
        """Draw a mouth on loop frame ``index``, (height, width, 3), which is changed."""
        height, width = self._rest_map.shape[:2]
        shift = _upsample(self._shift[index % len(self._shift)], width, height)
        x, y = cv2.split(self._rest_map + shift)
        tile = cast(NDArray[np.uint8], cv2.remap(tile, x, y, cv2.INTER_CUBIC))
        mask = cv2.remap(self._mask, x, y, cv2.INTER_LINEAR)
        below = frame[self._box]
        # over = below + (tile - below) * mask, in whole numbers
        alpha = cv2.merge([mask, mask, mask])
        over = cv2.add(
            cv2.multiply(tile, alpha, scale=1 / 255),
            cv2.multiply(below, cv2.bitwise_not(alpha), scale=1 / 255),
        )
        frame[self._box] = over


def halfway_name(a: str, b: str) -> str:
    """What the picture halfway between two different visemes is called.

    >>> halfway_name("aa", "sil")
    'sil+aa'
    """
    return "+".join(sorted((a, b), key=VISEMES.index))


def _with_blends(pieces: Iterator[Speech], fps: int) -> Iterator[tuple[Speech, list[VisemeBlend]]]:
    """Pieces with the viseme blend of each frame; a frame waits only for the next phoneme."""
    waiting: list[Speech] = []
    phonemes: list[Phoneme] = []
    n_waiting = n_given = 0  # frames
    for piece in pieces:
        if not piece.phonemes and not phonemes:
            yield piece, blends_by_loudness(piece, fps)
            n_given += round(piece.seconds * fps)
            continue
        start = (n_given + n_waiting) / fps
        phonemes += [Phoneme(p.symbol, start + p.start) for p in piece.phonemes]
        waiting.append(piece)
        n_waiting += round(piece.seconds * fps)
        end = (n_given + n_waiting) / fps
        segments = viseme_segments(phonemes, end, fps)
        # the last phoneme may go on in the next piece: its frames must wait
        n_known = int(segments[-2].end * fps) - n_given if len(segments) > 1 else 0
        if n_known > 0:
            whole, waiting = take_frames(waiting, n_known, fps)
            yield whole, _blends(segments, n_given, n_known, fps)
            n_given, n_waiting = n_given + n_known, n_waiting - n_known
    if n_waiting:
        end = (n_given + n_waiting) / fps
        whole, _ = take_frames(waiting, n_waiting, fps)
        yield whole, _blends(viseme_segments(phonemes, end, fps), n_given, n_waiting, fps)


def _blends(segments: list[VisemeSegment], first: int, n: int, fps: int) -> list[VisemeBlend]:
    return [blend_at(segments, (i + 0.5) / fps) for i in range(first, first + n)]


def read_mouth_tiles(folder: Path) -> dict[str, NDArray[np.uint8]]:
    """The mouth pictures in a presenter's ``viseme/``, by name, RGB.

    Raises:
        PresenterError: There are none, or not all of them.
    """
    try:
        index = yaml.safe_load((folder / "mouths.yaml").read_text("utf-8"))
        packed = np.frombuffer((folder / "mouths.webp").read_bytes(), np.uint8)
        (width, height), columns = index["tile"], index["columns"]
        names: list[str] = index["names"]
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise PresenterError(
            f"{folder} has no mouth pictures ({error}); the viseme avatar cannot draw this "
            "presenter. Render it with avatar_engine.training.blender, or choose another avatar"
        ) from error
    atlas = cv2.imdecode(packed, cv2.IMREAD_COLOR_RGB)
    if atlas is None:
        raise PresenterError(f"{folder / 'mouths.webp'} is not a picture; render it again")
    tiles: dict[str, NDArray[np.uint8]] = {}
    for i, name in enumerate(names):
        top, left = i // columns * height, i % columns * width
        tile = atlas[top : top + height, left : left + width]
        tiles[name] = np.ascontiguousarray(tile, np.uint8)
    wanted = [*VISEMES, *(f"{a}+{b}" for i, a in enumerate(VISEMES) for b in VISEMES[i + 1 :])]
    missing = [name for name in wanted if name not in tiles]
    if missing:
        raise PresenterError(f"{folder} lacks mouths {', '.join(missing)}; render it again")
    return tiles


def _upsample(grid: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """A coarse field of shape (rows, columns, 2), corners aligned, at every pixel."""
    rows, columns = grid.shape[:2]
    scale_x, scale_y = (columns - 1) / (width - 1), (rows - 1) / (height - 1)
    to_grid = np.array([[scale_x, 0, 0], [0, scale_y, 0]], np.float32)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    field = cv2.warpAffine(
        grid, to_grid, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE
    )
    return cast(NDArray[np.float32], field)
