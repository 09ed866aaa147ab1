"""How a speaker's sentences go: onsets of clauses, first tones, pauses and the spread of durations.

Measured alike for people and for voices: on recordings whose sounds were aligned by hidden Markov
models (:mod:`tts_engine.neural.training.preparation`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tts_engine.neural.features import FRAMES_PER_SECOND
from tts_engine.neural.training.preparation import Utterance

_CLAUSE_BREAK = 3  # and above: a comma or a stronger mark; see ``sentence_phones.py``
_ONSET_SYLLABLES = 3
_LEAST_PAUSE = 0.06  # seconds; the closure of a plosive is shorter


@dataclass(frozen=True, slots=True)
class SentenceProsodyFigures:
    """Figures of one speaker; None where the recordings have nothing to measure."""

    later_onset_semitones: float | None
    """Pitch of a later clause's first three syllables above that of the first clause's, mean."""
    first_tone_semitones: float | None
    """Pitch of first tones inside a clause above the speaker's median, mean."""
    clause_pause_seconds: float | None
    """Pause at a comma or semicolon, median."""
    pauses_inside: float | None
    """Pauses inside clauses for each 100 syllables."""
    duration_spread: float | None
    """Standard deviation of the logarithm of syllables' durations."""
    syllables_per_second: float | None
    """Pauses not counted."""
    n_sentences: int


@dataclass(frozen=True, slots=True)
class _Syllable:
    tone: int
    seconds: float
    semitones: float | None
    """Median over its voiced frames; None where there are none."""
    clause: int
    first_in_clause: bool
    last_in_clause: bool
    pause_after: float
    break_after: int
    """The kind of break behind it; 0 within a word."""


def sentence_prosody_figures(utterances: Sequence[Utterance]) -> SentenceProsodyFigures:
    """Measure aligned recordings of sentences."""
    sentences = [_syllables(utterance) for utterance in utterances]
    every = [syllable for sentence in sentences for syllable in sentence]
    pitches = [s.semitones for s in every if s.semitones is not None]
    median = float(np.median(pitches)) if pitches else 0.0
    inside = [s for s in every if not s.last_in_clause]
    first_tones = [
        s.semitones - median
        for s in inside
        if s.tone == 1 and s.semitones is not None and not s.first_in_clause
    ]
    at_marks = [
        s.pause_after
        for sentence in sentences
        for s in sentence[:-1]
        if s.break_after >= _CLAUSE_BREAK
    ]
    return SentenceProsodyFigures(
        later_onset_semitones=_mean([rise for s in sentences for rise in _later_onsets(s)]),
        first_tone_semitones=_mean(first_tones),
        clause_pause_seconds=float(np.median(at_marks)) if at_marks else None,
        pauses_inside=(
            100 * float(np.mean([s.pause_after >= _LEAST_PAUSE for s in inside]))
            if inside
            else None
        ),
        duration_spread=float(np.std(np.log([s.seconds for s in every]))) if every else None,
        syllables_per_second=len(every) / sum(s.seconds for s in every) if every else None,
        n_sentences=len(sentences),
    )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _later_onsets(sentence: Sequence[_Syllable]) -> list[float]:
    """Return by how much the onset of each later clause is above the first one's, semitones."""
    onsets: dict[int, list[float]] = {}
    for syllable in sentence:
        heights = onsets.setdefault(syllable.clause, [])
        if len(heights) < _ONSET_SYLLABLES and syllable.semitones is not None:
            heights.append(syllable.semitones)
    means = [float(np.mean(heights)) for heights in onsets.values() if heights]
    return [later - means[0] for later in means[1:]]


def _syllables(utterance: Utterance) -> list[_Syllable]:
    """Return the Mandarin syllables of one recording; initials belong to the final behind them."""
    sentence, durations = utterance.sentence, utterance.durations
    ends = np.cumsum(durations)
    finals = [i for i, phone in enumerate(sentence.phones) if phone.is_final]
    clauses = np.concatenate([[0], np.cumsum(sentence.breaks >= _CLAUSE_BREAK)[:-1]])
    found = []
    for n, i in enumerate(finals):
        start = finals[n - 1] + 1 if n else 0
        while not sentence.phones[start].symbol:  # pauses in front of it
            start += 1
        voiced = utterance.features.voicing[ends[i] - durations[i] : ends[i]] > 0
        heights = utterance.features.semitones[ends[i] - durations[i] : ends[i]][voiced]
        following = i + 1
        is_pause = not sentence.phones[following].symbol
        found.append(
            _Syllable(
                sentence.phones[i].tone,
                float(durations[start : i + 1].sum()) / FRAMES_PER_SECOND,
                float(np.median(heights)) if len(heights) else None,
                int(clauses[i]),
                n == 0 or bool(clauses[finals[n - 1]] != clauses[i]),
                n == len(finals) - 1 or bool(clauses[finals[n + 1]] != clauses[i]),
                float(durations[following]) / FRAMES_PER_SECOND if is_pause else 0.0,
                int(sentence.breaks[following]) if is_pause else 0,
            )
        )
    return found
