"""A voice cloned by GPT-SoVITS, through the HTTP service it comes with (``api_v2.py``)."""

import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import numpy as np

from ..audio.loudness import LoudnessHistory
from ..audio.pcm import PcmDecoder
from ..voice import Speech, VoiceCapabilities
from ..voice_folder import Language, check_reference
from .clause_synthesis import SAMPLE_RATES, duration_bounds, is_short, speak_clauses
from .http_client import (
    FIRST_SOUND_S,
    STALL_S,
    ServiceTimeouts,
    SpeechServiceError,
    check_url,
    stream_post,
)

_REFERENCE_SECONDS = (3.0, 10.0)  # the service refuses any other
_STREAMING_MODES = {2: 1, 1: 0}  # the next to try when a service does not know one
_FRAGMENT_INTERVAL = 0.01  # seconds of silence the service adds; the pauses are ours
_SEEDS = (7, 19, 31)  # the second and third only when a short text went wrong
_REPORT = 16_000  # samples of silence at the end: how the service says that it failed
_LEAD_IN = "……"  # before a short text, which otherwise comes out as the reference clip


class GptSovitsVoice:
    """Speaks with the voice of a reference clip.

    One request at a time goes to a service, whoever asks: it mixes up requests that
    overlap. An interrupted clause is read to its end in the background for that reason.

    Args:
        reference_audio: A clip of the speaker, 3 to 10 seconds.
        reference_text: What is said in it.
        reference_language: In which language.
        language: Of what is to be said; a sentence of Latin letters alone is ``"en"``.
        speed: 0.5 to 2, 1 being the speaker's own.
        url: Where the service listens.
        audio_on_server: The clip's path as the service sees it, when it runs on another machine.
        sample_rate: Of what comes out, Hz; the service's depends on its model's version.
        first_sound_s: How long the first sound of a clause may take, seconds.
        stall_s: How long any later sound may take, seconds.

    Raises:
        ValueError: An option is out of range, or the clip cannot be used.
    """

    capabilities = VoiceCapabilities(takes_speed=True, reference_seconds=_REFERENCE_SECONDS)

    def __init__(
        self,
        *,
        reference_audio: str,
        reference_text: str,
        reference_language: Language = "zh",
        language: Language = "zh",
        speed: float = 1.0,
        url: str = "http://127.0.0.1:9880",
        audio_on_server: str | None = None,
        sample_rate: int = 32_000,
        first_sound_s: float = FIRST_SOUND_S,
        stall_s: float = STALL_S,
    ) -> None:
        for name, value in (("language", language), ("reference_language", reference_language)):
            if value not in get_args(Language):
                raise ValueError(f"{name} is {value!r}; it can be {', '.join(get_args(Language))}")
        if sample_rate not in SAMPLE_RATES:
            raise ValueError(f"sample_rate is {sample_rate}; it can be {SAMPLE_RATES}")
        if not 0.5 <= speed <= 2:
            raise ValueError(f"speed is {speed}; it can be 0.5 to 2")
        if not reference_text.strip():
            raise ValueError("reference_text is blank; write down what is said in the clip")
        check_reference(Path(reference_audio), *_REFERENCE_SECONDS)
        self.sample_rate = sample_rate
        self._url = check_url(url)
        self._language = language
        self._speed = speed
        self._request: dict[str, Any] = {
            "ref_audio_path": audio_on_server or str(Path(reference_audio).resolve()),
            "prompt_text": reference_text,
            "prompt_lang": reference_language,
            "text_split_method": "cut0",
            "fragment_interval": _FRAGMENT_INTERVAL,
            "speed_factor": speed,
            "media_type": "wav",
        }
        self._timeouts = ServiceTimeouts(first_sound_s=first_sound_s, stall_s=stall_s)
        self._streaming_mode = 2
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
        if not is_short(spoken):
            yield from self._sound(spoken, language, _SEEDS[0])
            return
        pieces: list[Speech] = []
        deadline = time.monotonic() + self._timeouts.first_sound_s
        for seed in _SEEDS:
            pieces = list(self._sound(_LEAD_IN + spoken, language, seed))
            right = (
                sum(piece.seconds for piece in pieces) <= duration_bounds(spoken, self._speed)[1]
            )
            if right or time.monotonic() > deadline:
                break
        yield from pieces

    def _sound(self, spoken: str, language: str, seed: int) -> Generator[Speech, None, None]:
        """Ask for one clause, in the best streaming mode the service knows."""
        while True:
            try:
                yield from self._answer(spoken, language, seed)
                return
            except SpeechServiceError as refusal:
                lower = _STREAMING_MODES.get(self._streaming_mode)
                if lower is None or "streaming_mode" not in refusal.body:
                    raise
                self._streaming_mode = lower

    def _answer(self, spoken: str, language: str, seed: int) -> Generator[Speech, None, None]:
        request = self._request | {
            "text": spoken,
            "text_lang": "en" if language == "en" else self._language,
            "streaming_mode": self._streaming_mode,
            "seed": seed,
        }
        stream = PcmDecoder()
        n_zeros = 0  # at the end, so far
        answer = stream_post(
            f"{self._url}/tts", request, {}, self._timeouts, spoken, exclusive=True
        )
        with closing(answer) as chunks:
            for chunk in chunks:
                samples = stream.push(chunk)
                sounding = np.flatnonzero(samples)
                n_zeros = len(samples) - 1 - int(sounding[-1]) if len(sounding) else (
                    n_zeros + len(samples)
                )  # fmt: skip
                if len(samples) and stream.sample_rate:
                    yield Speech(samples, stream.sample_rate)
        stream.close()
        if n_zeros >= _REPORT:
            raise ConnectionError(
                f"{self._url} answered with a second of silence, which is how it reports that "
                "it failed; its own log says why"
            )
