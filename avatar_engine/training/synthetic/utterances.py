"""What the presenter says in training clips: sound with phoneme times, from voices and from people.

Voices know when they say what. Of recorded words only the text is known: the times are
found by laying the recording beside the same words in a voice that knows.
"""

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
from numpy.typing import NDArray

from tts_engine import Phoneme, Voice
from tts_engine.espeak.voice import EspeakVoice

from ...video.reader import read_audio
from ...wav2lip.mel import HOP_LENGTH, SAMPLE_RATE, SAMPLES_PER_FRAME, melspectrogram

MAX_UTTERANCE_S = 8.0
_MARGIN_S = 0.12  # of silence before and after a line, so that lips are seen to open and shut
_GAIN_RANGE_DB = (-8.0, 4.0)
_WORDS_PER_UTTERANCE = (3, 7)  # recorded words in one line
_PAUSE_RANGE_S = (0.04, 0.3)  # between them


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticUtterance:
    """One line of the play."""

    text: str
    voice: str
    samples: NDArray[np.float32]
    """Mono, 16 kHz, in [-1, 1]; a whole number of frames."""
    phonemes: tuple[Phoneme, ...]
    """Seconds from the first sample."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def synthesized_utterances(
    texts: Sequence[str], rng: random.Random
) -> Iterator[SyntheticUtterance]:
    """Each text in a voice, rate and pitch of its own; without end, in random order."""
    voices: dict[tuple[str, int, int], EspeakVoice] = {}
    while True:
        for text in rng.sample(texts, len(texts)):
            gender = rng.choice(("female", "male"))
            rate, pitch = rng.choice((150, 170, 190, 210)), rng.choice((45, 60, 70, 85))
            key = (gender, rate, pitch)
            if key not in voices:
                voices[key] = EspeakVoice(
                    gender="female" if gender == "female" else "male", rate=rate, pitch=pitch
                )
            line = synthesize_utterance(voices[key], text, f"espeak {gender} {rate} {pitch}")
            if line is not None and line.seconds <= MAX_UTTERANCE_S:
                yield _with_random_gain(line, rng)


def synthesize_utterance(voice: Voice, text: str, name: str) -> SyntheticUtterance | None:
    """One text in one voice; None where nothing in it can be spoken."""
    samples: list[NDArray[np.float32]] = []
    phonemes: list[Phoneme] = []
    seconds = 0.0
    try:
        for piece in voice.speak(text):
            phonemes += [Phoneme(p.symbol, seconds + p.start) for p in piece.phonemes]
            samples.append(piece.samples)
            seconds += piece.seconds
    except ValueError:
        return None
    if not phonemes:
        return None
    there = librosa.resample(
        np.concatenate(samples), orig_sr=voice.sample_rate, target_sr=SAMPLE_RATE
    )
    return _join_utterance(text, name, [(there.astype(np.float32), tuple(phonemes))], [_MARGIN_S])


@dataclass(frozen=True, slots=True)
class RecordedWords:
    """One recorded word or sentence."""

    path: Path
    text: str


def read_recordings(table: Path) -> list[RecordedWords]:
    """A tab-separated table with the columns ``file`` (beside the table) and ``text``.

    Raises:
        ValueError: A column is missing.
    """
    with table.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        if not {"file", "text"} <= set(rows.fieldnames or ()):
            raise ValueError(f"{table} has no columns named file and text in its first line")
        return [RecordedWords(table.parent / row["file"], row["text"]) for row in rows]


def recorded_utterances(
    recordings: Sequence[RecordedWords], name: str, rng: random.Random
) -> Iterator[SyntheticUtterance]:
    """Lines of a few recorded words each, in random order, without end."""
    beside = EspeakVoice(gender="female")
    while True:
        waiting = rng.sample(recordings, len(recordings))
        while waiting:
            parts: list[tuple[NDArray[np.float32], tuple[Phoneme, ...]]] = []
            texts = []
            for _ in range(min(rng.randint(*_WORDS_PER_UTTERANCE), len(waiting))):
                recording = waiting.pop()
                told = synthesize_utterance(beside, recording.text, "")
                if told is None:
                    continue
                samples = _read_recording(recording.path)
                parts.append((samples, align_phonemes(samples, told)))
                texts.append(recording.text)
            if parts:
                pauses = [rng.uniform(*_PAUSE_RANGE_S) for _ in parts[1:]]
                line = _join_utterance("，".join(texts), name, parts, [_MARGIN_S, *pauses])
                if line.seconds <= MAX_UTTERANCE_S:
                    yield _with_random_gain(line, rng)


def _read_recording(path: Path) -> NDArray[np.float32]:
    return (np.concatenate(list(read_audio(path, SAMPLE_RATE))) / 32768).astype(np.float32)


def align_phonemes(samples: NDArray[np.float32], told: SyntheticUtterance) -> tuple[Phoneme, ...]:
    """The phonemes of ``told`` at the times at which ``samples`` has them.

    Dynamic time warping over mel columns from which the speaker's own spectrum is taken away.
    """
    _, path = librosa.sequence.dtw(
        _alignment_features(told.samples), _alignment_features(samples), metric="cosine"
    )
    there, here = path[::-1].T
    seconds = HOP_LENGTH / SAMPLE_RATE
    times = np.interp([p.start / seconds for p in told.phonemes], there, here) * seconds
    return tuple(Phoneme(p.symbol, float(t)) for p, t in zip(told.phonemes, times, strict=True))


def _alignment_features(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    mel = melspectrogram(samples)
    loud = mel.mean(axis=0)
    voiced = mel[:, loud > loud.max() - 1.5]
    made = np.concatenate([mel - voiced.mean(axis=1, keepdims=True), loud[None] * 4])
    return np.asarray(made + 1e-3, np.float32)


def _join_utterance(
    text: str,
    voice: str,
    parts: Sequence[tuple[NDArray[np.float32], tuple[Phoneme, ...]]],
    pauses: Sequence[float],
) -> SyntheticUtterance:
    """Parts in a row, each behind its pause, and silence up to a whole frame at the end."""
    pieces: list[NDArray[np.float32]] = []
    phonemes: list[Phoneme] = []
    at = 0
    for pause, (samples, said) in zip(pauses, parts, strict=True):
        quiet = round(pause * SAMPLE_RATE)
        phonemes.append(Phoneme("", at / SAMPLE_RATE))
        at += quiet
        phonemes += [Phoneme(p.symbol, at / SAMPLE_RATE + p.start) for p in said]
        pieces += [np.zeros(quiet, np.float32), samples]
        at += len(samples)
    phonemes.append(Phoneme("", at / SAMPLE_RATE))
    ending = round(_MARGIN_S * SAMPLE_RATE)
    ending += -(at + ending) % SAMPLES_PER_FRAME
    pieces.append(np.zeros(ending, np.float32))
    return SyntheticUtterance(text, voice, np.concatenate(pieces), tuple(phonemes))


def _with_random_gain(line: SyntheticUtterance, rng: random.Random) -> SyntheticUtterance:
    gain = 10 ** (rng.uniform(*_GAIN_RANGE_DB) / 20)
    loudest = float(np.abs(line.samples).max()) or 1.0
    samples = (line.samples * min(gain, 0.99 / loudest)).astype(np.float32)
    return SyntheticUtterance(line.text, line.voice, samples, line.phonemes)
