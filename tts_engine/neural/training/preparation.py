"""From recordings to training data: acoustic features, phones and phone durations.

Three steps, decode, analyse and align; each is kept on disk, and skipped if it is there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zhengwen.atomic_write import atomic_path

from ..features import HOP, N_BANDS, AcousticFeatures
from ..sentence_phones import SentencePhones
from .alignment import align_phones, alignment_observations, shortest_duration
from .analysis import (
    ANY_SPEAKER,
    continuous_semitones,
    speaker_pitch,
    spectral_envelope,
    track_pitch,
)
from .corpus import (
    CorpusRecording,
    SpeechCorpus,
    batches_by_length,
    decode_corpus,
    is_corpus_decoded,
    open_corpus,
)

_FEATURES, _ALIGNMENT = "features.npz", "alignment.npz"
_BATCH_SIZE = 16  # recordings
_HEARD_FOR_RANGE = 64  # recordings from which the speaker's median pitch is known
_MAX_DEVIATIONS = 3.5  # below the median score: there, something else was said


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """A recording with its features and its aligned phones."""

    recording: CorpusRecording
    features: AcousticFeatures
    sentence: SentencePhones
    durations: NDArray[np.int32]
    """Frames of each phone; 0 for a pause that is not made; shape (n_phones,)."""


def prepare_corpus(
    sounds: Path, transcripts: Path, folder: Path, report: Callable[[str], None]
) -> None:
    """Prepare the recordings of one speaker.

    Args:
        sounds: The folder of the sound files.
        transcripts: Which file says what; see :func:`~.corpus.read_transcripts`.
        folder: Where everything goes.
        report: Receives a line for each step, and for each recording that cannot be used.

    Raises:
        ValueError: No recording can be used.
        OSError: A file cannot be read or written.
    """
    if not is_corpus_decoded(folder):
        report(f"decoding {sounds}")
        for reason in decode_corpus(sounds, transcripts, folder):
            report(f"left out {reason}")
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
    features, _ = _read_features(folder)
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
                recording.sentence(),
                durations[starts[row] : starts[row + 1]],
            )
        )
    return found


def reference_pitch(folder: Path) -> float:
    """Return the speaker's median pitch, Hz: what the semitones of a prepared folder are above."""
    return _read_features(folder)[1]


def _analyse(corpus: SpeechCorpus, path: Path) -> None:
    evenly = corpus.recordings[:: max(1, len(corpus.recordings) // _HEARD_FOR_RANGE)]
    heard = [_pitch_of_loud_frames(corpus.samples(recording)) for recording in evenly]
    reference, within = speaker_pitch(np.concatenate(heard))
    n_frames = sum(recording.n_frames for recording in corpus.recordings)
    bands = np.zeros((n_frames, N_BANDS), np.float16)
    semitones = np.zeros(n_frames, np.float32)
    voiced = np.zeros(n_frames, np.bool_)
    for batch in batches_by_length(corpus.recordings, _BATCH_SIZE):
        longest = max(recording.n_frames for recording in batch)
        samples = np.zeros((len(batch), longest * HOP), np.float32)
        for row, recording in enumerate(batch):
            samples[row, : recording.n_frames * HOP] = corpus.samples(recording)
        pitches = track_pitch(samples, within)
        curves = np.zeros_like(pitches)
        for row, recording in enumerate(batch):
            own = pitches[row, : recording.n_frames]
            voiced[recording.frames] = own > 0
            curves[row, : recording.n_frames] = continuous_semitones(own, reference)
            semitones[recording.frames] = curves[row, : recording.n_frames]
        hertz = (reference * 2 ** (curves / 12)).astype(np.float32)
        found = spectral_envelope(samples, hertz)
        for row, recording in enumerate(batch):
            bands[recording.frames] = found[row, : recording.n_frames]
    with atomic_path(path) as partial:
        np.savez(partial, envelope=bands, semitones=semitones, voiced=voiced, reference=reference)


def _pitch_of_loud_frames(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the pitch of the frames that are no room noise, Hz, shape (n_loud,)."""
    power = np.square(samples.reshape(-1, HOP)).mean(1)
    loud: NDArray[np.float32] = track_pitch(samples[None], ANY_SPEAKER)[0][
        power > 0.1 * power.max()
    ]
    return loud


def _align(corpus: SpeechCorpus, folder: Path) -> None:
    features, _ = _read_features(folder)
    phones = [recording.sentence().phones for recording in corpus.recordings]
    spoken = {
        i: own
        for i, (own, recording) in enumerate(zip(phones, corpus.recordings, strict=True))
        if shortest_duration(own) <= recording.n_frames
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


def _read_features(folder: Path) -> tuple[AcousticFeatures, float]:
    with np.load(folder / _FEATURES) as found:
        voicing = found["voiced"].astype(np.float32)
        features = AcousticFeatures(found["envelope"], found["semitones"], voicing)
        return features, float(found["reference"])


def _part(features: AcousticFeatures, recording: CorpusRecording) -> AcousticFeatures:
    return AcousticFeatures(
        features.envelope[recording.frames].astype(np.float32),
        features.semitones[recording.frames],
        features.voicing[recording.frames],
    )
