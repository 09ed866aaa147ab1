"""The neural voice: from recordings of words to a voice that keeps the contract."""

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
import torch
from scipy.signal import lfilter

from tts_engine import Voice
from tts_engine.checks import check_loudness, check_voice
from tts_engine.espeak.voice import EspeakVoice
from tts_engine.neural import NeuralVoice, VoiceWeightsError
from tts_engine.neural.__main__ import main
from tts_engine.neural.features import HOP, REFERENCE_HZ, SAMPLE_RATE, band_centres
from tts_engine.neural.phones import FINALS, syllable_phones
from tts_engine.neural.phrasing import plan_phrases
from tts_engine.neural.prosody_plan import plan_prosody
from tts_engine.neural.synthesis import synthesize
from tts_engine.neural.training.analysis import spectral_envelope, track_pitch
from tts_engine.neural.training.preparation import Utterance, load_utterances
from tts_engine.neural.vocoder import Vocoder, harmonic_excitation, noise_excitation
from tts_engine.neural.voice import SHIPPED_WEIGHTS
from tts_engine.neural.weights import NetworkSizes, VoiceNetworks, load_weights
from tts_engine.text import words_with_pinyin

SENTENCE = "请您携带身份证原件，到政务大厅3号窗口办理，或下载APP，用Email咨询。"
MANDARIN = "请您携带身份证原件，到政务大厅3号窗口办理，或下载APP。"  # eSpeak varies its English
WORDS = (
    "中国 银行 北京 你好 身份 学生 老师 医生 电话 苹果 "
    "天气 上海 大学 火车 时间 朋友 衣服 米饭 鸡蛋 牛奶"
).split()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small corpus: words spoken by eSpeak NG."""
    folder = tmp_path_factory.mktemp("speaker")
    espeak = EspeakVoice()
    rows = ["file\ttext"]
    with tarfile.open(folder / "words.tar", "w") as tar:
        for number, word in enumerate(WORDS, 31):  # the 40th and no other is held out
            samples = np.concatenate([piece.samples for piece in espeak.speak(word)])
            quiet = np.zeros(2205, np.float32)
            file = io.BytesIO()
            spoken = np.concatenate([quiet, samples, quiet])
            soundfile.write(file, spoken, espeak.sample_rate, format="WAV")
            member = tarfile.TarInfo(f"words/{number:05}.wav")
            member.size = file.tell()
            file.seek(0)
            tar.addfile(member, file)
            rows.append(f"{member.name}\t{word}")
    (folder / "words.tsv").write_text("\n".join(rows), encoding="utf-8")
    arguments = ["prepare", str(folder / "words.tar"), str(folder / "words.tsv")]
    assert main([*arguments, "--data", str(folder / "data")]) == 0
    return folder / "data"


@pytest.fixture(scope="module")
def spoken(prepared: Path) -> list[Utterance]:
    return load_utterances(prepared)


@pytest.fixture(scope="module")
def weights(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    assert main(_training(prepared, out, "0.01")) == 0
    return out / "voice.safetensors"


@pytest.fixture(scope="module")
def models(weights: Path) -> VoiceNetworks:
    return load_weights(weights)


@pytest.fixture(scope="module")
def voice(weights: Path) -> NeuralVoice:
    return NeuralVoice(weights=weights)


def _training(data: Path, out: Path, minutes: str) -> list[str]:
    widths = [f"--{part}=12" for part in ("prosody", "acoustic", "vocoder")]
    stages = [f"--{stage}-minutes={minutes}" for stage in ("prosody", "acoustic", "vocoder")]
    stages.append(f"--tuning-minutes={minutes}")
    return ["train", "--data", str(data), "--out", str(out), *widths, *stages]


# The contract


def test_it_keeps_the_contract(voice: NeuralVoice) -> None:
    speaker: Voice = voice
    check_voice(speaker, SENTENCE)
    check_loudness(speaker)


def test_english_alone_is_spoken_too(voice: NeuralVoice) -> None:
    check_voice(voice, "Welcome. Please sit.")


@pytest.mark.parametrize("text", ["", " \n", "😀", "……"])
def test_nothing_to_say_is_an_error_that_says_so(voice: NeuralVoice, text: str) -> None:
    with pytest.raises(ValueError, match="nothing to speak"):
        list(voice.speak(text))


def test_two_readings_are_the_same(voice: NeuralVoice) -> None:
    first, second = (np.concatenate([p.samples for p in voice.speak(MANDARIN)]) for _ in "ab")
    np.testing.assert_array_equal(first, second)


def test_pieces_together_are_what_the_networks_say_in_one_go(models: VoiceNetworks) -> None:
    score = plan_prosody(
        plan_phrases(words_with_pinyin("请您携带本人身份证原件到政务大厅办理")), models.prosody
    )
    pieces = np.concatenate(list(synthesize(score, models)))
    durations = torch.from_numpy(score.durations)
    from tts_engine.neural.networks import frame_facts, frame_index

    curve = torch.from_numpy(score.semitones)
    with torch.inference_mode():
        start = models.acoustic.frames(
            score.batch(), frame_index(durations)[None], frame_facts(durations, curve)[None]
        )
        deviations, logits = models.acoustic.decode(start)
        whole = models.vocoder(
            models.acoustic.envelope(deviations) + 2 * torch.from_numpy(score.level)[None, :, None],
            curve[None],
            torch.sigmoid(logits),
            torch.from_numpy(harmonic_excitation(score.semitones))[None],
            torch.from_numpy(noise_excitation(len(curve)))[None],
        )[0].numpy()
    np.testing.assert_allclose(pieces, whole, atol=1e-4 * np.abs(whole).max())


def test_the_first_piece_is_short_however_long_the_clause(voice: NeuralVoice) -> None:
    first = next(voice.speak("请您携带本人身份证原件到政务大厅三号窗口办理相关业务"))
    assert 0.1 < first.seconds < 0.4


def test_a_faster_voice_is_shorter(weights: Path, voice: NeuralVoice) -> None:
    hurried = NeuralVoice(weights=weights, speed=1.5)
    text = "身份证丢失以后怎么办"
    shorter, longer = (sum(p.seconds for p in v.speak(text)) for v in (hurried, voice))
    assert shorter < 0.9 * longer


@pytest.mark.parametrize("speed", [0.4, 2.1])
def test_a_speed_out_of_range_is_refused(weights: Path, speed: float) -> None:
    with pytest.raises(ValueError, match=r"0\.5 to 2"):
        NeuralVoice(weights=weights, speed=speed)


def test_a_file_that_is_no_voice_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"nonsense")
    with pytest.raises(VoiceWeightsError, match=r"x\.safetensors"):
        NeuralVoice(weights=tmp_path / "x.safetensors")
    with pytest.raises(VoiceWeightsError, match=r"y\.safetensors"):
        NeuralVoice(weights=tmp_path / "y.safetensors")


# Text to sounds


@pytest.mark.parametrize(
    ("syllable", "symbols"),
    [
        ("zhong1", ["zh", "ong"]), ("zhi1", ["zh", "iii"]), ("zi5", ["z", "ii"]),
        ("ju2", ["j", "v"]), ("xue2", ["x", "ve"]), ("lve4", ["l", "ve"]), ("lv4", ["l", "v"]),
        ("liu4", ["l", "iou"]), ("gui1", ["g", "uei"]), ("lun2", ["l", "uen"]),
        ("jun1", ["j", "vn"]), ("yuan2", ["van"]), ("yun2", ["vn"]), ("wu3", ["u"]),
        ("yi1", ["i"]), ("er2", ["er"]), ("qiong2", ["q", "iong"]), ("weng1", ["ueng"]),
        ("nuan3", ["n", "uan"]), ("juan3", ["j", "van"]),
    ],
)  # fmt: skip
def test_a_syllable_is_an_initial_and_a_final(syllable: str, symbols: list[str]) -> None:
    found = syllable_phones(syllable)
    assert [phone.symbol for phone in found] == symbols
    assert {phone.tone for phone in found} == {int(syllable[-1])}


def test_what_is_no_syllable_is_an_error() -> None:
    with pytest.raises(ValueError, match="blah1"):
        syllable_phones("blah1")


def test_every_common_character_has_a_syllable() -> None:
    for first in range(0x4E00, 0x9FA0, 7):
        for word in words_with_pinyin(chr(first)):
            for syllable in word.syllables:
                assert syllable_phones(syllable)[-1].symbol in FINALS


def test_a_long_clause_becomes_phrases_that_end_between_words() -> None:
    found = words_with_pinyin("请您携带本人身份证原件和户口簿到政务服务大厅三号窗口办理居住证签注")
    syllables = plan_phrases(found)
    ends, at = set(), 0
    for word in found:
        at += len(word.syllables)
        ends.add(at)
    breaks = {i + 1 for i, s in enumerate(syllables) if s.ends >= 0.5}
    assert len(breaks) > 2
    assert breaks <= ends
    assert max(np.diff(sorted({0} | breaks))) <= 11


def test_a_statement_falls_and_a_question_rises(models: VoiceNetworks) -> None:
    syllables = plan_phrases(words_with_pinyin("您今天要办理公积金"))
    statement = plan_prosody(syllables, models.prosody).semitones
    question = plan_prosody(syllables, models.prosody, question=True).semitones
    assert question[-10:].mean() > statement[-10:].mean() + 1
    assert abs(question[:10].mean() - statement[:10].mean()) < 1


# Sound to features


def test_the_pitch_of_a_rising_tone_is_found_and_noise_has_none() -> None:
    semitones = np.linspace(-8, 8, 80, dtype=np.float32)
    voiced = lfilter([0.2], [1, -0.95], harmonic_excitation(semitones))  # dull, as voices are
    samples = np.stack([voiced, noise_excitation(80)]).astype(np.float32) * np.float32(0.1)
    found = track_pitch(samples)
    expected = REFERENCE_HZ * 2 ** (semitones / 12)
    inner = slice(5, -5)
    assert np.abs(12 * np.log2(found[0, inner] / expected[inner])).max() < 0.3
    assert (found[1] == 0).mean() > 0.9


def test_the_envelope_does_not_show_the_pitch() -> None:
    flat = np.stack([harmonic_excitation(np.full(40, s, np.float32)) for s in (-6.0, 6.0)])
    hertz = REFERENCE_HZ * 2 ** (np.array([-6.0, 6.0], np.float32) / 12)
    found = spectral_envelope(flat, np.tile(hertz[:, None], (1, 40)))[:, 10:-10]
    middle = (band_centres() > 500) & (band_centres() < 9000)
    assert np.abs(found[..., middle]).max() < 0.8  # 3.5 dB; the harmonics are 20 dB deep
    white = spectral_envelope(noise_excitation(40)[None], np.full((1, 40), 240, np.float32))
    assert abs(np.exp(white).mean() - 1) < 0.15


def test_words_are_found_where_they_sound(spoken: list[Utterance]) -> None:
    assert len(spoken) > 0.8 * len(WORDS)
    for utterance in spoken:
        assert utterance.durations.sum() == utterance.recording.n_frames
        assert utterance.durations.min() >= 1
        assert len(utterance.durations) == len(utterance.phones)
    loud: list[float] = []
    quiet: list[float] = []
    for utterance in spoken:
        ends = np.cumsum(utterance.durations)
        level = utterance.features.envelope.mean(1)
        for phone, end, n in zip(utterance.phones, ends, utterance.durations, strict=True):
            (loud if phone.is_final else quiet if not phone.number else []).append(
                level[end - n : end].mean()
            )
    assert np.mean(loud) > np.mean(quiet) + 3
    voiced = [
        utterance.features.voicing[end - n : end].mean()
        for utterance in spoken
        for phone, end, n in zip(
            utterance.phones, np.cumsum(utterance.durations), utterance.durations, strict=True
        )
        if phone.is_final
    ]
    assert np.mean(voiced) > 0.8


def test_every_fortieth_recording_only_measures(spoken: list[Utterance]) -> None:
    assert {u.recording.name for u in spoken if u.recording.held_out} <= {"words/00040.wav"}


# The networks


def test_an_untrained_vocoder_already_gives_pitch_and_envelope_back() -> None:
    semitones = np.full(60, 2.0, np.float32)
    wanted = np.tile(-6 - 2 * np.linspace(0, 1, 80, dtype=np.float32), (60, 1))
    voicing = np.ones(60, np.float32)
    arrays = (wanted, semitones, voicing, harmonic_excitation(semitones), noise_excitation(60))
    with torch.no_grad():
        samples = Vocoder(8)(*(torch.from_numpy(array)[None] for array in arrays)).numpy()
    assert samples.shape == (1, 60 * HOP)
    found = track_pitch(samples)[0, 5:-5]
    hertz = REFERENCE_HZ * 2 ** (2 / 12)
    assert np.abs(12 * np.log2(found / hertz)).max() < 0.3
    again = spectral_envelope(samples, np.full((1, 60), hertz, np.float32))[0, 10:-10]
    middle = (band_centres() > 400) & (band_centres() < 9000)
    assert np.abs(again - wanted[10:-10])[:, middle].mean() < 0.5


def test_training_goes_on_from_its_checkpoint(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_training(prepared, tmp_path, "0.004")) == 0
    first = torch.load(tmp_path / "acoustic.pt", weights_only=True)
    minutes = first["spent"] / 60 + 0.001  # one step more at least, however long the first took
    assert main(_training(prepared, tmp_path, f"{minutes:.6f}")) == 0
    second = torch.load(tmp_path / "acoustic.pt", weights_only=True)
    assert second["n_steps"] > first["n_steps"]
    assert second["spent"] > first["spent"]
    assert "voice.safetensors" in capsys.readouterr().out


def test_training_brings_the_envelope_nearer(prepared: Path, spoken: list[Utterance]) -> None:
    from tts_engine.neural.training.acoustic_trainer import AcousticTrainer

    torch.manual_seed(0)
    task = AcousticTrainer(NetworkSizes(12, 12, 12).build().acoustic, spoken)
    losses = [task.step(0.1, 1.0)["envelope"] for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])


def test_a_missing_corpus_says_what_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_training(tmp_path / "nowhere", tmp_path, "1")) == 1
    assert "prepare" in capsys.readouterr().err


def test_the_rate_is_that_of_the_voice_for_english() -> None:
    assert SAMPLE_RATE == EspeakVoice.sample_rate == NeuralVoice.sample_rate


def test_a_score_can_be_louder_or_softer(models: VoiceNetworks) -> None:
    score = plan_prosody(plan_phrases(words_with_pinyin("你好")), models.prosody)
    plain = np.concatenate(list(synthesize(score, models)))
    soft = np.concatenate(list(synthesize(replace(score, level=score.level - 1), models)))
    assert 0.2 < soft.std() / plain.std() < 0.6


# The voice that ships


def test_it_keeps_the_contract_and_is_small() -> None:
    shipped = NeuralVoice()
    check_voice(shipped)
    check_loudness(shipped)
    assert SHIPPED_WEIGHTS.stat().st_size < 14 * 2**20
    assert "CC BY-SA" in (SHIPPED_WEIGHTS.parent / "README.md").read_text("utf-8")


def test_it_has_tones() -> None:
    """By an independent measure of pitch: first high, second rising, fourth from the top."""
    shipped = NeuralVoice()

    def thirds(syllable: str) -> tuple[float, float]:
        """Semitones in the first and the last third of what is voiced."""
        samples = np.concatenate([piece.samples for piece in shipped.speak(f"{syllable}。")])
        hertz, _, _ = librosa.pyin(samples, fmin=90, fmax=500, sr=SAMPLE_RATE)
        semitones = 12 * np.log2(hertz[np.isfinite(hertz)])
        third = len(semitones) // 3
        return float(np.median(semitones[:third])), float(np.median(semitones[-third:]))

    (first, _), (second, risen), (fourth, _) = (thirds(syllable) for syllable in "妈麻骂")
    assert risen > second + 2
    assert fourth > first + 1 > second + 4
