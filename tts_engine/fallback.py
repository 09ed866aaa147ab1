"""A spare voice that takes over when another one fails, so that every answer is heard."""

import logging
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace

import numpy as np

from .audio.filters import resample_speech
from .voice import Speech, Voice, VoiceCapabilities, voice_capabilities

logger = logging.getLogger(__name__)

_AUDIBLE = 10 ** (-60 / 20)
_JOIN_PAUSE_SECONDS = 0.2  # between a clause that broke off and the spare voice


class FallbackVoice:
    """Speaks with one voice, and with a spare one when that fails.

    The choice is made once for each sentence. If the first voice fails before anything is
    audible, the spare voice speaks the whole sentence. If it fails later, the spare voice
    begins with the clause that broke off: clauses heard to their end are not repeated, and
    none is left out. After a failure the first voice is not asked again for ``rest_s``.

    Pieces by the spare voice carry its name in :attr:`Speech.voice`.

    Args:
        voice: Speaks as long as it works.
        spare: One that works without a network.
        name: What the spare voice is called in events and logs.
        rest_s: Seconds for which a voice that failed is not asked again.
        clock: A monotonic clock, seconds.
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
        self.capabilities = VoiceCapabilities(
            knows_phonemes=voice_capabilities(voice).knows_phonemes
        )
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
            unsaid = yield from self._speak_first_voice(text)
        if not any(map(str.isalnum, unsaid)) and unsaid != text:
            return
        with closing(resample_speech(self._spare.speak(unsaid), self.sample_rate)) as speech:
            for piece in speech:
                yield replace(piece, voice=self._name)

    def _speak_first_voice(self, text: str) -> Generator[Speech, None, str]:
        """Speak with the first voice; return the text it leaves unsaid."""
        said = ""
        held: list[Speech] | None = []  # until something audible is among them
        try:
            with closing(self._voice.speak(text)) as speech:
                for piece in speech:
                    said += piece.text
                    if held is None:
                        yield piece
                        continue
                    held.append(piece)
                    if np.abs(piece.samples).max(initial=0) > _AUDIBLE:
                        yield from held
                        held = None
            if held is not None:
                raise ConnectionError("the voice answered with silence")
        except Exception as error:
            if not isinstance(error, ValueError):  # then the text is at fault, not the voice
                self._rests_until = self._clock() + self._rest_s
            logger.warning(
                "the voice %s failed (%s); %s speaks instead",
                type(self._voice).__name__,
                type(error).__name__,
                self._name,
            )
            if held is not None:
                return text
            unsaid = text.removeprefix(said)
            if any(map(str.isalnum, unsaid)):
                pause = np.zeros(round(_JOIN_PAUSE_SECONDS * self.sample_rate), np.float32)
                yield Speech(pause, self.sample_rate, voice=self._name)
            return unsaid
        return ""
