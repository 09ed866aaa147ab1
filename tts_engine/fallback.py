"""A voice that takes over when another one fails: the answer is never lost."""

import logging
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace

import numpy as np

from .audio.filters import resample_speech
from .voice import Speech, Voice

logger = logging.getLogger(__name__)

_AUDIBLE = 10 ** (-60 / 20)
_BREATH_SECONDS = 0.2  # between the voice that broke off and the one that goes on


class FallbackVoice:
    """Speaks with one voice, and with a spare one when that fails.

    Decided for each sentence, once. Nothing is heard yet: the spare one speaks the whole
    sentence. Something is: it goes on after the last clause that was finished, so the
    clause that broke off is begun again, as a person would; clauses heard to their end
    are not repeated, and none is left out. After a failure the first voice is left
    alone for a while.

    What the spare voice speaks carries its name in :attr:`Speech.voice`.

    Args:
        voice: Spoken with as long as it works.
        spare: One that works without a network.
        name: What the spare voice is called in events and logs.
        rest_s: How long a voice that failed is not asked again, seconds.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        voice: Voice,
        spare: Voice,
        *,
        name: str = "espeak",
        rest_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sample_rate = voice.sample_rate
        self._voice = voice
        self._spare = spare
        self._name = name
        self._rest_s = rest_s
        self._clock = clock
        self._rests_until = -float("inf")

    def speak(self, text: str) -> Generator[Speech, None, None]:
        """Speak one sentence; only the failure of both voices is an error.

        Raises:
            ValueError: ``text`` is blank, or nothing in it can be spoken.
            Exception: What the spare voice raised.
        """
        if not text.strip():
            raise ValueError("nothing to speak: the text is blank")
        unsaid = text
        if self._clock() >= self._rests_until:
            unsaid = yield from self._first(text)
        if not any(map(str.isalnum, unsaid)) and unsaid != text:
            return
        with closing(resample_speech(self._spare.speak(unsaid), self.sample_rate)) as speech:
            for piece in speech:
                yield replace(piece, voice=self._name)

    def _first(self, text: str) -> Generator[Speech, None, str]:
        """Speak with the first voice, and return what it leaves unsaid."""
        said = ""
        silent: list[Speech] | None = []  # given out once something is heard
        try:
            with closing(self._voice.speak(text)) as speech:
                for piece in speech:
                    said += piece.text
                    if silent is None:
                        yield piece
                        continue
                    silent.append(piece)
                    if np.abs(piece.samples).max(initial=0) > _AUDIBLE:
                        yield from silent
                        silent = None
            if silent is not None:
                raise ConnectionError("the voice answered with silence")
        except Exception as error:
            if not isinstance(error, ValueError):  # which would be the text's fault
                self._rests_until = self._clock() + self._rest_s
            logger.warning(
                "the voice %s failed (%s); %s speaks instead",
                type(self._voice).__name__,
                type(error).__name__,
                self._name,
            )
            if silent is not None:
                return text
            unsaid = text.removeprefix(said)
            if any(map(str.isalnum, unsaid)):
                breath = np.zeros(round(_BREATH_SECONDS * self.sample_rate), np.float32)
                yield Speech(breath, self.sample_rate, voice=self._name)
            return unsaid
        return ""
