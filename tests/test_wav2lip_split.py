"""The form that talks draws exactly what the generator draws."""

import pytest
import torch
from torch import nn

from avatar_engine.wav2lip.generator import Generator, Wav2Lip384
from avatar_engine.wav2lip.split import split
from avatar_engine.wav2lip.wav2lip96 import Wav2Lip96


def lived_in(generator: Generator) -> Generator:
    """Norms as they are after some training: no longer the identity."""
    torch.manual_seed(0)
    for module in generator.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
            assert module.running_mean is not None and module.running_var is not None
            nn.init.normal_(module.running_mean, 0, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return generator.eval()


@pytest.mark.parametrize("split_up_to", [0, 24, 192])
@torch.no_grad()
def test_the_lower_half_is_the_same_whatever_is_split(split_up_to: int) -> None:
    generator = lived_in(Wav2Lip384(32))
    mels, faces = torch.randn(2, 1, 80, 16), torch.rand(2, 6, 384, 384)
    steady, speaking = split(generator, split_up_to=split_up_to)
    drawn = speaking(mels, *steady(faces))
    assert drawn.shape == (2, 3, 192, 384)
    whole = generator(mels, faces)[:, :, 192:]
    assert whole.std() > 0.01, "the pictures are not all of one colour"
    assert (drawn - whole).abs().max() < 1e-5


@torch.no_grad()
def test_the_original_can_be_split_too() -> None:
    generator = lived_in(Wav2Lip96())
    mels, faces = torch.randn(2, 1, 80, 16), torch.rand(2, 6, 96, 96)
    steady, speaking = split(generator)
    assert (speaking(mels, *steady(faces)) - generator(mels, faces)[:, :, 48:]).abs().max() < 1e-5


@torch.no_grad()
def test_one_face_may_say_several_sounds_and_draw_its_lower_half_alone() -> None:
    generator = lived_in(Wav2Lip384(32))
    mels, faces = torch.randn(3, 1, 80, 16), torch.rand(2, 6, 384, 384)
    which = torch.tensor([1, 0, 1])
    whole = generator(mels, faces[which])
    assert torch.equal(generator(mels, faces, which), whole)
    lower = generator(mels, faces, which, lower_half=True)
    assert lower.shape == (3, 3, 192, 384)
    assert (lower - whole[:, :, 192:]).abs().max() < 1e-5


@torch.no_grad()
def test_rows_that_are_not_used_are_not_kept() -> None:
    steady, _ = split(Wav2Lip384(32).eval(), split_up_to=0)
    heights = [face.shape[2] for face in steady(torch.rand(1, 6, 384, 384))]
    assert heights == [1, 3, 5, 8, 14, 26, 50, 98, 194]


@torch.no_grad()
def test_splitting_leaves_the_generator_as_it_was() -> None:
    generator = lived_in(Wav2Lip384(32))
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    split(generator)
    after = generator.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
