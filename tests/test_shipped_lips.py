"""The weights that ship: small enough, documented, and they speak."""

from pathlib import Path

import librosa
import numpy as np
import pytest
import torch

from avatar_engine.base import Frames
from avatar_engine.face_detection import crop_square, face_squares
from avatar_engine.presenter import Presenter
from avatar_engine.wav2lip.avatar import SHIPPED_WEIGHTS, Wav2Lip384Avatar
from avatar_engine.wav2lip.discriminators import SyncExpert384, stack_lower_halves, sync_probability
from avatar_engine.wav2lip.mel import mel_windows, melspectrogram
from avatar_engine.wav2lip.model import Wav2Lip384
from avatar_engine.wav2lip.split_generator import mouth_area, split_generator
from avatar_engine.wav2lip.weights import load_weights
from tts_engine import Speech
from tts_engine.espeak.voice import EspeakVoice

SUIT = Path(__file__).resolve().parent.parent / "assets" / "presenters" / "suit"
RATE = 16_000


@pytest.fixture(scope="module")
def presenter() -> Presenter:
    """The first second of the loop: the rest would only take longer."""
    whole = Presenter(SUIT)
    whole._loop, whole.faces = whole._loop[:25], whole.faces[:25]
    return whole


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    """A sentence it was not trained on, 16 kHz."""
    voice = EspeakVoice(rate=170)
    spoken = np.concatenate([piece.samples for piece in voice.speak("我们下午五点半一起回家吧。")])
    return librosa.resample(spoken, orig_sr=voice.sample_rate, target_sr=RATE)


@pytest.fixture(scope="module")
def avatar(presenter: Presenter, tmp_path_factory: pytest.TempPathFactory) -> Wav2Lip384Avatar:
    return Wav2Lip384Avatar(presenter, cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def drawn(avatar: Wav2Lip384Avatar, presenter: Presenter, sound: np.ndarray) -> np.ndarray:
    """The faces that say it, (n, 384, 384, 3)."""
    frames: list[Frames] = list(avatar.render([Speech(sound, RATE)]))
    pictures = np.concatenate([some.pixels for some in frames])
    places = face_squares(presenter.faces)
    return np.stack([crop_square(p, places[i % len(places)]) for i, p in enumerate(pictures)])


def test_together_they_are_small_and_their_card_names_the_data() -> None:
    assert sum(path.stat().st_size for path in SHIPPED_WEIGHTS.glob("*.safetensors")) < 26 * 2**20
    card = (SHIPPED_WEIGHTS / "README.md").read_text("utf-8")
    assert "CC BY-SA" in card and "Yue Tan" in card


@torch.no_grad()
def test_the_form_that_talks_draws_what_the_trained_network_draws(
    presenter: Presenter, sound: np.ndarray
) -> None:
    generator = load_weights(SHIPPED_WEIGHTS / "generator.safetensors", Wav2Lip384).eval()
    face = torch.from_numpy(crop_square(presenter.frame(0), face_squares(presenter.faces)[0]))
    face = face.permute(2, 0, 1)[None].float() / 255
    masked = face.clone()
    masked[:, :, 192:] = 0
    faces = torch.cat([masked, face], 1)
    heard = torch.from_numpy(mel_windows(melspectrogram(sound), [12]))
    steady, speaking = split_generator(generator)
    plain = generator(heard, faces)[..., *mouth_area(384)]
    assert (speaking(heard, *steady(faces)) - plain).abs().max() < 1e-4


@torch.no_grad()
def test_the_expert_finds_the_drawn_lips_in_time_with_their_own_sound(
    drawn: np.ndarray, sound: np.ndarray
) -> None:
    expert = load_weights(SHIPPED_WEIGHTS / "expert.safetensors", SyncExpert384).eval()
    starts = list(range(8, len(drawn) - 16, 4))
    pictures = torch.from_numpy(np.stack([drawn[i : i + 5] for i in starts])).float() / 255
    lips = stack_lower_halves(pictures.permute(0, 1, 4, 2, 3))
    mel = melspectrogram(sound)

    def belief(late: int) -> float:
        heard = torch.from_numpy(mel_windows(mel, [start + late for start in starts]))
        return float(sync_probability(*expert(heard, lips)).mean())

    assert belief(0) > max(belief(-6), belief(6)) + 0.1
