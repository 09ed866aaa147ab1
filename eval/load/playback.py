"""A page that plays what arrives, without a screen."""

START_BUFFER = 0.3  # s of media before playing begins, as in page/player.js


class Playback:
    """One reply as a page plays it: it begins with a small buffer, and waits where one is empty.

    All times are seconds of one clock; positions are seconds of the film.
    """

    def __init__(self) -> None:
        self._zero: float | None = None  # when position 0 would have been shown, without stalls
        self._end = 0.0
        self.n_stalls = 0
        """Fragments that arrived when they should have been playing already."""
        self.stalled = 0.0
        """How long was waited for them, s."""

    def arrived(self, now: float, start: float, end: float) -> None:
        """A fragment from ``start`` to ``end`` of the film is there."""
        self._end = end
        if self._zero is None:
            if end >= START_BUFFER:
                self._zero = now
            return
        late = now - (self._zero + start)
        if late > 0:
            self.n_stalls += 1
            self.stalled += late
            self._zero += late

    def complete(self, now: float) -> None:
        """No more fragments will come: what is there is played, however short."""
        if self._zero is None and self._end:
            self._zero = now

    def position(self, now: float) -> float:
        """What is shown now."""
        return 0.0 if self._zero is None else min(max(0.0, now - self._zero), self._end)

    def remaining(self, now: float) -> float:
        """How long it plays on if nothing more arrives, s."""
        return self._end - self.position(now)
