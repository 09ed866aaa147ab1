"""An audio encoder learns mouths from speech, before any picture is drawn."""

import random
from pathlib import Path

import pytest
import torch

from avatar_engine.__main__ import main
from avatar_engine.training.audio_pretraining import pretrain_audio_encoder
from avatar_engine.training.synthetic.utterances import synthesized_utterances
from avatar_engine.wav2lip.discriminators import SyncExpert384
from avatar_engine.wav2lip.model import Wav2Lip384
from avatar_engine.wav2lip.weights import load_weights

TEXTS = ["妈妈爸爸都来了。", "啊，我知道了。", "办理居住证不收费。"]


@pytest.mark.parametrize("made", [Wav2Lip384, pytest.param(SyncExpert384, marks=pytest.mark.slow)])
def test_it_learns_and_leaves_the_faces_alone(made: type[Wav2Lip384] | type[SyncExpert384]) -> None:
    network = made(32)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    losses: list[float] = []
    lines = synthesized_utterances(TEXTS, random.Random(0))
    heard = pretrain_audio_encoder(
        network, lines, 0.4, 25, 0, lambda step, loss: losses.append(loss)
    )
    assert losses[-1] < losses[0]
    assert 0 <= heard.named <= 1 and 0 < heard.error < 0.2
    for name, value in network.state_dict().items():
        if name.startswith("audio_encoder") and "conv_block.0.weight" in name:
            assert not torch.equal(value, before[name])
        elif not name.startswith("audio_encoder"):
            assert torch.equal(value, before[name])


def test_the_command_writes_weights_to_begin_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS), "utf-8")
    out = tmp_path / "ears.safetensors"
    order = ["hear", "generator", str(out), "--width", "32", "--minutes", "0.2", "--steps", "2"]
    assert main([*order, "--texts", str(tmp_path / "texts.txt")]) == 0
    assert load_weights(out, Wav2Lip384).width == 32
    assert "% of the mouths" in capsys.readouterr().out
