"""Whether the machine keeps up with its visitors, and how much is left out if it does not."""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Literal, Protocol, get_args

from tts_engine import Speech

from .audio_frames import whole_frames
from .base import Avatar, Frames

QualityLevel = Literal["full", "half", "light", "sound"]
"""Every picture is drawn; every second one; all by an avatar that costs little; none at all."""

QUALITY_LEVELS: tuple[QualityLevel, ...] = get_args(QualityLevel)
LEVELS_WITHOUT_LIGHT: tuple[QualityLevel, ...] = ("full", "half", "sound")
"""The ladder of an avatar that none is lighter than."""

PLAYBACK_HEAD_START = 0.25  # s of media that a page has when it begins to play, a little less
MAX_AHEAD = 1.0  # s; a reply that was quick for long must not hide that the machine has become slow
STEP_DOWN_SETTLING = 1.0  # s after a step down, in which its relief is waited for
FIRST_RETRY_DELAY = 4.0  # s before a step back up is tried
MAX_RETRY_DELAY = 64.0  # s; a try that fails doubles the rest up to this

logger = logging.getLogger(__name__)


class LoadMonitor:
    """What all replies tell of their pace, and the step of the ladder that follows from it.

    A step down is taken when a reply's pictures would come later than they are played; steps up
    are tried after a rest, because what the fuller pictures would cost now is not known before.
    May be used by several threads.

    Args:
        clock: Seconds, from anywhere.
        ladder: The steps there are.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        ladder: Sequence[QualityLevel] = QUALITY_LEVELS,
    ) -> None:
        self._clock, self._ladder = clock, ladder
        self._lock = threading.Lock()
        self._step = 0
        self._since = self._settled = clock()
        self._rest = FIRST_RETRY_DELAY
        self._was_up = False
        self.n_steps_down = 0
        """How often the machine could not keep up."""

    @property
    def quality_level(self) -> QualityLevel:
        """What should be left out now."""
        with self._lock:
            if self._step and self._clock() - self._since >= self._rest:
                self._go(self._step - 1)
                self._was_up = True
            return self._ladder[self._step]

    def told(self, *, is_late: bool) -> None:
        """Note whether a reply is late."""
        with self._lock:
            now = self._clock()
            if is_late and now >= self._settled and self._step + 1 < len(self._ladder):
                self._rest = (
                    min(2 * self._rest, MAX_RETRY_DELAY) if self._was_up else FIRST_RETRY_DELAY
                )
                self._was_up = False
                self.n_steps_down += 1
                self._settled = now + STEP_DOWN_SETTLING
                self._go(self._step + 1)
                logger.warning("the machine does not keep up: %s", self._ladder[self._step])
            elif self._was_up and now - self._since >= self._rest:
                self._was_up, self._rest = False, FIRST_RETRY_DELAY  # it holds

    def _go(self, step: int) -> None:
        self._step, self._since = step, self._clock()


class RealtimeBudget:
    """How far one reply is made ahead of its playing.

    Time in which the reply waited, for its sound or for the page to play, is none of its own:
    fewer pictures would not make it shorter.

    Args:
        strain: Is told.
    """

    def __init__(self, load_monitor: LoadMonitor) -> None:
        self._load_monitor = load_monitor
        self._ahead = PLAYBACK_HEAD_START

    def made(self, media_s: float, took_s: float) -> None:
        """Note that so much media took so long to draw and to encode."""
        self._ahead = min(self._ahead + media_s - took_s, MAX_AHEAD)
        self._load_monitor.told(is_late=self._ahead < 0)
        self._ahead = max(self._ahead, 0.0)


class FrameSkippingAvatar(Avatar, Protocol):
    """An avatar that can draw fewer pictures than it shows."""

    def render(
        self,
        speech: Iterable[Speech],
        *,
        first: int = 0,
        every: Callable[[], int] = lambda: 1,
    ) -> Generator[Frames, None, None]:
        """As in ``Avatar``; one of ``every()`` pictures is drawn, the others repeat it."""
        ...


class AdaptiveAvatar:
    """An avatar, and what is done in hard times; the sound is the same whoever draws.

    The rate may fall to every second picture at any time, and a light avatar may take over
    in the middle of a sentence; the other comes back with the next one.

    Args:
        avatar: Who draws as long as the machine keeps up.
        light: Of the same size and rate; None where nobody is lighter.
        strain: Shared by all who draw on this machine, with a ladder that fits. Whoever takes the
            frames tells it of their pace.
    """

    def __init__(
        self,
        avatar: FrameSkippingAvatar,
        light: Avatar | None,
        load_monitor: LoadMonitor,
    ) -> None:
        assert not light or (avatar.fps, avatar.size) == (light.fps, light.size)
        self.fps, self.size = avatar.fps, avatar.size
        self.load_monitor = load_monitor
        self._avatar, self._light = avatar, light

    def render(self, speech: Iterable[Speech], *, first: int = 0) -> Generator[Frames, None, None]:
        """Draw one sentence; see :class:`~avatar_engine.base.Avatar`."""
        pieces = whole_frames(speech, self.fps)
        heard: list[Speech] = []  # of the sentence so far
        n = 0  # frames that were drawn of it
        quality_level = self.load_monitor.quality_level
        if not self._light or quality_level in ("full", "half"):
            known = _recorded(pieces, heard)
            with closing(self._avatar.render(known, first=first, every=self._every)) as drawing:
                for frames in drawing:
                    yield replace(frames, is_degraded=quality_level != "full")
                    n += len(frames)
                    quality_level = self.load_monitor.quality_level
                    if self._light and quality_level not in ("full", "half"):
                        break
                else:
                    return
        assert self._light
        rest = itertools.chain(_after_frames(heard, n, self.fps), pieces)
        with closing(self._light.render(rest, first=first + n)) as drawing:
            for frames in drawing:
                yield replace(frames, is_degraded=True)

    def _every(self) -> int:
        return 1 if self.load_monitor.quality_level == "full" else 2


def _recorded(pieces: Iterable[Speech], kept: list[Speech]) -> Iterator[Speech]:
    for piece in pieces:
        kept.append(piece)
        yield piece


def _after_frames(pieces: list[Speech], n: int, fps: int) -> Iterator[Speech]:
    """What pieces hold after ``n`` frames; only of whole pieces the phonemes are known."""
    for piece in pieces:
        n_here = len(piece.samples) * fps // piece.sample_rate
        if n < n_here:
            at = n * piece.sample_rate // fps
            yield Speech(piece.samples[at:], piece.sample_rate) if at else piece
        n = max(0, n - n_here)
