"""Batches that are read ahead, and of which each depends on its number alone.

Sample ``j`` of step ``k`` is drawn by a generator seeded with the run's seed, the number
of the process, ``k`` and ``j``: a run that goes on at step ``k`` needs nothing to be kept
of the ones before.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

Sample = dict[str, NDArray[np.generic]]
"""Arrays of one sample; in a batch they are stacked."""

AHEAD = 2  # steps


class Batches:
    """Reads batches; threads will do, for decoding JPEG and warping let go of Python's lock.

    Args:
        draw: Makes a sample of a generator of random numbers and a number of frames.
        seed: The run's.
        rank: The number of this process among all.
        workers: Threads; with 0, batches are read where they are asked for.
    """

    def __init__(
        self,
        draw: Callable[[np.random.Generator, int], Sample],
        seed: int,
        rank: int,
        workers: int,
    ) -> None:
        self._draw, self._seed, self._rank = draw, seed, rank
        self._pool = ThreadPoolExecutor(workers, "batches") if workers else None
        self._coming: deque[tuple[tuple[int, int, int], list[Future[Sample]]]] = deque()

    def get(self, step: int, size: int, frames: int) -> Sample:
        """The batch of a step: ``size`` samples of ``frames`` frames each."""
        if not self._pool:
            return _stack([self._sample(step, j, frames) for j in range(size)])
        if self._coming and self._coming[0][0] != (step, size, frames):
            self._forget()  # the sync loss just got its weight: other batches are needed
        for k in range(step + len(self._coming), step + 1 + AHEAD):
            futures = [self._pool.submit(self._sample, k, j, frames) for j in range(size)]
            self._coming.append(((k, size, frames), futures))
        return _stack([future.result() for future in self._coming.popleft()[1]])

    def close(self) -> None:
        """Stop reading ahead."""
        self._forget()
        if self._pool:
            self._pool.shutdown()

    def _forget(self) -> None:
        for _, futures in self._coming:
            for future in futures:
                future.cancel()
        self._coming.clear()

    def _sample(self, step: int, j: int, frames: int) -> Sample:
        return self._draw(np.random.default_rng((self._seed, self._rank, step, j)), frames)


def _stack(samples: list[Sample]) -> Sample:
    return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
