"""What every external voice needs around it: clauses, plausible lengths, one rate, one loudness.

A sentence is asked for clause by clause: a clause that breaks off is the only one in
doubt, and models that speak by feel leave out less of a short text than of a long one.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..audio.filters import EdgeFade, filter_speech, resample_speech
from ..audio.loudness import LoudnessHistory, LoudnessNormalizer
from ..text import closing_pause_seconds, spoken_clauses, spoken_language
from ..voice import Speech

Samples = NDArray[np.float32]
ClauseSynthesizer = Callable[[str, str], Generator[Speech, None, None]]
"""From a clause as it is said and its language, ``"zh-CN"`` or ``"en"``, to its sound at
whatever sample rate."""

SAMPLE_RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""Hz; what AAC knows and what holds whole samples in a frame of 40 ms."""

_SHORT = 4  # letters
_EDGE_SECONDS = 0.05  # of quiet kept around the sound, so that soft starts survive
_FADE_SECONDS = 0.005
_QUIET = 10 ** (-50 / 20)


def speak_clauses(
    text: str,
    synthesise: ClauseSynthesizer,
    sample_rate: int,
    loudness: LoudnessHistory,
    speed: float = 1.0,
) -> Generator[Speech, None, None]:
    """Speak a sentence with a voice that only knows how to turn a clause into sound.

    Each clause is trimmed and followed by the pause its marks ask for; its text comes
    with that pause.

    Args:
        text: A sentence.
        synthesise: The voice.
        sample_rate: Of what comes out, Hz.
        loudness: What is known of the voice.
        speed: What the voice was told, 1 being natural.

    Raises:
        ValueError: ``text`` is blank, or nothing in it can be spoken.
        ConnectionError: The voice gave silence, or far more or less sound than the words need.
    """
    language = spoken_language(text)
    clauses = spoken_clauses(text, language, lambda spoken: any(map(str.isalnum, spoken)))
    if not clauses:
        raise ValueError("nothing to speak: the text holds only marks or symbols")

    def said() -> Generator[Speech, None, None]:
        for written, spoken in clauses:
            sound = check_duration(synthesise(spoken, language), spoken, speed)
            edges = EdgeFade(round(_FADE_SECONDS * sample_rate))
            clause = filter_speech(resample_speech(sound, sample_rate), edges, sample_rate)
            with closing(clause):
                yield from (replace(piece, text="") for piece in clause)
            n_silent = max(1, round(closing_pause_seconds(written) * sample_rate))
            yield Speech(np.zeros(n_silent, np.float32), sample_rate, written)

    yield from filter_speech(said(), LoudnessNormalizer(sample_rate, loudness), sample_rate)


def is_short(spoken: str) -> bool:
    """Tell whether a clause is so short that a cloned voice may say something else."""
    return sum(map(str.isalnum, spoken)) < _SHORT


def duration_bounds(spoken: str, speed: float) -> tuple[float, float]:
    """Return how many seconds a clause takes at least and at most, in any mouth."""
    n_latin = sum(character.isascii() and character.isalnum() for character in spoken)
    n_han = sum(map(str.isalnum, spoken)) - n_latin
    return (n_han / 12 + n_latin / 40) / speed, (0.6 * n_han + 0.5 * n_latin) / speed + 1


def check_duration(
    sound: Generator[Speech, None, None], spoken: str, speed: float
) -> Generator[Speech, None, None]:
    """Pass the sound of a clause on without the quiet around it, if it can be these words.

    A clause of a few letters is held back until it is over: it might be another one.

    Raises:
        ConnectionError: It is silent, too short or too long. What came too late to be
            held back has been given out by then.
    """
    shortest, longest = duration_bounds(spoken, speed)
    with closing(sound):
        pieces: Iterator[Speech] = _trimmed(sound)
        if is_short(spoken):
            pieces = iter(list(pieces))
        seconds = 0.0
        held = []
        for piece in pieces:
            seconds += piece.seconds
            if seconds > longest:
                raise ConnectionError(
                    f"the voice was still speaking after {longest:.1f} s, longer than the "
                    "words can take: it lost its way, or repeats its reference clip"
                )
            held.append(piece)
            if not is_short(spoken):
                yield from held
                held = []
        if not seconds:
            raise ConnectionError("the voice answered with silence")
        if seconds < shortest:
            raise ConnectionError(
                f"the voice stopped after {seconds:.1f} s, before the words can be over"
            )
        yield from held


def _trimmed(sound: Iterator[Speech]) -> Iterator[Speech]:
    """Drop the quiet before and after, but for an edge."""
    quiet = np.zeros(0, np.float32)
    heard = False
    sample_rate = 0
    for piece in sound:
        sample_rate = piece.sample_rate
        edge = round(_EDGE_SECONDS * sample_rate)
        samples = np.concatenate([quiet, piece.samples])
        loud = np.flatnonzero(np.abs(samples) > _QUIET)
        if not len(loud):
            quiet = samples
            continue
        first = 0 if heard else max(0, int(loud[0]) - edge)
        last = int(loud[-1]) + 1
        heard, quiet = True, samples[last:]
        yield replace(piece, samples=samples[first:last])
    end = quiet[: round(_EDGE_SECONDS * sample_rate)]
    if heard and len(end):
        yield Speech(end, sample_rate)
