"""A Mandarin and English voice that works wherever the wheel installs: eSpeak NG.

A robot's voice, made by rules: no model, no download, far faster than speech.
Mandarin goes to the library as pinyin of our own choosing (``text/pinyin.py``).
"""

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..audio.loudness import TARGET_LUFS, TruePeakLimiter, integrated_loudness
from ..text import pause_seconds, spell_acronyms, spoken_clauses, spoken_language, words_with_pinyin
from ..voice import Phoneme, Speech, VoiceCapabilities
from .ipa import to_ipa
from .library import SAMPLE_RATE, EspeakSettings, library, variants

Gender = Literal["female", "male"]

# Chosen by numbers among the library's 110 variants: f3 and m3 have the steadiest pitch
# (no jumps of an octave), little noise, no clipping, and of the female ones f3 is near a
# real speaker's long-term spectrum. Pitch 70 gives medians of 219 and 116 Hz.
_VARIANTS: dict[Gender, str] = {"female": "f3", "male": "m3"}
_PITCH = 70
_TONE_RANGE = 99  # the library's own range is 4 semitones; tones want at least 6
_ENGLISH_RANGE = 50
_RATE = 190  # 4.3 syllables a second

_SILENCE = 10 ** (-55 / 20)
_EDGE_SECONDS = 0.01  # kept around the sound, so that soft starts survive

_SWITCH_SECONDS = 0.04  # between two languages
_MOST_CORRECTED = 4.0  # dB; a lone letter is measured roughly

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+")
_RUN = re.compile(  # a full stop inside a run is an abbreviation's, a decimal's or an address's
    rf"(?P<zh>{_HAN.pattern})"
    r"|(?P<en>[A-Za-z0-9$£€]"
    r"(?:[A-Za-z0-9'’&$%£€-]|[.,](?=[A-Za-z0-9])|\.(?= [a-z0-9])| (?=[A-Za-z0-9$£€]))*)"
)
_LETTER_A = re.compile(r"\bA\b")  # which would be read as the article

# Three syllables the library's pinyin lacks, in its own names; 35 is the second tone.
_MISSING = {"xiong": "S;j'ong", "qiong": "tS;hj'ong", "jiong": "tS;j'ong"}
_TONES = {"1": "55", "2": "35", "3": "214", "4": "51", "5": "11"}

_CALIBRATION = "请您带好本人身份证原件到窗口办理"
_ENGLISH_CALIBRATION = "Please bring your identity card to the service counter"


@dataclass(frozen=True, slots=True, eq=False)
class _TrimmedSpeech:
    samples: NDArray[np.float32]
    phonemes: tuple[tuple[str, float], ...]


class EspeakVoice:
    """Speaks Mandarin and English with eSpeak NG.

    Args:
        gender: Of the voice, when ``voice`` names no variant.
        voice: The library's name of the Mandarin voice. ``"cmn"``, the default, is
            fed with our pinyin; a variant may follow, ``"cmn+m7"``, and wins over
            ``gender``.
        pitch: 0 to 99.
        rate: 80 to 450, words per minute by the library's reckoning; 190 is
            4.3 Mandarin syllables a second.

    Raises:
        ValueError: An option is out of range, or there is no such voice.
        OSError: The library cannot be loaded.
    """

    sample_rate = SAMPLE_RATE
    capabilities = VoiceCapabilities(chooses_gender=True, knows_phonemes=True)

    def __init__(
        self,
        *,
        gender: Gender = "female",
        voice: str = "cmn",
        pitch: int = _PITCH,
        rate: int = _RATE,
    ) -> None:
        if gender not in _VARIANTS:
            raise ValueError(f"gender is {gender!r}; it can be {' or '.join(_VARIANTS)}")
        name, _, variant = voice.partition("+")
        if name != "cmn":
            raise ValueError(f'voice is {voice!r}; it can be "cmn" or "cmn+VARIANT"')
        if not 0 <= pitch <= 99:
            raise ValueError(f"pitch is {pitch}; it can be 0 to 99")
        if not 80 <= rate <= 450:
            raise ValueError(f"rate is {rate}; it can be 80 to 450")
        if variant and variant not in variants():  # the library would silently ignore it
            raise ValueError(f"voice is {voice!r}; its variants are {', '.join(variants())}")
        suffix = "+" + (variant or _VARIANTS[gender])
        self._mandarin = EspeakSettings("cmn-latn-pinyin" + suffix, rate, pitch, _TONE_RANGE)
        # The library's English is slower than its Mandarin at one rate.
        self._english = EspeakSettings("en-us" + suffix, max(80, rate - 20), pitch, _ENGLISH_RANGE)
        self._gains = {mandarin: self._calibrated(mandarin=mandarin) for mandarin in (True, False)}

    def speak(self, text: str) -> Generator[Speech, None, None]:
        """Speak one sentence clause by clause.

        The ``text`` of the pieces, joined, is ``text``. Each piece ends with the
        pause its punctuation asks for.

        Raises:
            ValueError: ``text`` is blank, or nothing in it can be spoken (only
                marks or emoji).
        """
        language = spoken_language(text)
        pieces = spoken_clauses(text, language, lambda spoken: bool(_RUN.search(spoken)))
        if not pieces:
            raise ValueError("nothing to speak: the text holds only marks or symbols")
        for written, spoken in pieces:
            yield self._say(written, spoken, embeds=language != "en")

    def _say(self, written: str, spoken: str, *, embeds: bool) -> Speech:
        """Speak one clause as one piece; ``embeds``: English in it is inside Mandarin."""
        sounds: list[NDArray[np.float32]] = []
        phonemes: list[Phoneme] = []
        seconds = 0.0
        runs = list(_RUN.finditer(spoken))
        for run, following in zip(runs, [*runs[1:], None], strict=True):
            mandarin = run.lastgroup == "zh"
            said = _in_pinyin(run[0]) if mandarin else run[0]
            if not mandarin and embeds:
                said = _LETTER_A.sub("[[eI]]", spell_acronyms(said))
            if not said:
                continue  # characters that no dictionary knows
            sound = self._synthesise(said, mandarin=mandarin, embedded=not mandarin and embeds)
            gap = spoken[run.end() : following.start() if following else len(spoken)]
            quiet = pause_seconds(gap)
            if following and following.lastgroup != run.lastgroup:
                quiet = max(quiet, _SWITCH_SECONDS)
            phonemes += [Phoneme(symbol, seconds + start) for symbol, start in sound.phonemes]
            sounds.append(sound.samples)
            seconds += len(sound.samples) / SAMPLE_RATE
            if silence := round(quiet * SAMPLE_RATE):
                phonemes.append(Phoneme("", seconds))
                sounds.append(np.zeros(silence, np.float32))
                seconds += silence / SAMPLE_RATE
        samples = np.concatenate(sounds) if sounds else np.zeros(0, np.float32)
        return Speech(samples, SAMPLE_RATE, written, tuple(phonemes))

    def _synthesise(self, said: str, *, mandarin: bool, embedded: bool = False) -> _TrimmedSpeech:
        """Return one run of one language at the common level, without silence around it.

        Single words differ in level, by 2 LU and more. Inside another language that is heard,
        so an ``embedded`` run is brought to the level by itself.
        """
        recording = library().synthesise(said, self._mandarin if mandarin else self._english)
        limiter = TruePeakLimiter(SAMPLE_RATE)
        gain = self._gains[mandarin]
        if embedded:
            gain *= _correction(_audible(recording.samples * np.float32(gain)))
        loud = limiter.push(recording.samples * np.float32(gain))
        samples = np.concatenate([loud, limiter.flush()])
        ipa = to_ipa(recording.phonemes, len(samples) / SAMPLE_RATE, mandarin=mandarin)
        return _trimmed(samples, ipa)

    def _calibrated(self, *, mandarin: bool) -> float:
        """Return the gain that brings this voice to the common level."""
        said = _in_pinyin(_CALIBRATION) if mandarin else _ENGLISH_CALIBRATION
        manner = self._mandarin if mandarin else self._english
        loudness = integrated_loudness(library().synthesise(said, manner).samples, SAMPLE_RATE)
        return float(10 ** ((TARGET_LUFS - loudness) / 20)) if loudness > -np.inf else 1.0


def _correction(samples: NDArray[np.float32]) -> float:
    """Return the gain that brings a word to the common level, within limits."""
    off = TARGET_LUFS - integrated_loudness(samples, SAMPLE_RATE)
    return float(10 ** (min(_MOST_CORRECTED, max(-_MOST_CORRECTED, off)) / 20))


def _audible(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what lies between the first and the last audible sample."""
    audible = np.flatnonzero(np.abs(samples) > _SILENCE)
    return samples[audible[0] : audible[-1] + 1] if len(audible) else samples


def _in_pinyin(text: str) -> str:
    return " ".join(
        "".join(map(_library_spelling, word.syllables)) for word in words_with_pinyin(text)
    )


def _library_spelling(syllable: str) -> str:
    missing = _MISSING.get(syllable[:-1])
    return f"[[{missing}{_TONES[syllable[-1]]}]]" if missing else syllable


def _trimmed(samples: NDArray[np.float32], ipa: list[tuple[str, float]]) -> _TrimmedSpeech:
    """Cut silence off both ends, and the phonemes with it."""
    audible = np.flatnonzero(np.abs(samples) > _SILENCE)
    if not len(audible):
        return _TrimmedSpeech(np.zeros(0, np.float32), ())
    edge = round(_EDGE_SECONDS * SAMPLE_RATE)
    first = max(0, int(audible[0]) - edge)
    last = min(len(samples), int(audible[-1]) + edge)
    offset, seconds = first / SAMPLE_RATE, (last - first) / SAMPLE_RATE
    kept: list[tuple[str, float]] = []
    for symbol, start in ipa:
        if start - offset < seconds:
            kept.append((symbol, max(0.0, start - offset)))
    while len(kept) > 1 and kept[1][1] == 0.0:
        del kept[0]  # wholly in the part that was cut
    if kept:
        kept[0] = (kept[0][0], 0.0)
    while kept and kept[-1][0] == "":
        del kept[-1]  # the pause is added by whoever knows the punctuation
    return _TrimmedSpeech(samples[first:last], tuple(kept))
