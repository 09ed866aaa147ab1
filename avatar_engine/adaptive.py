"""Lower picture quality when the machine cannot keep up, so that replies are never late.

``LoadMonitor`` decides the level for the whole machine, from what the ``RealtimeBudget`` of every
reply reports; ``AdaptiveAvatar`` draws at that level.
"""

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
"""Every frame is drawn; every second one; all by the light avatar; none (audio alone)."""

QUALITY_LEVELS: tuple[QualityLevel, ...] = get_args(QualityLevel)
LEVELS_WITHOUT_LIGHT: tuple[QualityLevel, ...] = ("full", "half", "sound")
"""The levels where no light avatar can take over."""

PLAYBACK_HEAD_START = 0.25  # s of media a page has buffered when it starts to play, rounded down
MAX_AHEAD = 1.0  # s; more credit would hide that the machine has become slow
STEP_DOWN_SETTLING = 1.0  # s between two steps down: each needs time to take effect
FIRST_RETRY_DELAY = 4.0  # s until a step back up is tried
MAX_RETRY_DELAY = 64.0  # s; each retry that fails doubles the delay, up to this

logger = logging.getLogger(__name__)


class LoadMonitor:
    """The quality level that this machine can draw at now, shared by all replies.

    It steps down when a reply's frames would come later than they are played. It steps up after
    a delay, as a trial: what the better level would cost now cannot be known without drawing it.
    Thread-safe.

    Args:
        clock: Monotonic, seconds.
        levels: From the best to the cheapest.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        levels: Sequence[QualityLevel] = QUALITY_LEVELS,
    ) -> None:
        self._clock, self._levels = clock, levels
        self._lock = threading.Lock()
        self._step = 0
        self._since = self._settled = clock()
        self._retry_delay = FIRST_RETRY_DELAY
        self._is_trial = False
        self.n_steps_down = 0
        """How often the machine could not keep up."""

    @property
    def quality_level(self) -> QualityLevel:
        """The level to draw at now; may start a trial of the next better one."""
        with self._lock:
            if self._step and self._clock() - self._since >= self._retry_delay:
                self._go(self._step - 1)
                self._is_trial = True
            return self._levels[self._step]

    def report(self, *, is_late: bool) -> None:
        """Take in whether a reply has fallen behind its playback."""
        with self._lock:
            now = self._clock()
            if is_late and now >= self._settled and self._step + 1 < len(self._levels):
                doubled = min(2 * self._retry_delay, MAX_RETRY_DELAY)
                self._retry_delay = doubled if self._is_trial else FIRST_RETRY_DELAY
                self._is_trial = False
                self.n_steps_down += 1
                self._settled = now + STEP_DOWN_SETTLING
                self._go(self._step + 1)
                logger.warning("the machine does not keep up: %s", self._levels[self._step])
            elif self._is_trial and now - self._since >= self._retry_delay:
                self._is_trial, self._retry_delay = False, FIRST_RETRY_DELAY  # the trial succeeded

    def _go(self, step: int) -> None:
        self._step, self._since = step, self._clock()


class RealtimeBudget:
    """How many seconds one reply is ahead of its playback.

    Only time spent drawing and encoding counts. Waiting for the voice, or for the page to play,
    does not: fewer frames would not shorten it.

    Args:
        load_monitor: Receives whether the reply is late.
    """

    def __init__(self, load_monitor: LoadMonitor) -> None:
        self._load_monitor = load_monitor
        self._ahead = PLAYBACK_HEAD_START

    def spend(self, media_s: float, took_s: float) -> None:
        """Account for ``media_s`` seconds of media that took ``took_s`` seconds to make."""
        self._ahead = min(self._ahead + media_s - took_s, MAX_AHEAD)
        self._load_monitor.report(is_late=self._ahead < 0)
        self._ahead = max(self._ahead, 0.0)


class FrameSkippingAvatar(Avatar, Protocol):
    """An avatar that can draw fewer frames than it shows.

    It declares ``capabilities = AvatarCapabilities(frame_skipping=True)``.
    """

    def render(
        self,
        speech: Iterable[Speech],
        *,
        first: int = 0,
        every: Callable[[], int] = lambda: 1,
    ) -> Generator[Frames, None, None]:
        """As in ``Avatar``; of every ``every()`` frames one is drawn, and repeated for the rest.

        ``every`` returns 1 or more; it is asked again for each piece that is drawn together.
        """
        ...


class AdaptiveAvatar:
    """An avatar that draws at the level of a ``LoadMonitor``; the audio is the same at each.

    The rate may fall to every second frame at any time. The light avatar may take over in the
    middle of a sentence; the main one comes back with the next sentence.

    Args:
        avatar: Draws at the levels ``full`` and ``half``.
        light: Draws at ``light``, with the same size and rate; None if there is none, and then
            the monitor's levels are ``LEVELS_WITHOUT_LIGHT``.
        load_monitor: Shared by all avatars on this machine. Whoever consumes the frames reports
            to it, through a ``RealtimeBudget``.
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
        given: list[Speech] = []  # what the main avatar was given of the sentence
        n = 0  # frames it drew of it
        level = self.load_monitor.quality_level
        if not self._light or level in ("full", "half"):
            known = _recorded(pieces, given)
            with closing(self._avatar.render(known, first=first, every=self._every)) as drawing:
                for frames in drawing:
                    yield replace(frames, is_degraded=level != "full")
                    n += len(frames)
                    level = self.load_monitor.quality_level
                    if self._light and level not in ("full", "half"):
                        break
                else:
                    return
        assert self._light
        rest = itertools.chain(_after_frames(given, n, self.fps), pieces)
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
