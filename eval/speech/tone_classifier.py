"""Which of Mandarin's four tones a syllable has, told from its melody alone.

The classifier is trained on recordings that the user names and judged on syllables it never
heard in any tone; only then is it a judge of voices. It sees the shape of the pitch, freed of
how high and how lively the speaker is, and neither vowels nor lengths.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import librosa
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from .recordings import SAMPLE_RATE, Samples, SpeechRecording
from .similarity import HOP, PITCH_WINDOW, pitch

TONES = (1, 2, 3, 4)
SYLLABLES = {
    1: "八妈天高开车书花山新东三七江风灯心多双星飞光家医春",
    2: "人来年前名门白红国毛牛河鱼茶楼时田蓝黄皮台船求雷云",
    3: "马手水火老早走口纸九五两点本笔碗脑鸟网起井脚雪给美",
    4: "大四六二月日热电路病树面字夜菜住去坐叫办卖快外报右",
}
"""Characters that have one reading, for a voice to say one by one."""
HELD_OUT = 5
"""Every fifth syllable, in all its tones, judges and never trains."""

_N_POINTS = 12
_FEWEST_FRAMES = 6  # voiced ones, of 10 ms
_DOUBTS = (0.01, 0.1)  # the second where the first finds too little: third tones creak
_QUIET = 10 ** (-15 / 20)  # of the loudest frame; what is below is an edge, and its pitch is noise
_GAP = 3  # frames without pitch inside one syllable, at most
_SMOOTHED = 5  # frames; a lone jump of an octave goes
_LOWEST_HZ = 75.0
_TRIM = 0.05  # of the voiced part at both ends, where consonants bend the pitch
_SAME = 0.1  # semitones; what another machine's arithmetic may change

Contours = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ToneClassifier:
    """A trained judge."""

    model: Pipeline
    held_out_accuracy: float
    """On recordings of syllables it never heard, 0 to 1; one without a pitch counts as wrong."""
    n_held_out: int
    n_trained: int

    def accuracy(self, contours: Sequence[Contours], tones: Sequence[int]) -> float:
        """Return the share of a speaker's syllables that are heard in the tone they should have.

        Args:
            contours: One speaker's, of :func:`contour`; an empty one counts as wrong.
            tones: 1 to 4, for each.
        """
        features, found = _features(contours)
        right = np.zeros(len(tones), bool)
        if len(features):
            right[found] = self.model.predict(features) == np.asarray(tones)[found]
        return float(right.mean())


def contour(samples: Samples) -> Contours:
    """Return the pitch of a syllable at 12 moments of its voiced part, semitones.

    Returns:
        (12,); (0,) when hardly anything is voiced.
    """
    level = librosa.feature.rms(y=samples, frame_length=PITCH_WINDOW, hop_length=HOP)[0]
    for doubt in _DOUBTS:
        melody = pitch(samples, doubt=doubt)
        loudness = np.resize(level, len(melody))
        clear = (melody > 12 * np.log2(_LOWEST_HZ)) & (loudness > _QUIET * loudness.max(initial=0))
        voiced = _longest(np.flatnonzero(clear))
        if len(voiced) >= _FEWEST_FRAMES:
            break
    else:
        return np.zeros(0)
    smooth = median_filter(melody[voiced], _SMOOTHED, mode="nearest")
    span = voiced[-1] - voiced[0]
    moments = np.linspace(voiced[0] + _TRIM * span, voiced[-1] - _TRIM * span, _N_POINTS)
    found: Contours = np.interp(moments, voiced, smooth)
    return found


def train(syllables: Sequence[str], contours: Sequence[Contours]) -> ToneClassifier:
    """Train on one speaker's syllables, judge on those held out, then train on all.

    Args:
        syllables: Pinyin with a digit, ``ma1``; other tones than 1 to 4 are passed over.
        contours: Of :func:`contour`.

    Raises:
        ValueError: There are too few, or a tone is missing.
    """
    known = [i for i, name in enumerate(syllables) if name[-1:] in "1234" and len(name) > 1]
    names = [syllables[i] for i in known]
    features, found = _features([contours[i] for i in known])
    tones = np.array([int(names[i][-1]) for i in found])
    held = set(sorted({name[:-1] for name in names})[::HELD_OUT])
    is_held = np.array([names[i][:-1] in held for i in found], bool)
    if set(tones[~is_held]) != set(TONES) or not is_held.any():
        raise ValueError(
            f"{len(names)} syllables are not enough to train a judge of tones: every tone is "
            f"needed, on more than {HELD_OUT} syllables"
        )
    n_held = sum(name[:-1] in held for name in names)
    judged = _model().fit(features[~is_held], tones[~is_held])
    right = int(np.sum(judged.predict(features[is_held]) == tones[is_held]))
    whole = _model().fit(features, tones)
    return ToneClassifier(whole, right / n_held, n_held, len(names) - n_held)


def only_tone(text: str) -> int:
    """Return the tone of a single character that has one reading; 0 for any other text."""
    from pypinyin import Style, pinyin

    character = text.rstrip("。！？")
    readings = pinyin(character, style=Style.TONE3, heteronym=True)
    alone = len(character) == 1 and len(readings[0]) == 1 and readings[0][0][-1:] in "1234"
    return int(readings[0][0][-1]) if alone else 0


def extract_contours(recordings: Sequence[SpeechRecording]) -> tuple[list[str], list[Contours]]:
    """Return the syllable and the contour of each recording of one syllable in pinyin."""
    return [each.text for each in recordings], [contour(each.samples()) for each in recordings]


def save(path: Path, syllables: Sequence[str], contours: Sequence[Contours]) -> None:
    """Keep what :func:`extract_contours` found, for it takes minutes."""
    shape = (len(contours), _N_POINTS)
    filled = np.full(shape, np.nan)
    for row, each in zip(filled, contours, strict=True):
        row[: len(each)] = each
    with path.open("wb") as file:
        np.savez_compressed(file, syllables=np.array(syllables), contours=filled, sample=_sample())


def read(path: Path) -> tuple[list[str], list[Contours]]:
    """Return what :func:`save` kept.

    Raises:
        ValueError: It is no such file, or pitch is followed otherwise today: a judge trained on
            such contours misjudges every voice, though it seems good on its own speaker.
    """
    try:
        with np.load(path, allow_pickle=False) as kept:
            syllables, contours = kept["syllables"].tolist(), kept["contours"]
            sample = kept["sample"] if "sample" in kept else np.zeros(0)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{path} holds no pitch contours of syllables ({error})") from error
    if sample.shape != _sample().shape or np.abs(sample - _sample()).max() > _SAME:
        raise ValueError(
            f"{path} was made when pitch was followed in another way; name the folder of the "
            "syllables with --tones again, and --keep-tones to replace it"
        )
    return syllables, [row[np.isfinite(row)] for row in contours]


def _features(contours: Sequence[Contours]) -> tuple[Contours, NDArray[np.intp]]:
    """Return features of the contours that are not empty, and which these are.

    The speaker's middle goes, and the range becomes 1. Beside the heights, the slopes.
    """
    found = np.array([i for i, each in enumerate(contours) if len(each)], np.intp)
    if not len(found):
        return np.zeros((0, 2 * _N_POINTS - 1)), found
    heights = np.stack([contours[i] for i in found])
    low, high = np.percentile(heights, (10, 90))
    heights = (heights - np.median(heights.mean(axis=1))) / max(1e-6, float(high - low))
    return np.hstack([heights, 3 * np.diff(heights, axis=1)]), found


@cache
def _sample() -> Contours:
    """Return the contour of one made-up sound, which tells whether two versions follow pitch alike.

    It glides, is interrupted, and ends quiet and low: what the edges of a syllable are like.
    """
    seconds = np.arange(round(0.6 * SAMPLE_RATE)) / SAMPLE_RATE
    hertz = np.where(seconds < 0.45, 180 + 160 * seconds, 110)
    level = np.where(seconds < 0.45, 0.1, 0.01) * (np.abs(seconds - 0.1) > 0.03)
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    sound = level * sum(np.sin(k * phase) / k for k in range(1, 10))
    return contour(sound.astype(np.float32))


def _longest(voiced: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the longest stretch of frames without a gap."""
    stretches = np.split(voiced, np.flatnonzero(np.diff(voiced) > _GAP) + 1)
    return max(stretches, key=len)


def _model() -> Pipeline:
    return make_pipeline(StandardScaler(), SVC(C=10.0, gamma="scale", random_state=0))
