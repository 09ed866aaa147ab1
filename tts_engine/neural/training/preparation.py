"""From recordings to training data: acoustic features, phones and phone durations.

Three steps, decode, analyse and align; each is kept on disk, and skipped if it is there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zhengwen.atomic_write import atomic_path

from ..features import HOP, N_BANDS, REFERENCE_HZ, AcousticFeatures
from ..phones import SILENCE, Phone, syllable_phones
from .alignment import align_phones, alignment_observations, shortest_duration
from .analysis import continuous_semitones, spectral_envelope, track_pitch
from .corpus import CorpusRecording, SpeechCorpus, decode_corpus, is_corpus_decoded, open_corpus

_FEATURES, _ALIGNMENT = "features.npz", "alignment.npz"
_BATCH_SIZE = 32  # recordings
_MAX_DEVIATIONS = 3.5  # below the median score: there, something else was said


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """A recording with its features and its aligned phones."""

    recording: CorpusRecording
    features: AcousticFeatures
    phones: tuple[Phone, ...]
    """With a pause at either end."""
    durations: NDArray[np.int32]
    """Frames of each phone, shape (n_phones,)."""


def prepare_corpus(
    archive: Path, transcripts: Path, folder: Path, report: Callable[[str], None]
) -> None:
    """Prepare the recordings of one speaker.

    Args:
        archive: A tar file of sound files.
        transcripts: Tab-separated, with columns ``file`` and ``text``.
        folder: Where everything goes.
        report: Receives a line for each step.

    Raises:
        ValueError: No recording can be used.
        OSError: A file cannot be read or written.
    """
    if not is_corpus_decoded(folder):
        report(f"decoding {archive}")
        decode_corpus(archive, transcripts, folder)
    corpus = open_corpus(folder)
    if not (folder / _FEATURES).exists():
        report(f"finding pitch and envelope of {len(corpus.recordings)} recordings")
        _analyse(corpus, folder / _FEATURES)
    if not (folder / _ALIGNMENT).exists():
        report("aligning phones")
        _align(corpus, folder)


def load_utterances(folder: Path) -> list[Utterance]:
    """Return all recordings whose words and sound agree.

    Raises:
        FileNotFoundError: The folder is not prepared.
    """
    corpus = open_corpus(folder)
    if not (folder / _ALIGNMENT).exists():
        raise FileNotFoundError(
            f"{folder} is half prepared; run `python -m tts_engine.neural prepare` again"
        )
    features = _read_features(folder)
    with np.load(folder / _ALIGNMENT) as aligned:
        durations, starts = aligned["durations"], aligned["starts"]
        indices, scores = aligned["recordings"], aligned["scores"]
    spread = np.median(np.abs(scores - np.median(scores))) * 1.4826
    found = []
    for row, index in enumerate(indices):
        if scores[row] < np.median(scores) - _MAX_DEVIATIONS * spread:
            continue
        recording = corpus.recordings[index]
        found.append(
            Utterance(
                recording,
                _part(features, recording),
                _spoken(recording),
                durations[starts[row] : starts[row + 1]],
            )
        )
    return found


def _analyse(corpus: SpeechCorpus, path: Path) -> None:
    n_frames = sum(recording.n_frames for recording in corpus.recordings)
    bands = np.zeros((n_frames, N_BANDS), np.float16)
    semitones = np.zeros(n_frames, np.float32)
    voiced = np.zeros(n_frames, np.bool_)
    for batch in _batches(corpus.recordings):
        longest = max(recording.n_frames for recording in batch)
        samples = np.zeros((len(batch), longest * HOP), np.float32)
        for row, recording in enumerate(batch):
            samples[row, : recording.n_frames * HOP] = corpus.samples(recording)
        pitches = track_pitch(samples)
        curves = np.zeros_like(pitches)
        for row, recording in enumerate(batch):
            own = pitches[row, : recording.n_frames]
            voiced[recording.frames] = own > 0
            curves[row, : recording.n_frames] = continuous_semitones(own)
            semitones[recording.frames] = curves[row, : recording.n_frames]
        hertz = (REFERENCE_HZ * 2 ** (curves / 12)).astype(np.float32)
        found = spectral_envelope(samples, hertz)
        for row, recording in enumerate(batch):
            bands[recording.frames] = found[row, : recording.n_frames]
    with atomic_path(path) as partial:
        np.savez(partial, envelope=bands, semitones=semitones, voiced=voiced)


def _align(corpus: SpeechCorpus, folder: Path) -> None:
    features = _read_features(folder)
    spoken = {
        i: _spoken(recording)
        for i, recording in enumerate(corpus.recordings)
        if shortest_duration(_spoken(recording)) <= recording.n_frames
    }
    seen = []
    for i in spoken:
        part = _part(features, corpus.recordings[i])
        seen.append(alignment_observations(part.envelope, part.voicing > 0))
    aligned = align_phones(seen, list(spoken.values()))
    lengths = [len(alignment.durations) for alignment in aligned]
    with atomic_path(folder / _ALIGNMENT) as partial:
        np.savez(
            partial,
            recordings=np.array(list(spoken)),
            durations=np.concatenate([alignment.durations for alignment in aligned]),
            starts=np.concatenate([[0], np.cumsum(lengths)]),
            scores=np.array([alignment.score for alignment in aligned]),
        )


def _read_features(folder: Path) -> AcousticFeatures:
    with np.load(folder / _FEATURES) as found:
        voicing = found["voiced"].astype(np.float32)
        return AcousticFeatures(found["envelope"], found["semitones"], voicing)


def _part(features: AcousticFeatures, recording: CorpusRecording) -> AcousticFeatures:
    return AcousticFeatures(
        features.envelope[recording.frames].astype(np.float32),
        features.semitones[recording.frames],
        features.voicing[recording.frames],
    )


def _spoken(recording: CorpusRecording) -> tuple[Phone, ...]:
    inner = [phone for syllable in recording.syllables for phone in syllable_phones(syllable)]
    return (SILENCE, *inner, SILENCE)


def _batches(recordings: tuple[CorpusRecording, ...]) -> Iterator[list[CorpusRecording]]:
    by_length = sorted(recordings, key=lambda recording: recording.n_frames)
    for at in range(0, len(by_length), _BATCH_SIZE):
        yield by_length[at : at + _BATCH_SIZE]
