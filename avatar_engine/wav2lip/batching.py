"""One network for all visitors: what waits at the same moment is drawn together.

A network draws eight pictures sooner than eight times one. So whoever finds it busy waits in
a line, and whoever gets it next draws for all that wait (a combining lock; Hendler et al.,
"Flat combining", SPAA 2010). Nobody waits for company: alone, a visitor is drawn at once.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from .backends.base import FaceFeatures, MelWindows, MouthPixels

DrawFunction = Callable[[MelWindows, FaceFeatures], MouthPixels]
"""What a backend does."""

MAX_EXTRA_SECONDS = 0.040  # s that drawing for others may cost whoever is first in the line
_COST_SMOOTHING = 0.8  # of the running mean of what a picture costs


class DynamicBatcher:
    """A network that several threads draw with.

    The line is first come, first served, and each has one request in it: with n visitors
    nobody waits for more than the n - 1 others. What is drawn does not depend on the company,
    but for the rounding of sums: a pixel may be off by one level of 255.

    Args:
        draw: The network; it is only called by one thread at a time.
    """

    def __init__(self, draw: DrawFunction) -> None:
        self._draw = draw
        self._line: deque[_BatchRequest] = deque()
        self._busy = threading.Lock()
        self._seconds_each = 0.0

    def draw(self, mels: MelWindows, maps: FaceFeatures) -> MouthPixels:
        """What is seen of n frames."""
        mine = _BatchRequest(mels, maps)
        self._line.append(mine)
        while not mine.is_done:
            with self._busy:
                if not mine.is_done:
                    self._draw_some()
        return mine.result()

    def _draw_some(self) -> None:
        some = [self._line.popleft()]
        room = MAX_EXTRA_SECONDS / self._seconds_each if self._seconds_each else 0.0  # pictures
        while self._line and len(self._line[0].mels) <= room:
            some.append(self._line.popleft())
            room -= len(some[-1].mels)
        started = time.perf_counter()
        try:
            mels = np.concatenate([request.mels for request in some])
            levels = zip(*(request.maps for request in some), strict=True)
            drawn = self._draw(mels, [np.concatenate(level) for level in levels])
        except Exception as error:
            for request in some:
                request.fail(error)
            return
        each = (time.perf_counter() - started) / len(mels)
        self._seconds_each = (
            _COST_SMOOTHING * (self._seconds_each or each) + (1 - _COST_SMOOTHING) * each
        )
        at = 0
        for request in some:
            request.finish(drawn[at : at + len(request.mels)])
            at += len(request.mels)


class _BatchRequest:
    def __init__(self, mels: MelWindows, maps: FaceFeatures) -> None:
        self.mels, self.maps = mels, maps
        self.is_done = False
        self._drawn: MouthPixels | None = None
        self._error: Exception | None = None

    def finish(self, drawn: MouthPixels) -> None:
        self._drawn, self.is_done = drawn, True

    def fail(self, error: Exception) -> None:
        self._error, self.is_done = error, True

    def result(self) -> MouthPixels:
        if self._error:
            raise self._error
        assert self._drawn is not None
        return self._drawn
