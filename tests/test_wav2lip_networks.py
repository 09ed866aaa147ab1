"""The networks are those of the papers, and their weights come and go unharmed."""

import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from avatar_engine.wav2lip.compat.lipgan import LipGAN
from avatar_engine.wav2lip.compat.syncnet import SyncNet
from avatar_engine.wav2lip.compat.wav2lip96 import SyncExpert96, Wav2Lip96
from avatar_engine.wav2lip.discriminators import (
    QualityDiscriminator,
    SyncExpert384,
    stack_lower_halves,
    sync_loss,
    sync_probability,
)
from avatar_engine.wav2lip.model import ConvBlock, Wav2Lip384
from avatar_engine.wav2lip.weights import LipSyncWeightsError, load_weights, save_weights


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def mels(batch: int = 2, columns: int = 16) -> Tensor:
    return torch.empty(batch, 1, 80, columns).uniform_(-4, 4)


def faces(size: int, channels: int = 6, batch: int = 2) -> Tensor:
    return torch.rand(batch, channels, size, size)


def shapes(blocks: nn.Module, x: Tensor) -> list[tuple[int, ...]]:
    """(channels, height, width) after each block."""
    found = []
    for block in blocks.children():
        x = block(x)
        found.append(tuple(x.shape[1:]))
    return found


# --- layers -----------------------------------------------------------------------------------


def test_the_face_encoder_has_the_papers_nine_blocks() -> None:
    with torch.device("meta"):
        network = Wav2Lip384()
        after = shapes(network.face_encoder_blocks, faces(384))
    channels = (8, 16, 32, 64, 128, 256, 512, 512, 512)
    sizes = (384, 192, 96, 48, 24, 12, 6, 3, 1)
    assert after == [(c, n, n) for c, n in zip(channels, sizes, strict=True)]
    layers = [len(list(block.children())) for block in network.face_encoder_blocks]
    assert layers == [1, 3, 3, 3, 3, 3, 3, 2, 2]


def test_the_face_decoder_has_the_papers_nine_blocks_and_a_skip_before_each_next() -> None:
    with torch.device("meta"):
        blocks: Any = Wav2Lip384().face_decoder_blocks
    firsts = [(block[0].conv_block[0], len(block)) for block in blocks]
    convolutions = [(first.in_channels, first.out_channels, n) for first, n in firsts]
    assert convolutions == [
        *[(512, 512, 1), (1024, 512, 2), (1024, 512, 3), (1024, 256, 3), (512, 128, 3)],
        *[(256, 64, 3), (128, 32, 3), (64, 16, 3), (32, 8, 3)],
    ]
    network = Wav2Lip384(32)
    maps = network.encode_face(faces(384))
    x = network.encode_audio(mels())
    assert x.shape == (2, 32, 1, 1)
    for block, face in zip(network.face_decoder_blocks, reversed(maps), strict=True):
        x = block(x)
        assert x.shape == face.shape  # so every level is joined by the map of its own size
        x = torch.cat([x, face], 1)


def test_the_generator_draws_faces_between_0_and_1() -> None:
    drawn = Wav2Lip384(32).eval()(mels(1), faces(384, batch=1))
    assert drawn.shape == (1, 3, 384, 384)
    assert 0 <= drawn.min() and drawn.max() <= 1


def test_the_generator_uses_every_input() -> None:
    network = Wav2Lip384(32).eval()
    sound, face = mels(1).requires_grad_(), faces(384, batch=1).requires_grad_()
    network(sound, face)[..., 192:, :].sum().backward()
    assert sound.grad is not None and sound.grad.abs().sum() > 0
    assert face.grad is not None
    assert (face.grad.abs().sum((0, 2, 3)) > 0).all()


def test_every_weight_of_generator_and_expert_learns() -> None:
    generator, expert = Wav2Lip384(32), SyncExpert384(32, n_frames=1)
    drawn = generator(mels(), faces(384))
    sync = sync_probability(*expert(mels(), stack_lower_halves(drawn[:, None])))
    (sync_loss(sync, 1.0) + (drawn - 0.5).abs().mean()).backward()
    for network in (generator, expert):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None and parameter.grad.isfinite().all(), name
            if name.endswith("0.weight") and parameter.ndim == 4:
                assert parameter.grad.abs().max() > 0, name


def test_the_expert_collapses_the_lower_half_to_1x1() -> None:
    with torch.device("meta"):
        after = shapes(SyncExpert384().face_encoder, torch.empty(2, 15, 192, 384))
    assert after == [
        *[(16, 192, 384), (32, 190, 191), (32, 190, 191), (32, 190, 191)],
        *[(64, 95, 96)] * 3,
        *[(128, 48, 48)] * 3,
        *[(256, 24, 24)] * 3,
        *[(256, 12, 12)] * 3,
        *[(512, 6, 6)] * 3,
        *[(512, 3, 3), (512, 1, 1), (512, 1, 1)],
    ]


@pytest.mark.parametrize("n_frames", [1, 3, 5])
def test_the_expert_judges_one_three_or_five_frames(n_frames: int) -> None:
    expert = SyncExpert384(32, n_frames).eval()
    audio, face = expert(mels(), torch.rand(2, 3 * n_frames, 192, 384))
    assert audio.shape == face.shape == (2, 32)
    assert (audio >= 0).all() and (face >= 0).all()
    assert torch.allclose(face.norm(dim=1), torch.ones(2))


def test_the_expert_refuses_whole_faces_and_other_numbers_of_frames() -> None:
    with pytest.raises(ValueError, match="192 rows of 384 pixels; it was given 384 of 384"):
        SyncExpert384(32)(mels(), torch.rand(2, 15, 384, 384))
    with pytest.raises(ValueError, match="1, 3 or 5"):
        SyncExpert384(32, n_frames=2)


def test_mouths_are_lower_halves_frame_by_frame() -> None:
    frames = torch.rand(2, 5, 3, 96, 96)
    stacked = stack_lower_halves(frames)
    assert stacked.shape == (2, 15, 48, 96)
    assert torch.equal(stacked[1, 7], frames[1, 2, 1, 48:])  # green of the third frame


def test_original_networks_have_the_originals_sizes() -> None:
    with torch.device("meta"):
        assert parameters(Wav2Lip96()) == 36_298_035
        assert parameters(SyncExpert96()) == 16_435_072
        assert parameters(QualityDiscriminator(96)) == 14_113_793
        assert parameters(SyncNet()) == 13_631_616
        assert Wav2Lip96()(mels(), faces(96)).shape == (2, 3, 96, 96)
        assert LipGAN().eval()(mels(columns=27), faces(96)).shape == (2, 3, 96, 96)
        assert shapes(SyncExpert96().face_encoder, torch.empty(2, 15, 48, 96))[-1] == (512, 1, 1)
        distance = SyncNet()(torch.empty(2, 1, 13, 20), torch.empty(2, 3, 5, 224, 224))
        assert distance.shape == (2,)


@pytest.mark.parametrize("size", [96, 384])
def test_the_quality_discriminator_sees_only_the_lower_half(size: int) -> None:
    judge = QualityDiscriminator(size).eval()
    face = faces(size, 3, batch=1)
    upper, lower = face.clone(), face.clone()
    upper[..., : size // 2, :] = 0
    lower[..., size // 2 :, :] = 0
    assert judge(face).shape == (1,)
    assert torch.equal(judge(upper), judge(face))
    assert not torch.equal(judge(lower), judge(face))


def test_a_residual_is_added_where_the_shape_is_kept_and_only_there() -> None:
    assert ConvBlock(8, 8, 3, 1, 1).residual
    for other in [
        ConvBlock(8, 8, 3, 2, 1),
        ConvBlock(8, 8, 3, (3, 1), 1),
        ConvBlock(8, 16, 3, 1, 1),
        ConvBlock(8, 8, 3),
        ConvBlock(8, 8, 1),
    ]:
        assert not other.residual
    block = ConvBlock(2, 2, 3, 1, 1).eval()
    for parameter in block.conv_block[0].parameters():
        nn.init.zeros_(parameter)
    x = torch.tensor([-1.0, 2.0]).view(1, 2, 1, 1).expand(1, 2, 4, 4)
    assert torch.equal(block(x), x.clamp(min=0))


# --- width ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "generator", "expert"),
    [
        (512, 39_545_907, 18_045_952),
        (192, 9_547_251, 5_826_368),
        (128, 5_315_763, 3_238_528),
        (96, 3_217_587, 1_959_392),
    ],
)
def test_width_caps_every_layer(width: int, generator: int, expert: int) -> None:
    with torch.device("meta"):
        networks = (Wav2Lip384(width), SyncExpert384(width))
    assert [parameters(network) for network in networks] == [generator, expert]
    for network in networks:
        convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
        assert max(m.out_channels for m in convolutions) == width


def test_a_width_that_would_touch_the_shallow_layers_is_refused() -> None:
    with pytest.raises(ValueError, match="width is 31; the networks need at least 32"):
        Wav2Lip384(31)
    with pytest.raises(ValueError, match="at least 32"):
        SyncExpert384(0)


# --- losses -----------------------------------------------------------------------------------


def test_the_sync_loss_is_equations_1_and_2() -> None:
    v, s = torch.rand(7, 12), torch.rand(7, 12)
    by_hand = (v * s).sum(1) / (v.norm(dim=1) * s.norm(dim=1))
    assert torch.allclose(sync_probability(s, v), by_hand)
    assert torch.isclose(sync_loss(by_hand, 1.0), -by_hand.log().mean())
    labels = torch.tensor([0.0, 1, 1, 0, 1, 0, 1])
    expected = nn.functional.binary_cross_entropy(by_hand, labels)
    assert torch.isclose(sync_loss(by_hand, labels), expected)


def test_the_sync_loss_stays_finite_for_pairs_that_are_wholly_wrong() -> None:
    audio = torch.tensor([[1.0, 0.0], [0.0, 0.0]], requires_grad=True)
    face = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    loss = sync_loss(sync_probability(audio, face), torch.tensor([1.0, 1.0]))
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.isfinite() and 13 < loss < 14
    assert audio.grad is not None and audio.grad.isfinite().all()


def test_the_sync_loss_is_in_single_precision_under_autocast() -> None:
    audio, face = torch.rand(2, 8).bfloat16(), torch.rand(2, 8).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        probability = sync_probability(audio, face)
        loss = sync_loss(probability, 1.0)
    assert probability.dtype == loss.dtype == torch.float32
    assert torch.equal(probability, sync_probability(audio.float(), face.float()))


# --- official checkpoints ---------------------------------------------------------------------

# Names, shapes and numbers of entries as in the published files.
OFFICIAL: list[tuple[type[nn.Module], int, dict[str, tuple[int, ...]]]] = [
    (
        Wav2Lip96,  # wav2lip.pth, wav2lip_gan.pth
        352,
        {
            "face_encoder_blocks.0.0.conv_block.0.weight": (16, 6, 7, 7),
            "face_encoder_blocks.2.3.conv_block.1.running_var": (64,),
            "face_encoder_blocks.6.1.conv_block.0.weight": (512, 512, 1, 1),
            "audio_encoder.0.conv_block.0.weight": (32, 1, 3, 3),
            "audio_encoder.11.conv_block.0.weight": (512, 256, 3, 3),
            "audio_encoder.12.conv_block.1.num_batches_tracked": (),
            "face_decoder_blocks.1.0.conv_block.0.weight": (1024, 512, 3, 3),
            "face_decoder_blocks.3.0.conv_block.0.weight": (768, 384, 3, 3),
            "face_decoder_blocks.6.0.conv_block.0.weight": (160, 64, 3, 3),
            "face_decoder_blocks.6.2.conv_block.0.bias": (64,),
            "output_block.0.conv_block.0.weight": (32, 80, 3, 3),
            "output_block.1.weight": (3, 32, 1, 1),
        },
    ),
    (
        SyncExpert96,  # lipsync_expert.pth
        217,
        {
            "face_encoder.0.conv_block.0.weight": (32, 15, 7, 7),
            "face_encoder.1.conv_block.0.weight": (64, 32, 5, 5),
            "face_encoder.16.conv_block.0.weight": (512, 512, 1, 1),
            "audio_encoder.13.conv_block.1.running_mean": (512,),
        },
    ),
    (
        QualityDiscriminator,  # visual_quality_disc.pth
        28,
        {
            "face_encoder_blocks.0.0.conv_block.0.weight": (32, 3, 7, 7),
            "face_encoder_blocks.1.0.conv_block.0.weight": (64, 32, 5, 5),
            "face_encoder_blocks.6.1.conv_block.0.bias": (512,),
            "binary_pred.0.weight": (1, 512, 1, 1),
        },
    ),
    (
        SyncNet,  # syncnet_v2.model
        102,
        {
            "netcnnaud.0.weight": (64, 1, 3, 3),
            "netcnnaud.18.weight": (512, 256, 5, 4),
            "netfcaud.3.weight": (1024, 512),
            "netcnnlip.0.weight": (96, 3, 5, 7, 7),
            "netcnnlip.18.weight": (512, 256, 1, 6, 6),
            "netfclip.1.running_mean": (512,),
        },
    ),
]


@pytest.mark.parametrize(("network", "entries", "some"), OFFICIAL)
def test_names_and_shapes_are_those_of_the_official_checkpoints(
    network: type[nn.Module], entries: int, some: dict[str, tuple[int, ...]]
) -> None:
    with torch.device("meta"):
        made = network(96) if network is QualityDiscriminator else network()
    state = made.state_dict()
    assert len(state) == entries
    assert {name: tuple(state[name].shape) for name in some} == some


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_in_the_official_form_loads(tmp_path: Path, zipped: bool) -> None:
    expert = SyncExpert96()
    state = {f"module.{name}": tensor for name, tensor in expert.state_dict().items()}
    old = {name: tensor for name, tensor in state.items() if "num_batches" not in name}
    checkpoint = {"state_dict": old, "optimizer": None, "global_step": 3, "global_epoch": 1}
    path = tmp_path / "lipsync_expert.pth"
    torch.save(checkpoint, path, _use_new_zipfile_serialization=zipped)
    loaded = load_weights(path, SyncExpert96)
    assert not loaded.training
    for name, tensor in loaded.named_parameters():
        assert torch.equal(tensor, expert.get_parameter(name))


def test_a_keras_checkpoint_of_lipgan_is_read_in_the_order_its_layers_were_made(
    tmp_path: Path,
) -> None:
    h5py = pytest.importorskip("h5py")
    network = LipGAN()
    path = tmp_path / "lipgan_residual_mel.h5"
    numbers = {"conv2d": 5, "conv2d_transpose": 0, "batch_normalization": 7}
    written: dict[str, float] = {}  # every tensor is filled with a number of its own
    with h5py.File(path, "w") as file:
        for module_name, module in network.named_modules():
            if isinstance(module, nn.BatchNorm2d):
                kind = "batch_normalization"
                parts = {"gamma": "weight", "beta": "bias"}
                parts |= {"moving_mean": "running_mean", "moving_variance": "running_var"}
            elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                kind = "conv2d" if isinstance(module, nn.Conv2d) else "conv2d_transpose"
                parts = {"kernel": "weight", "bias": "bias"}
            else:
                continue
            number = numbers[kind]
            numbers[kind] += 1
            layer = f"{kind}_{number}" if number else kind  # Keras' first has no number
            group = file.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}/{part}:0" for part in parts]
            for part, ours in parts.items():
                shape = tuple(getattr(module, ours).shape)
                if part == "kernel":  # (height, width, inputs, outputs), or outputs and inputs
                    shape = (*shape[2:], shape[1], shape[0])
                value = float(len(written))
                group.create_dataset(f"{layer}/{part}:0", shape, "f4", fillvalue=value)
                written[f"{module_name}.{ours}"] = value
    state = load_weights(path, LipGAN).state_dict()
    assert {name: float(state[name].mean(dtype=torch.float64)) for name in written} == written
    with h5py.File(path, "a") as file:
        del file["conv2d_transpose_3"]
    with pytest.raises(
        LipSyncWeightsError, match=r"5 conv2d_transpose layers instead of 6.*residual_mel"
    ):
        load_weights(path, LipGAN)


def test_lipgan_pads_as_keras_pads() -> None:
    """Where a stride meets an even size, Keras puts the odd zero at the end."""
    network: Any = LipGAN()
    halving = network.face_encoder_blocks[2][0]
    nn.init.zeros_(halving.conv.weight)
    halving.conv.weight.data[:, 0, 0, 0] = 1  # picks the first pixel under the kernel
    halving.conv.bias.data.zero_()
    x = torch.arange(48.0).view(1, 1, 1, 48).expand(1, 64, 48, 48)
    assert torch.allclose(halving.eval()(x)[0, 0, 0], torch.arange(0.0, 48, 2), rtol=1e-3)


# --- our own weights --------------------------------------------------------------------------


def test_saved_and_loaded_weights_are_the_same_to_the_bit(tmp_path: Path) -> None:
    network = SyncExpert384(48, n_frames=3)
    network(mels(), torch.rand(2, 9, 192, 384))  # moves the statistics of the norms
    path = tmp_path / "expert.safetensors"
    save_weights(network, path)
    loaded = load_weights(path, SyncExpert384)
    assert (loaded.width, loaded.n_frames) == (48, 3)
    for name, tensor in network.state_dict().items():
        same = loaded.state_dict()[name]
        assert same.dtype == tensor.dtype
        assert torch.equal(same, tensor), name
    assert [entry.name for entry in tmp_path.iterdir()] == ["expert.safetensors"]


def test_half_precision_halves_the_file_and_keeps_the_norms(tmp_path: Path) -> None:
    network = Wav2Lip384(64)
    blocks: Any = network.face_encoder_blocks
    norm = blocks[0][0].conv_block[1]
    norm.running_var.fill_(123_456.789)  # more than 16 bits can hold
    path = tmp_path / "generator.safetensors"
    save_weights(network, path, half=True)
    assert path.stat().st_size < 2.1 * parameters(network) + 60_000
    loaded = load_weights(path, Wav2Lip384)
    for name, tensor in network.state_dict().items():
        expected = tensor.half().float() if tensor.ndim > 1 else tensor
        assert torch.equal(loaded.state_dict()[name], expected), name
    with torch.no_grad():
        sound, face = mels(1), faces(384, batch=1)
        assert (loaded(sound, face) - network.eval()(sound, face)).abs().max() < 1e-2


def test_a_file_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_weights(SyncExpert384(32, n_frames=1), path, half=True)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    assert metadata["kind"] == "expert384"
    assert (metadata["width"], metadata["n_frames"]) == ("32", "1")
    assert (metadata["channel_order"], metadata["size"]) == ("RGB", "384")
    assert (metadata["hop"], metadata["f_max"], metadata["fps"]) == ("200", "7600.0", "25")


# --- files that cannot be used ----------------------------------------------------------------


def refusal(path: Path, network: type[nn.Module] = Wav2Lip384) -> str:
    with pytest.raises(LipSyncWeightsError) as refused:
        load_weights(path, network)
    assert str(path) in str(refused.value)
    return str(refused.value)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "absent.safetensors")
    assert "directory" in refusal(tmp_path)


def test_weights_of_another_network_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mistaken.safetensors"
    save_weights(Wav2Lip384(32), path)
    assert refusal(path, SyncExpert384).endswith(
        "should hold the Wav2Lip-384 expert, but it looks like the Wav2Lip-384 generator of "
        "width 32."
    )
    torch.save({"state_dict": SyncExpert96().state_dict()}, tmp_path / "lipsync_expert.pth")
    message = refusal(tmp_path / "lipsync_expert.pth")
    assert message.endswith("looks like the original Wav2Lip expert.")


def test_a_fork_for_another_face_size_is_refused(tmp_path: Path) -> None:
    state = Wav2Lip384(32).state_dict()
    state["output_block.0.conv_block.0.weight"] = torch.zeros(32, 80, 3, 3)
    torch.save(state, tmp_path / "fork.pth")
    assert "perhaps it comes from a fork" in refusal(tmp_path / "fork.pth")
    torch.save({"mine": torch.zeros(2)}, tmp_path / "own.pth")
    assert "holds 1 tensors (mine ...)" in refusal(tmp_path / "own.pth")


def test_weights_trained_on_another_mel_spectrogram_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.safetensors"
    save_weights(Wav2Lip384(32), path)
    save_file(load_file(path), path, {"hop": "160", "n_fft": "800"})
    assert "another mel spectrogram (hop 160 instead of 200)" in refusal(path)


class Burglar:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch burgled",)


def test_a_checkpoint_with_code_in_it_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": Burglar()}, tmp_path / "zipped.pth")
    torch.save({"a": Burglar()}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    (tmp_path / "bare.pth").write_bytes(pickle.dumps(Burglar(), protocol=2))
    torch.save(ConvBlock(1, 1, 1), tmp_path / "whole_module.pth")
    for name in ("zipped.pth", "old.pth", "bare.pth", "whole_module.pth"):
        assert "would run code" in refusal(tmp_path / name), name
    assert not (tmp_path / "burgled").exists()


@pytest.mark.parametrize("form", ["safetensors", "zipped", "old"])
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.999])
def test_a_file_cut_short_is_called_damaged(tmp_path: Path, form: str, kept: float) -> None:
    path = tmp_path / "w"
    if form == "safetensors":
        save_weights(Wav2Lip384(32), path)
    else:
        state = Wav2Lip384(32).state_dict()
        torch.save(state, path, _use_new_zipfile_serialization=form == "zipped")
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    message = refusal(path)
    assert "damaged" in message and "cut short" in message


@pytest.mark.parametrize(
    "content",
    [
        b"<html>404</html>",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"\x89HDF\r\n\x1a\nnothing",
        struct.pack("<Q", 10) + b"{" + bytes(20),
        np.random.default_rng(0).bytes(4_000),
    ],
)
def test_what_is_no_weights_file_at_all_is_called_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    assert "no weights file" in refusal(path, LipGAN)


def test_a_torch_file_of_something_else_is_refused(tmp_path: Path) -> None:
    for number, content in enumerate(([1, 2], {}, {"step": 3}, {1: torch.zeros(1)})):
        torch.save(content, tmp_path / f"{number}.pth")
        assert "not of weights" in refusal(tmp_path / f"{number}.pth")


def test_the_rest_of_the_package_does_not_wait_for_torch() -> None:
    check = (
        "import sys, avatar_engine, avatar_engine.checks, avatar_engine.viseme.avatar,"
        "avatar_engine.wav2lip; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stdout + done.stderr


def test_reading_weights_does_not_import_the_compiler_of_torch(tmp_path: Path) -> None:
    """That takes ten seconds, and nothing here is compiled."""
    path = tmp_path / "quality.safetensors"
    save_weights(QualityDiscriminator(96), path)
    code = (
        "import sys; from pathlib import Path; from avatar_engine.wav2lip.weights import *; "
        "from avatar_engine.wav2lip.compat.wav2lip96 import Wav2Lip96\n"
        f"try: load_weights(Path({str(path)!r}), Wav2Lip96)\n"
        "except LipSyncWeightsError: pass\n"
        "assert 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)
