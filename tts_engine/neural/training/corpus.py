"""Recordings of sentences on disk, decoded once, as training reads them."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import soundfile  # type: ignore[import-untyped]
import soxr
from numpy.typing import NDArray

from zhengwen.atomic_write import write_atomically

from ..features import HOP, SAMPLE_RATE
from ..phones import Phone
from ..sentence_phones import SentencePhones, sentence_clauses, sentence_phones, sentence_words

_HELD_OUT_EVERY = 40
_AUDIO, _INDEX = "audio.npy", "recordings.json"
_SPEECH_RMS = 0.08  # root mean square of a corpus' loud frames, of full scale
_LONGEST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class CorpusRecording:
    """One spoken sentence."""

    name: str
    text: str
    words: tuple[tuple[tuple[tuple[int, int], ...], ...], ...]
    """Words of syllables of phones, each phone its number and its tone."""
    breaks: tuple[int, ...]
    """What stands behind each word; see ``sentence_phones.py``."""
    first: int
    """Its first frame in the corpus."""
    n_frames: int
    held_out: bool
    """Whether it measures and never trains."""

    @property
    def frames(self) -> slice:
        return slice(self.first, self.first + self.n_frames)

    def sentence(self) -> SentencePhones:
        """Return its phones."""
        words = [
            [tuple(Phone(*phone) for phone in syllable) for syllable in word] for word in self.words
        ]
        return sentence_phones(words, self.breaks)


@dataclass(frozen=True, slots=True, eq=False)
class SpeechCorpus:
    """All recordings of one speaker."""

    recordings: tuple[CorpusRecording, ...]
    audio: NDArray[np.int16]
    """All recordings, concatenated, shape (n_frames * HOP,)."""

    def samples(self, recording: CorpusRecording) -> NDArray[np.float32]:
        """Return its waveform, shape (n_frames * HOP,), values in [-1, 1]."""
        part = self.audio[recording.first * HOP : (recording.first + recording.n_frames) * HOP]
        return np.asarray(part, np.float32) / np.float32(32768)


def read_transcripts(path: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """Return file names and texts of a table, and why lines were left out.

    Args:
        path: Tab-separated with a header that has the columns ``file`` and ``text``; or a list
            of GPT-SoVITS, ``file|speaker|language|text`` without a header.

    Raises:
        ValueError: It is neither.
    """
    lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    if not lines:
        raise ValueError(f"{path} is empty; it should name a sound file and its text in each line")
    if lines[0].count("|") == 3:
        rows = [(number, line.split("|", 3)) for number, line in enumerate(lines, 1)]
        return _complete(path, rows, 4, 0, 3)
    columns = lines[0].split("\t")
    if not {"file", "text"} <= set(columns):
        raise ValueError(
            f"the first line of {path} should name the columns file and text, separated by a tab; "
            f"it is {lines[0][:60]!r}"
        )
    rows = [(number, line.split("\t")) for number, line in enumerate(lines[1:], 2)]
    return _complete(path, rows, len(columns), columns.index("file"), columns.index("text"))


def _complete(
    path: Path, rows: list[tuple[int, list[str]]], n_columns: int, at_file: int, at_text: int
) -> tuple[list[tuple[str, str]], list[str]]:
    return (
        [(row[at_file], row[at_text]) for _, row in rows if len(row) == n_columns],
        [
            f"line {number} of {path}: {len(row)} columns instead of {n_columns}"
            for number, row in rows
            if len(row) != n_columns
        ],
    )


def decode_corpus(sounds: Path, transcripts: Path, folder: Path) -> list[str]:
    """Write all recordings of one speaker into ``folder``, at one loudness.

    Args:
        sounds: The folder that file names in ``transcripts`` are relative to: WAV, FLAC, MP3, OGG.
        transcripts: See :func:`read_transcripts`.
        folder: Where the corpus goes.

    Returns:
        Why recordings were left out, a line each.

    Raises:
        ValueError: No recording can be used.
        OSError: A file cannot be read or written.
    """
    recordings: list[CorpusRecording] = []
    pieces: list[NDArray[np.float32]] = []
    named, left_out = read_transcripts(transcripts)
    first = 0
    for name, text in named:
        try:
            samples = _decoded(sounds / name)
            words, breaks = sentence_words(sentence_clauses(text))
        except (ValueError, OSError, soundfile.LibsndfileError) as error:
            left_out.append(f"{name}: {error}")
            continue
        n_frames = len(samples) // HOP
        numbers = tuple(
            tuple(tuple((phone.number, phone.tone) for phone in syllable) for syllable in word)
            for word in words
        )
        recordings.append(
            CorpusRecording(name, text, numbers, tuple(breaks), first, n_frames, held_out=False)
        )
        pieces.append(samples[: n_frames * HOP])
        first += n_frames
    if not recordings:
        why = f" ({left_out[0]})" if left_out else ""
        raise ValueError(f"no recording that {transcripts} names in {sounds} can be used{why}")
    # One in 40 measures; of few recordings, as for a shipped voice that is adapted, three do.
    every = min(_HELD_OUT_EVERY, max(2, len(recordings) // 3))
    recordings = [
        replace(recording, held_out=number % every == every - 1)
        for number, recording in enumerate(recordings)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / _AUDIO, _at_one_level(np.concatenate(pieces)))
    index = json.dumps([asdict(recording) for recording in recordings], ensure_ascii=False)
    write_atomically(folder / _INDEX, index)
    return left_out


def is_corpus_decoded(folder: Path) -> bool:
    """Tell whether :func:`decode_corpus` has finished here."""
    return (folder / _INDEX).exists()


def open_corpus(folder: Path) -> SpeechCorpus:
    """Return a corpus that :func:`decode_corpus` wrote.

    Raises:
        FileNotFoundError: There is none; the message says how to make one.
    """
    if not is_corpus_decoded(folder):
        raise FileNotFoundError(
            f"{folder} holds no recordings; run `python -m tts_engine.neural prepare` first"
        )
    rows = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    recordings = tuple(CorpusRecording(**{**row, "words": _tuples(row["words"])}) for row in rows)
    return SpeechCorpus(recordings, np.load(folder / _AUDIO, mmap_mode="r"))


def batches_by_length(
    recordings: tuple[CorpusRecording, ...], size: int
) -> Iterator[list[CorpusRecording]]:
    """Yield all recordings, those of similar length together, so that little is padded."""
    by_length = sorted(recordings, key=lambda recording: recording.n_frames)
    for at in range(0, len(by_length), size):
        yield by_length[at : at + size]


def _decoded(path: Path) -> NDArray[np.float32]:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if not len(samples):
        raise ValueError("there is no sound in it")
    if len(samples) > _LONGEST_SECONDS * rate:
        raise ValueError(f"it is longer than {_LONGEST_SECONDS:g} s; cut it into sentences")
    resampled: NDArray[np.float32] = soxr.resample(samples.mean(1), rate, SAMPLE_RATE, quality="HQ")
    return resampled


def _at_one_level(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Scale all by one gain: how loud a sentence is next to another is the speaker's own."""
    power = np.square(samples.reshape(-1, HOP)).mean(1)
    loud = power[power > 0.1 * np.percentile(power, 99)].mean()
    gain = _SPEECH_RMS / np.sqrt(loud) if loud > 0 else 0.0
    return np.clip(np.round(samples * gain * 32767), -32768, 32767).astype(np.int16)


def _tuples(nested: list[list[list[list[int]]]]) -> tuple[object, ...]:
    return tuple(
        tuple(tuple(tuple(phone) for phone in syllable) for syllable in word) for word in nested
    )
