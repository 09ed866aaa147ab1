"""Whether the machine keeps up with its visitors, and how much is left out if it does not."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal, get_args

Ease = Literal["full", "half", "light", "sound"]
"""Every picture is drawn; every second one; all by an avatar that costs little; none at all."""

LADDER: tuple[Ease, ...] = get_args(Ease)
LIGHT_ITSELF: tuple[Ease, ...] = ("full", "half", "sound")
"""The ladder of an avatar that none is lighter than."""

HEAD_START = 0.25  # s of media that a page has when it begins to play, a little less
MOST_AHEAD = (
    1.0  # s; a reply that was quick for long must not hide that the machine has become slow
)
SETTLING = 1.0  # s after a step down, in which its relief is waited for
FIRST_REST = 4.0  # s before a step back up is tried
LONGEST_REST = 64.0  # s; a try that fails doubles the rest up to this

logger = logging.getLogger(__name__)


class Strain:
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
        ladder: Sequence[Ease] = LADDER,
    ) -> None:
        self._clock, self._ladder = clock, ladder
        self._lock = threading.Lock()
        self._step = 0
        self._since = self._settled = clock()
        self._rest = FIRST_REST
        self._was_up = False
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

    def told(self, *, is_late: bool) -> None:
        """Note whether a reply is late."""
        with self._lock:
            now = self._clock()
            if is_late and now >= self._settled and self._step + 1 < len(self._ladder):
                self._rest = min(2 * self._rest, LONGEST_REST) if self._was_up else FIRST_REST
                self._was_up = False
                self.n_steps_down += 1
                self._settled = now + SETTLING
                self._go(self._step + 1)
                logger.warning("the machine does not keep up: %s", self._ladder[self._step])
            elif self._was_up and now - self._since >= self._rest:
                self._was_up, self._rest = False, FIRST_REST  # it holds

    def _go(self, step: int) -> None:
        self._step, self._since = step, self._clock()


class Pace:
    """How far one reply is made ahead of its playing.

    Time in which the reply waited, for its sound or for the page to play, is none of its own:
    fewer pictures would not make it shorter.

    Args:
        strain: Is told.
    """

    def __init__(self, strain: Strain) -> None:
        self._strain = strain
        self._ahead = HEAD_START

    def made(self, media_s: float, took_s: float) -> None:
        """Note that so much media took so long to draw and to encode."""
        self._ahead = min(self._ahead + media_s - took_s, MOST_AHEAD)
        self._strain.told(is_late=self._ahead < 0)
        self._ahead = max(self._ahead, 0.0)
