"""Which mouth belongs to each picture: phonemes and their times become blended visemes.

The mouth stays on a sound's own shape for the middle of the sound and moves to
the next one in between, a little before it is heard. Lips that close (p, b,
m) are always seen closed: the closure is stretched to the nearest picture if it
would fall between two. The shapes are the fifteen visemes of the Oculus set
(https://developers.meta.com/horizon/documentation/unity/audio-ovrlipsync-viseme-reference).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tts_engine import Phoneme, Speech

VISEMES = (
    *("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR"),
    *("aa", "E", "I", "O", "U"),
)

MOUTH_LEAD = 0.04  # s; the mouth is seen moving before the sound is heard
MAX_TRANSITION = 0.07  # s; at most this long from the edge of a sound to its own shape

# Longest match first; what begins a symbol decides, and vowels are read on letter by letter.
_CONSONANTS = {
    **dict.fromkeys(("p", "b", "m"), "PP"),
    **dict.fromkeys(("f", "v", "ʋ"), "FF"),
    **dict.fromkeys(("θ", "ð"), "TH"),
    **dict.fromkeys(("tɕ", "tʃ", "dʒ", "tʂ", "ʈʂ", "dʐ", "ɖʐ", "ɕ", "ʃ", "ʒ", "ʂ", "ç"), "CH"),
    **dict.fromkeys(("ts", "dz", "s", "z"), "SS"),
    **dict.fromkeys(("t", "d", "ʈ", "ɖ", "ɾ"), "DD"),
    **dict.fromkeys(("k", "ɡ", "g", "x", "h", "ŋ", "ɣ", "χ", "ʔ"), "kk"),
    **dict.fromkeys(("n", "l", "ɲ", "ɫ", "ɭ"), "nn"),
    **dict.fromkeys(("r", "ɹ", "ɻ", "ʐ", "ʁ"), "RR"),
}
_VOWELS = {
    **dict.fromkeys("aɑæʌɐäɶ", "aa"),
    **dict.fromkeys("eɛəɤɜɚɝɘ", "E"),
    **dict.fromkeys("iɪj", "I"),
    **dict.fromkeys("ɨɿʅ", "SS"),
    **dict.fromkeys("oɔɒ", "O"),
    **dict.fromkeys("uʊwyɥʉøœʏ", "U"),
}


@dataclass(frozen=True, slots=True)
class VisemeBlend:
    """A mouth on its way from one viseme to another."""

    start: str
    end: str
    progress: float
    """0 is all ``start``, 1 is all ``end``."""

    @property
    def is_closed(self) -> bool:
        """Nothing to draw: the idle loop shows this mouth anyway."""
        return self.start == "sil" and (self.end == "sil" or self.progress == 0)


@dataclass(frozen=True, slots=True)
class VisemeSegment:
    """The time during which the mouth keeps one shape, seconds."""

    viseme: str
    start: float
    end: float


def phoneme_visemes(symbol: str) -> list[str]:
    """The shapes of one phoneme, in order; ``[]`` for a symbol with no shape of its own.

    >>> phoneme_visemes("m"), phoneme_visemes("iɑu"), phoneme_visemes("")
    (['PP'], ['I', 'aa', 'U'], ['sil'])
    """
    if not symbol:
        return ["sil"]
    shapes: list[str] = []
    at = 0
    while at < len(symbol):
        for length in (2, 1):
            shape = _CONSONANTS.get(symbol[at : at + length])
            if shape:
                break
        else:
            length, shape = 1, _VOWELS.get(symbol[at])
        if shape and shape not in shapes[-1:]:
            shapes.append(shape)
        at += length
    return shapes


def viseme_segments(phonemes: Sequence[Phoneme], end: float, fps: int) -> list[VisemeSegment]:
    """When the mouth keeps which shape.

    Args:
        phonemes: In order of time, seconds from the first picture.
        end: Where the last of them ends, seconds.
        fps: Pictures per second; picture ``i`` shows the time ``(i + 0.5) / fps``.
    """
    ends = [following.start for following in phonemes[1:]] + [end]
    segments: list[VisemeSegment] = []
    for phoneme, stop in zip(phonemes, ends, strict=True):
        shapes = phoneme_visemes(phoneme.symbol)
        for i, shape in enumerate(shapes):
            length = (stop - phoneme.start) / len(shapes)
            start = phoneme.start + i * length - MOUTH_LEAD
            margin = 0.0 if shape == "PP" else min(MAX_TRANSITION, length * 0.35)
            segment = VisemeSegment(shape, start + margin, start + length - margin)
            segments.append(_stretch_to_nearest_frame(segment, fps) if shape == "PP" else segment)
    return segments


def _stretch_to_nearest_frame(segment: VisemeSegment, fps: int) -> VisemeSegment:
    middle = (segment.start + segment.end) / 2
    nearest = (np.floor(middle * fps) + 0.5) / fps
    return VisemeSegment(segment.viseme, min(segment.start, nearest), max(segment.end, nearest))


def blend_at(segments: Sequence[VisemeSegment], time: float) -> VisemeBlend:
    """The mouth at one moment; closed before the first segment and after the last."""
    before = VisemeSegment("sil", -np.inf, (segments[0].start if segments else 0) - MAX_TRANSITION)
    after = VisemeSegment("sil", (segments[-1].end if segments else 0) + MAX_TRANSITION, np.inf)
    previous = before
    for segment in (*segments, after):
        if time < segment.start:
            gap = segment.start - previous.end
            x = (time - previous.end) / gap if gap > 0 else 1.0
            x = min(max(x, 0.0), 1.0)
            return VisemeBlend(previous.viseme, segment.viseme, x * x * (3 - 2 * x))
        if time <= segment.end:
            return VisemeBlend(segment.viseme, segment.viseme, 0.0)
        previous = segment
    raise AssertionError("the last segment has no end")


def blends_by_loudness(speech: Speech, fps: int) -> list[VisemeBlend]:
    """For a voice without phoneme times: the louder, the wider.

    Full scale is -18 dBFS within one picture, a loud vowel of normal speech;
    below -46 dBFS the mouth stays shut.
    """
    per_frame = speech.sample_rate // fps
    sound: NDArray[np.float32] = speech.samples.reshape(-1, per_frame)
    level = 20 * np.log10(np.sqrt((sound**2).mean(axis=1)) + 1e-6)
    return [VisemeBlend("sil", "aa", float(x)) for x in np.clip((level + 46) / 28, 0, 0.8)]
