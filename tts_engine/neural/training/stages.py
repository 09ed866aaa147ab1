"""Training of a whole voice, stage by stage; a stage that was stopped goes on when called again."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..weights import NetworkSizes, VoiceNetworks, save_weights
from .acoustic_trainer import AcousticTrainer
from .batches import frame_batch, word_batch
from .corpus import HELD_OUT_EVERY, open_corpus
from .loop import train_stage
from .preparation import Utterance, load_utterances
from .prosody_trainer import ProsodyTrainer
from .vocoder_trainer import VocoderTrainer

STAGE_MINUTES = {"prosody": 8.0, "acoustic": 90.0, "vocoder": 70.0, "tuning": 45.0}
"""Processor time of each stage; with the preparation less than four hours."""

_NOTES = {
    "speaker": "Yue Tan",
    "licence": "CC BY-SA 3.0 US",
    "attribution": "Yue Tan (speaker), Shtooka project, University of Caen, Hugo Lopez (audio-cmn)",
}


def train_voice(
    data: Path,
    out: Path,
    sizes: NetworkSizes,
    minutes: dict[str, float],
    report: Callable[[str], None],
) -> Path:
    """Train a voice and export it.

    Args:
        data: A prepared folder.
        out: Where checkpoints, logs and ``voice.safetensors`` go.
        sizes: Of the networks.
        minutes: Of processor time, by stage; a stage of 0 is left as it is.
        report: Receives lines about progress.

    Returns:
        The exported voice.

    Raises:
        ValueError: Nothing is held out to measure with.
    """
    torch.manual_seed(0)
    utterances, corpus = load_utterances(data), open_corpus(data)
    if not any(utterance.recording.held_out for utterance in utterances):
        raise ValueError(
            f"{data} has no recording whose number divides by {HELD_OUT_EVERY}, to measure"
        )
    models = sizes.build()
    seconds = {stage: 60 * value for stage, value in minutes.items()}
    held_out_losses = {
        "prosody": train_stage(
            ProsodyTrainer(models.prosody, utterances),
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
            VocoderTrainer(models.vocoder, utterances, corpus),
            out / "vocoder.pt",
            seconds["vocoder"],
            report,
        ),
    }
    if seconds["tuning"]:
        task = VocoderTrainer(
            models.vocoder, utterances, corpus, _predicted_envelopes(models, utterances)
        )
        held_out_losses["tuning"] = train_stage(task, out / "tuning.pt", seconds["tuning"], report)
    report(json.dumps({"held out": held_out_losses}))
    path = out / "voice.safetensors"
    save_weights(
        models,
        path,
        {**_NOTES, "held_out": json.dumps(held_out_losses), "minutes": json.dumps(minutes)},
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
            start = models.acoustic.frames(word_batch([utterance]), frames.owner, frames.facts)
            envelope = models.acoustic.envelope(models.acoustic.decode(start)[0])
        envelopes.append(envelope[0].numpy())
    return envelopes
