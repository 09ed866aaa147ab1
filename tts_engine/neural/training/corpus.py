"""Recordings of single words on disk, decoded once, as training reads them."""

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile  # type: ignore[import-untyped]
import soxr
from numpy.typing import NDArray

from zhengwen.atomic_write import write_atomically

from ...text import words_with_pinyin
from ..features import HOP, SAMPLE_RATE

HELD_OUT_EVERY = 40
"""Every 40th recording is for measuring."""
_AUDIO, _INDEX = "audio.npy", "recordings.json"
_SPEECH_RMS = 0.08  # root mean square of a recording's loud frames, of full scale


@dataclass(frozen=True, slots=True)
class CorpusRecording:
    """One spoken word."""

    name: str
    text: str
    syllables: tuple[str, ...]
    """Pinyin as spoken, ``("yin2", "hang2")``."""
    first: int
    """Its first frame in the corpus."""
    n_frames: int

    @property
    def frames(self) -> slice:
        return slice(self.first, self.first + self.n_frames)

    @property
    def held_out(self) -> bool:
        """Whether it measures and never trains: the number in its name divides by 40."""
        return int(Path(self.name).stem) % HELD_OUT_EVERY == 0


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


def decode_corpus(archive: Path, transcripts: Path, folder: Path) -> None:
    """Write the recordings of an archive whose words are plainly Mandarin into ``folder``.

    Args:
        archive: A tar file of sound files.
        transcripts: Tab-separated, with columns ``file`` and ``text``.
        folder: Where the corpus goes.

    Raises:
        ValueError: No recording can be used.
        OSError: A file cannot be read or written.
    """
    readings = dict(_readings(transcripts))
    recordings: list[CorpusRecording] = []
    pieces: list[NDArray[np.int16]] = []
    first = 0
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name not in readings or (file := tar.extractfile(member)) is None:
                continue
            samples, rate = soundfile.read(io.BytesIO(file.read()), dtype="float32")
            samples = soxr.resample(samples, rate, SAMPLE_RATE, quality="HQ")
            n_frames = len(samples) // HOP
            piece = _normalize_level(samples[: n_frames * HOP])
            text, syllables = readings[member.name]
            recordings.append(CorpusRecording(member.name, text, syllables, first, n_frames))
            pieces.append(piece)
            first += n_frames
    if not recordings:
        raise ValueError(f"{archive} holds no recording that {transcripts} names in Chinese")
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / _AUDIO, np.concatenate(pieces))
    index = json.dumps([asdict(recording) for recording in recordings], ensure_ascii=False)
    write_atomically(folder / _INDEX, index)


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
    index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    recordings = tuple(
        CorpusRecording(**{**row, "syllables": tuple(row["syllables"])}) for row in index
    )
    return SpeechCorpus(recordings, np.load(folder / _AUDIO, mmap_mode="r"))


def _readings(transcripts: Path) -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
    header, *rows = transcripts.read_text(encoding="utf-8").splitlines()
    columns = header.split("\t")
    for row in rows:
        fields = dict(zip(columns, row.split("\t"), strict=True))
        text = fields["text"]
        syllables = tuple(
            syllable for word in words_with_pinyin(text) for syllable in word.syllables
        )
        if len(syllables) == len(text):  # else it holds a mark, a letter or a rare character
            yield fields["file"], (text, syllables)


def _normalize_level(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Scale to one root mean square of the loud frames: recordings differ by some dB for no reason.

    (n_frames * HOP,) in [-1, 1] to the same shape in 16 bits.
    """
    power = np.square(samples.reshape(-1, HOP)).mean(1)
    loud = power[power > 0.1 * power.max()].mean() if len(power) else 0.0
    gain = _SPEECH_RMS / np.sqrt(loud) if loud > 0 else 0.0
    return np.clip(np.round(samples * gain * 32767), -32768, 32767).astype(np.int16)
