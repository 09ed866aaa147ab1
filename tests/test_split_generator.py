"""The form that talks draws exactly what the generator draws."""

import pytest
import torch
from torch import Tensor, nn

from avatar_engine.wav2lip.compat.wav2lip96 import Wav2Lip96
from avatar_engine.wav2lip.model import LipSyncGenerator, Wav2Lip384
from avatar_engine.wav2lip.split_generator import fold_batch_norm, mouth_area, split_generator

TOLERANCE = 1e-5
"""Of values in [0, 1], in fp32; they are promised to be within 1e-4."""


def lived_in(generator: LipSyncGenerator) -> LipSyncGenerator:
    """Norms and biases as they are after some training: no longer 1 and 0.

    The same network in every run, whatever tests ran before.
    """
    torch.manual_seed(0)
    for module in generator.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.reset_parameters()
            assert module.bias is not None
            nn.init.normal_(module.bias, 0, 0.2)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
            assert module.running_mean is not None and module.running_var is not None
            nn.init.normal_(module.running_mean, 0, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return generator.eval()


@pytest.fixture(scope="module")
def generator() -> LipSyncGenerator:
    return lived_in(Wav2Lip384(32))


@pytest.fixture(scope="module")
def given() -> tuple[Tensor, Tensor]:
    """Sounds and faces."""
    torch.manual_seed(1)
    return torch.randn(2, 1, 80, 16), torch.rand(2, 6, 384, 384)


@pytest.fixture(scope="module")
def plain(generator: LipSyncGenerator, given: tuple[Tensor, Tensor]) -> Tensor:
    """The whole pictures, in which a difference would be seen."""
    with torch.no_grad():
        drawn: Tensor = generator(*given)
    assert 0.02 < drawn.min() and drawn.max() < 0.98, "nowhere white or black, whatever is wrong"
    assert drawn.std() > 0.02, "not all of one colour"
    assert (drawn[0] - drawn[1]).abs().max() > 0.02, "what is given does make a difference"
    return drawn


@torch.no_grad()
def test_folded_it_draws_the_same(
    generator: LipSyncGenerator, given: tuple[Tensor, Tensor], plain: Tensor
) -> None:
    folded = fold_batch_norm(generator)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in folded.modules())
    assert (folded(*given) - plain).abs().max() < TOLERANCE


@torch.no_grad()
def test_sounds_do_not_change_what_is_cached_of_a_face(
    generator: LipSyncGenerator, given: tuple[Tensor, Tensor], plain: Tensor
) -> None:
    mels, faces = given
    maps = generator.encode_face(faces)
    assert (generator.decode(generator.encode_audio(mels), maps) - plain).abs().max() < TOLERANCE


@pytest.mark.parametrize("split_up_to", [0, 3, 24, 192, 384])
@torch.no_grad()
def test_what_is_seen_is_the_same_whatever_is_split(
    generator: LipSyncGenerator, given: tuple[Tensor, Tensor], plain: Tensor, split_up_to: int
) -> None:
    """With no level split, cropping alone."""
    mels, faces = given
    face_encoder, decoder = split_generator(generator, split_up_to=split_up_to)
    drawn = decoder(mels, *face_encoder(faces))
    assert drawn.shape == (2, 3, 192, 256)
    assert (drawn - plain[:, :, 192:, 64:320]).abs().max() < TOLERANCE


@torch.no_grad()
def test_the_original_can_be_split_too() -> None:
    generator = lived_in(Wav2Lip96())
    mels, faces = torch.randn(2, 1, 80, 16), torch.rand(2, 6, 96, 96)
    face_encoder, decoder = split_generator(generator)
    assert (
        decoder(mels, *face_encoder(faces)) - generator(mels, faces)[..., *mouth_area(96)]
    ).abs().max() < 1e-5


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
    face_encoder, _ = split_generator(Wav2Lip384(32).eval(), split_up_to=0)
    heights = [face.shape[2] for face in face_encoder(torch.rand(1, 6, 384, 384))]
    assert heights == [1, 3, 5, 8, 14, 26, 50, 98, 194]


@torch.no_grad()
def test_splitting_leaves_the_generator_as_it_was() -> None:
    generator = lived_in(Wav2Lip384(32))
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    split_generator(generator)
    after = generator.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
