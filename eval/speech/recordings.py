"""A folder of recordings with what is said in each."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile  # type: ignore[import-untyped]
import soxr
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
"""Hz; of everything that is measured."""
TRANSCRIPTS = "transcripts.tsv"

_SOUNDS = {".wav", ".flac", ".opus", ".ogg", ".mp3"}
_HAN = re.compile(r"[\u3400-\u9fff]+[。！？]?")
_EDGE = 10 ** (-40 / 20)  # below the peak: what is quieter at both ends is not speech

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SpeechRecording:
    """One file."""

    path: Path
    text: str

    def samples(self) -> Samples:
        """Return its sound at :data:`SAMPLE_RATE`, shape (n_samples,), without silent ends."""
        samples, rate = soundfile.read(self.path, dtype="float32", always_2d=True)
        return trimmed(at_common_rate(samples.mean(axis=1), rate))

    @property
    def is_plain(self) -> bool:
        """Whether the text is Chinese characters alone, which leaves no doubt what was said."""
        return bool(_HAN.fullmatch(self.text))


def read_recordings(folder: Path) -> list[SpeechRecording]:
    """Return the recordings of a folder, in order of their names.

    What is said lies beside them: in ``transcripts.tsv`` (file, tab, text; further columns
    and lines about files that are not there are passed over), or in a ``.txt`` file of the
    same name for each.

    Raises:
        OSError: The folder cannot be read.
        ValueError: It holds no recording with a text.
    """
    sounds = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SOUNDS)
    texts = _transcripts(folder / TRANSCRIPTS)
    found = []
    for path in sounds:
        beside = path.with_suffix(".txt")
        text = texts.get(path.name) or (beside.read_text("utf-8") if beside.is_file() else "")
        if text.strip():
            found.append(SpeechRecording(path, text.strip()))
    if not found:
        raise ValueError(
            f"{folder} holds no recording with its text; write {TRANSCRIPTS} there "
            "(file name, tab, what is said), or a .txt file beside each sound"
        )
    return found


def at_common_rate(samples: Samples, sample_rate: int) -> Samples:
    """Return a sound at :data:`SAMPLE_RATE`."""
    if sample_rate == SAMPLE_RATE:
        return samples
    resampled: Samples = soxr.resample(samples, sample_rate, SAMPLE_RATE)
    return resampled


def trimmed(samples: Samples) -> Samples:
    """Cut away what is 40 dB below the peak at both ends; silence stays whole."""
    loud = np.flatnonzero(np.abs(samples) > _EDGE * np.abs(samples).max(initial=0))
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples


def _transcripts(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {Path(row[0]).name: row[1] for row in rows if len(row) > 1}
