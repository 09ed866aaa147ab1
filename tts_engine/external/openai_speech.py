"""A voice behind an OpenAI-compatible speech endpoint, ``POST /v1/audio/speech``."""

import os
from collections.abc import Generator
from contextlib import closing
from typing import Literal

from ..audio.loudness import LoudnessHistory
from ..audio.pcm import PcmDecoder
from ..voice import Speech, VoiceCapabilities
from .clause_synthesis import SAMPLE_RATES, speak_clauses
from .http_client import FIRST_SOUND_S, STALL_S, ServiceTimeouts, check_url, stream_post


class OpenAISpeechVoice:
    """Speaks with a voice of a service.

    Args:
        model: As the service calls it.
        voice: As the service calls it.
        url: Where its API starts, with ``/v1``.
        api_key_env: The environment variable that holds the key; services on your own network
            mostly need none.
        format: What to ask for; ``"wav"`` tells its own sample rate.
        pcm_hz: The rate of ``"pcm"``, which tells none.
        speed: 0.25 to 4.
        sample_rate: Of what comes out, Hz.
        first_sound_s: How long the first sound of a clause may take, seconds.
        stall_s: How long any later sound may take, seconds.

    Raises:
        ValueError: An option is out of range, or the variable with the key is not set.
    """

    capabilities = VoiceCapabilities(takes_speed=True)

    def __init__(
        self,
        *,
        model: str,
        voice: str,
        url: str = "http://127.0.0.1:8000/v1",
        api_key_env: str | None = None,
        format: Literal["wav", "pcm"] = "wav",
        pcm_hz: int = 24_000,
        speed: float = 1.0,
        sample_rate: int = 24_000,
        first_sound_s: float = FIRST_SOUND_S,
        stall_s: float = STALL_S,
    ) -> None:
        if format not in ("wav", "pcm"):
            raise ValueError(f"format is {format!r}; it can be wav or pcm")
        if sample_rate not in SAMPLE_RATES:
            raise ValueError(f"sample_rate is {sample_rate}; it can be {SAMPLE_RATES}")
        if not 0.25 <= speed <= 4:
            raise ValueError(f"speed is {speed}; it can be 0.25 to 4")
        if api_key_env and api_key_env not in os.environ:
            raise ValueError(f"the variable {api_key_env} that should hold the key is not set")
        self.sample_rate = sample_rate
        self._url = f"{check_url(url)}/audio/speech"
        self._request = {"model": model, "voice": voice, "response_format": format, "speed": speed}
        self._headers = (
            {"Authorization": f"Bearer {os.environ[api_key_env]}"} if api_key_env else {}
        )
        self._bare_hz = pcm_hz if format == "pcm" else None
        self._speed = speed
        self._timeouts = ServiceTimeouts(first_sound_s=first_sound_s, stall_s=stall_s)
        self._loudness = LoudnessHistory()

    def speak(self, text: str) -> Generator[Speech, None, None]:
        """Speak one sentence, clause by clause, as the sound arrives.

        Raises:
            ValueError: ``text`` is blank, or nothing in it can be spoken.
            ConnectionError: The service is gone, refused, broke off, or gave something
                that cannot be these words.
            TimeoutError: It was silent for too long.
        """
        yield from speak_clauses(
            text, self._synthesise, self.sample_rate, self._loudness, self._speed
        )

    def _synthesise(self, spoken: str, language: str) -> Generator[Speech, None, None]:
        request = self._request | {"input": spoken}
        stream = PcmDecoder(self._bare_hz)
        with closing(
            stream_post(self._url, request, self._headers, self._timeouts, spoken)
        ) as data:
            for chunk in data:
                samples = stream.push(chunk)
                if len(samples) and stream.sample_rate:
                    yield Speech(samples, stream.sample_rate)
        stream.close()
