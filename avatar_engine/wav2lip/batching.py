"""Dynamic batching: requests that wait for the network at the same moment become one batch.

A batch of eight costs less than eight batches of one. A thread that finds the network busy
queues its request, and the next thread that gets the network runs all queued requests (flat
combining; Hendler et al., SPAA 2010). There is no waiting for a batch to fill: a request that
is alone runs at once.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from .backends.base import FaceFeatures, MelWindows, MouthPixels

DrawFunction = Callable[[MelWindows, FaceFeatures], MouthPixels]
"""What a backend does."""

MAX_EXTRA_SECONDS = 0.040  # s by which a batch may delay the first request in the queue
_COST_SMOOTHING = 0.8  # of the running mean of seconds a frame


class DynamicBatcher:
    """A network that several threads share.

    The queue is first come, first served, and each thread has at most one request in it: with n
    threads no request waits for more than the n - 1 others. The result does not depend on the
    rest of the batch but for rounding: a pixel may be off by one level of 255.

    Args:
        draw: The network; it is only called by one thread at a time.
    """

    def __init__(self, draw: DrawFunction) -> None:
        self._draw = draw
        self._queue: deque[_BatchRequest] = deque()
        self._busy = threading.Lock()
        self._seconds_each = 0.0

    def draw(self, mels: MelWindows, maps: FaceFeatures) -> MouthPixels:
        """The mouths of n frames; blocks until they are generated."""
        mine = _BatchRequest(mels, maps)
        self._queue.append(mine)
        while not mine.is_done:
            with self._busy:
                if not mine.is_done:
                    self._draw_some()
        return mine.result()

    def _draw_some(self) -> None:
        batch = [self._queue.popleft()]
        free_slots = (
            MAX_EXTRA_SECONDS / self._seconds_each if self._seconds_each else 0.0
        )  # pictures
        while self._queue and len(self._queue[0].mels) <= free_slots:
            batch.append(self._queue.popleft())
            free_slots -= len(batch[-1].mels)
        started = time.perf_counter()
        try:
            mels = np.concatenate([request.mels for request in batch])
            levels = zip(*(request.maps for request in batch), strict=True)
            drawn = self._draw(mels, [np.concatenate(level) for level in levels])
        except Exception as error:
            for request in batch:
                request.fail(error)
            return
        each = (time.perf_counter() - started) / len(mels)
        self._seconds_each = (
            _COST_SMOOTHING * (self._seconds_each or each) + (1 - _COST_SMOOTHING) * each
        )
        at = 0
        for request in batch:
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
