"""Whether the machine keeps up with its visitors, and how much is left out if it does not."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal, get_args

Ease = Literal["full", "half", "light", "sound"]
"""Every picture is drawn; every second one; all by an avatar that costs little; none at all."""

LADDER: tuple[Ease, ...] = get_args(Ease)
LIGHT_ITSELF: tuple[Ease, ...] = ("full", "half", "sound")
"""The ladder of an avatar that none is lighter than."""

TIRED = 0.8  # s of drawing for a second of media; sound and encoding need time, too
LOOKED_BACK = 1.0  # s of media
FIRST_REST = 4.0  # s before a step back up is tried
LONGEST_REST = 64.0  # s; a try that fails doubles the rest up to this

logger = logging.getLogger(__name__)


class Strain:
    """What all replies tell of their drawing, and the step of the ladder that follows from it.

    Steps down are taken when drawing a second of media takes nearly a second; steps up are
    tried after a rest, because what the fuller pictures would cost now is not known before.
    May be used by several threads.

    Args:
        clock: Seconds, from anywhere.
        ladder: The steps there are.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        ladder: Sequence[Ease] = LADDER,
    ) -> None:
        self._clock, self._ladder = clock, ladder
        self._lock = threading.Lock()
        self._step = 0
        self._since = clock()
        self._rest = FIRST_REST
        self._was_up = False
        self._told: deque[tuple[float, float]] = deque()
        self.n_steps_down = 0
        """How often the machine could not keep up."""

    @property
    def ease(self) -> Ease:
        """What should be left out now."""
        with self._lock:
            if self._step and self._clock() - self._since >= self._rest:
                self._go(self._step - 1)
                self._was_up = True
            return self._ladder[self._step]

    def drew(self, ease: Ease, media_s: float, took_s: float) -> None:
        """Note that so much media took so long to draw.

        Args:
            ease: What was left out; notes from before a change no longer count.
        """
        with self._lock:
            if ease != self._ladder[self._step]:
                return
            self._told.append((media_s, took_s))
            media = sum(m for m, _ in self._told)
            while media - self._told[0][0] >= LOOKED_BACK:
                media -= self._told.popleft()[0]
            if media < LOOKED_BACK:
                return
            if sum(t for _, t in self._told) > TIRED * media:
                if self._step + 1 < len(self._ladder):
                    self._rest = min(2 * self._rest, LONGEST_REST) if self._was_up else FIRST_REST
                    self._was_up = False
                    self.n_steps_down += 1
                    self._go(self._step + 1)
                    logger.warning("the machine does not keep up: %s", self._ladder[self._step])
            elif self._was_up and self._clock() - self._since >= self._rest:
                self._was_up, self._rest = False, FIRST_REST  # it holds

    def _go(self, step: int) -> None:
        self._step, self._since = step, self._clock()
        self._told.clear()
