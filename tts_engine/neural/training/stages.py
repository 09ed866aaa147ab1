"""Training of a whole voice, stage by stage; a stage that was stopped goes on when called again."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..sentence_prosody import SentenceProsodyModel
from ..weights import NetworkSizes, VoiceNetworks, load_weights, save_weights
from .acoustic_trainer import AcousticTrainer
from .batches import frame_batch, utterance_phones
from .corpus import open_corpus
from .loop import train_stage
from .preparation import Utterance, load_utterances, reference_pitch
from .prosody_trainer import ProsodyTrainer
from .vocoder_trainer import VocoderTrainer

STAGE_MINUTES = {"prosody": 8.0, "acoustic": 90.0, "vocoder": 70.0, "tuning": 45.0}
"""Processor time of each stage; with the preparation less than four hours."""


def train_voice(
    data: Path,
    out: Path,
    sizes: NetworkSizes,
    minutes: dict[str, float],
    notes: dict[str, str],
    report: Callable[[str], None],
    *,
    start_from: Path | None = None,
) -> Path:
    """Train a voice and export it.

    Args:
        data: A prepared folder.
        out: Where checkpoints, logs and ``voice.safetensors`` go.
        sizes: Of the networks.
        minutes: Of processor time, by stage; a stage of 0 is left as it is.
        notes: What people should know of the voice: speaker, licence, attribution.
        report: Receives lines about progress.
        start_from: A voice whose weights are gone on from, where they fit: with it a new speaker
            needs fewer recordings. One made of single words lends its acoustic model and vocoder.

    Returns:
        The exported voice.

    Raises:
        ValueError: Nothing is held out to measure with, or ``start_from`` is no voice.
    """
    torch.manual_seed(0)
    utterances, corpus = load_utterances(data), open_corpus(data)
    if not any(utterance.recording.held_out for utterance in utterances):
        raise ValueError(
            f"{data} has a single recording that can be used; at least two are needed, of which "
            "one only measures"
        )
    reference_hz = reference_pitch(data)
    models = sizes.build(reference_hz)
    prosody = models.prosody
    assert isinstance(prosody, SentenceProsodyModel)
    if start_from is not None:
        _lend(load_weights(start_from), models)
    seconds = {stage: 60 * value for stage, value in minutes.items()}
    held_out_losses = {
        "prosody": train_stage(
            ProsodyTrainer(prosody, utterances),
            out / "prosody.pt",
            seconds["prosody"],
            report,
        ),
        "acoustic": train_stage(
            AcousticTrainer(models.acoustic, utterances),
            out / "acoustic.pt",
            seconds["acoustic"],
            report,
        ),
        "vocoder": train_stage(
            VocoderTrainer(models.vocoder, utterances, corpus, reference_hz),
            out / "vocoder.pt",
            seconds["vocoder"],
            report,
        ),
    }
    if seconds["tuning"]:
        task = VocoderTrainer(
            models.vocoder,
            utterances,
            corpus,
            reference_hz,
            _predicted_envelopes(models, utterances),
        )
        held_out_losses["tuning"] = train_stage(task, out / "tuning.pt", seconds["tuning"], report)
    report(json.dumps({"held out": held_out_losses}))
    path = out / "voice.safetensors"
    save_weights(
        models,
        path,
        {**notes, "held_out": json.dumps(held_out_losses), "minutes": json.dumps(minutes)},
    )
    return path


def _predicted_envelopes(
    models: VoiceNetworks, utterances: list[Utterance]
) -> list[NDArray[np.float32]]:
    """The acoustic model's envelopes, (n_frames, N_BANDS) each, at recorded durations."""
    models.acoustic.eval()
    envelopes = []
    for utterance in utterances:
        frames = frame_batch([utterance], np.ones(1))
        with torch.inference_mode():
            start = models.acoustic.frames(
                utterance_phones([utterance]), frames.owner, frames.facts
            )
            envelope = models.acoustic.envelope(models.acoustic.decode(start)[0])
        envelopes.append(envelope[0].numpy())
    return envelopes


def _lend(old: VoiceNetworks, new: VoiceNetworks) -> None:
    """Copy the weights of each part that is built alike; of a longer table, the first rows."""
    for part in ("prosody", "acoustic", "vocoder"):
        lent, own = getattr(old, part).state_dict(), getattr(new, part).state_dict()
        if lent.keys() != own.keys():
            continue
        for name, tensor in lent.items():
            if tensor.shape[1:] == own[name].shape[1:] and len(tensor) <= len(own[name]):
                own[name][: len(tensor)] = tensor
        getattr(new, part).load_state_dict(own)
