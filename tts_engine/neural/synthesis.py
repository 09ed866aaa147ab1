"""Streaming synthesis: a prosody plan becomes sound in chunks, the same samples as in one piece."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..torch_inference import single_thread_inference
from ..voice import Phoneme, Speech
from .features import FRAMES_PER_SECOND, HOP, SAMPLE_RATE
from .networks import frame_facts, frame_index
from .phones import phone_to_ipa
from .prosody_plan import ProsodyPlan
from .vocoder import harmonic_excitation, noise_excitation
from .weights import VoiceNetworks

Samples = NDArray[np.float32]

FADE_SAMPLES = round(0.005 * SAMPLE_RATE)
"""How long sound rises from silence and falls to it where synthesis begins and ends."""

_FIRST_CHUNK, _CHUNK = 24, 64  # frames


def synthesize(plan: ProsodyPlan, models: VoiceNetworks) -> Iterator[Samples]:
    """Synthesize a clause; its first chunk is short, so that it can soon be played.

    Yields:
        Whole frames, shape (k * HOP,), float32, at ``SAMPLE_RATE``; together all the plan's frames.
    """
    durations = torch.from_numpy(plan.durations)
    semitones = torch.from_numpy(plan.semitones)
    n_frames = len(semitones)
    acoustic, vocoder = models.acoustic, models.vocoder
    source = torch.from_numpy(
        np.stack(
            [harmonic_excitation(plan.semitones, models.reference_hz), noise_excitation(n_frames)]
        )
    )
    level = 2 * torch.from_numpy(plan.level)[:, None]  # of power
    with single_thread_inference():
        start = acoustic.frames(
            plan.batch(), frame_index(durations)[None], frame_facts(durations, semitones)[None]
        )
    envelope, voicing = torch.zeros(n_frames, 0), torch.zeros(0)
    n_known, first = 0, 0
    while first < n_frames:
        last = min(n_frames, first + (_CHUNK if first else _FIRST_CHUNK))
        with single_thread_inference():
            wanted = min(n_frames, last + vocoder.reach)
            if wanted > n_known:
                low, high = max(0, n_known - acoustic.reach), wanted + acoustic.reach
                deviations, logits = acoustic.decode(start[:, low:high])
                fresh = slice(n_known - low, wanted - low)
                made = acoustic.envelope(deviations[0, fresh]) + level[n_known:wanted]
                envelope = torch.cat([envelope, made]) if n_known else made
                voicing = torch.cat([voicing, torch.sigmoid(logits[0, fresh])])
                n_known = wanted
            part = slice(max(0, first - vocoder.reach), wanted)
            samples: Tensor = vocoder(
                envelope[None, part],
                semitones[None, part],
                voicing[None, part],
                *source[:, None, part.start * HOP : part.stop * HOP],
            )[0]
        skipped = (first - part.start) * HOP
        yield samples[skipped : skipped + (last - first) * HOP].numpy()
        first = last


def plan_phonemes(plan: ProsodyPlan) -> tuple[Phoneme, ...]:
    """Return the sounds of a plan with their starts; what lasts no time is not there."""
    ends = np.cumsum(plan.durations) / FRAMES_PER_SECOND
    starts = ends - plan.durations / FRAMES_PER_SECOND
    return tuple(
        Phoneme(symbol, at)
        for phone, start, end in zip(plan.phones, starts, ends, strict=True)
        if end > start
        for symbol, at in phone_to_ipa(phone, float(start), float(end))
    )


def silence(seconds: float) -> Speech:
    """Return a pause of that length, at least one sample."""
    samples: Samples = np.zeros(max(1, round(seconds * SAMPLE_RATE)), np.float32)
    return Speech(samples, SAMPLE_RATE, "", (Phoneme("", 0.0),))
