"""A voice of one's own speaker: recordings of sentences and their texts become networks."""

from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
import torch

from tts_engine.checks import check_voice
from tts_engine.espeak.voice import EspeakVoice
from tts_engine.neural.__main__ import main
from tts_engine.neural.training.acoustic_trainer import AcousticTrainer
from tts_engine.neural.training.corpus import read_transcripts
from tts_engine.neural.training.preparation import Utterance, load_utterances, reference_pitch
from tts_engine.neural.voice import SHIPPED_WEIGHTS
from tts_engine.neural.weights import NetworkSizes, load_weights
from tts_engine.voice_folder import open_voice

WORDS = "中国 银行 北京 你好 身份 学生 老师 医生 电话 苹果".split()
CARD = ["--name", "eSpeak", "--licence", "GPL-3.0", "--consent", "A program needs none."]
SENTENCES = [f"{a}，{b}。" for a in WORDS[:4] for b in WORDS] + ["OK，你好。"]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """41 sentences spoken by eSpeak NG, one file each, and one that holds no sound."""
    folder = tmp_path_factory.mktemp("speaker")
    espeak = EspeakVoice()
    rows = ["file\ttext"]
    for number, sentence in enumerate(SENTENCES):
        samples = np.concatenate([piece.samples for piece in espeak.speak(sentence)])
        quiet = np.zeros(2205, np.float32)
        name = f"{number:03}.{'flac' if number % 2 else 'wav'}"
        soundfile.write(folder / name, np.concatenate([quiet, samples, quiet]), espeak.sample_rate)
        rows.append(f"{name}\t{sentence}")
    (folder / "broken.wav").write_bytes(b"no sound")
    rows.append("broken.wav\t你好。")
    (folder / "sentences.tsv").write_text("\n".join(rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def prepared(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("prepared")
    arguments = ["prepare", str(recordings), str(recordings / "sentences.tsv")]
    assert main([*arguments, "--data", str(data)]) == 0
    return data


@pytest.fixture(scope="module")
def spoken(prepared: Path) -> list[Utterance]:
    return load_utterances(prepared)


def _training(data: Path, out: Path, minutes: str, *more: str) -> list[str]:
    widths = [f"--{part}=12" for part in ("prosody", "acoustic", "vocoder")]
    stages = [
        f"--{stage}-minutes={minutes}" for stage in ("prosody", "acoustic", "vocoder", "tuning")
    ]
    return ["train", "--data", str(data), "--out", str(out), *widths, *stages, *CARD, *more]


def test_recordings_and_texts_become_a_voice_that_keeps_the_contract(
    prepared: Path, tmp_path: Path
) -> None:
    assert main(_training(prepared, tmp_path, "0.01")) == 0
    made = tmp_path / "voice.safetensors"
    check_voice(open_voice(tmp_path), "您好，请用APP。")
    assert load_weights(made).reference_hz == pytest.approx(reference_pitch(prepared))


def test_a_recording_that_cannot_be_read_is_named_and_the_others_are_used(
    recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = tmp_path / "few.tsv"
    few.write_text("file\ttext\nbroken.wav\t你好。\n001.flac\t中国，银行。\n", encoding="utf-8")
    assert main(["prepare", str(recordings), str(few), "--data", str(tmp_path / "data")]) == 0
    assert "left out broken.wav" in capsys.readouterr().out


def test_a_folder_without_a_usable_recording_says_why(
    recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "none.tsv"
    table.write_text("file\ttext\nabsent.wav\t你好。\n", encoding="utf-8")
    assert main(["prepare", str(recordings), str(table), "--data", str(tmp_path / "data")]) == 1
    assert "absent.wav" in capsys.readouterr().err


def test_a_list_of_gpt_sovits_is_read_as_it_is(tmp_path: Path) -> None:
    listed = tmp_path / "slicer.list"
    listed.write_text("a.wav|me|ZH|你好。\nb.wav|me|EN|Hello.\n", encoding="utf-8")
    assert read_transcripts(listed) == ([("a.wav", "你好。"), ("b.wav", "Hello.")], [])


def test_a_line_with_a_column_too_few_is_named(tmp_path: Path) -> None:
    table = tmp_path / "short.tsv"
    table.write_text("file\ttext\na.wav\t你好。\nb.wav\n", encoding="utf-8")
    rows, left_out = read_transcripts(table)
    assert rows == [("a.wav", "你好。")]
    assert "line 3" in left_out[0]


def test_a_dozen_recordings_are_enough_to_adapt_a_voice(recordings: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.tsv"
    lines = (recordings / "sentences.tsv").read_text("utf-8").splitlines()
    few.write_text("\n".join(lines[:13]), encoding="utf-8")
    data = tmp_path / "data"
    assert main(["prepare", str(recordings), str(few), "--data", str(data)]) == 0
    held_out = [u.recording.held_out for u in load_utterances(data)]
    assert 2 <= sum(held_out) <= 4
    assert main(_training(data, tmp_path / "run", "0.001")) == 0


@pytest.mark.parametrize("content", ["", "name,words\na.wav,你好\n"])
def test_a_table_without_its_columns_says_which_they_are(tmp_path: Path, content: str) -> None:
    table = tmp_path / "wrong.tsv"
    table.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"wrong\.tsv.*(file|text)"):
        read_transcripts(table)


def test_sounds_are_found_where_they_are_heard(spoken: list[Utterance]) -> None:
    assert len(spoken) > 0.8 * len(SENTENCES)
    loud: list[float] = []
    quiet: list[float] = []
    voiced: list[float] = []
    for utterance in spoken:
        phones, durations = utterance.sentence.phones, utterance.durations
        assert durations.sum() == utterance.recording.n_frames
        assert all(n >= 1 for n, phone in zip(durations, phones, strict=True) if phone.symbol)
        ends = np.cumsum(durations)
        level = utterance.features.envelope.mean(1)
        for phone, end, n in zip(phones, ends, durations, strict=True):
            if phone.is_final:
                loud.append(float(level[end - n : end].mean()))
                voiced.append(float(utterance.features.voicing[end - n : end].mean()))
            elif not phone.symbol and n:
                quiet.append(float(level[end - n : end].mean()))
    assert np.mean(loud) > np.mean(quiet) + 3
    assert np.mean(voiced) > 0.7  # the ends of finals lie in the closures of plosives


def test_a_speaker_breathes_at_a_comma_and_not_within_a_word(spoken: list[Utterance]) -> None:
    at_commas = [
        n
        for utterance in spoken
        for n, kind in zip(utterance.durations, utterance.sentence.breaks, strict=True)
        if kind == 3
    ]
    assert np.median(at_commas) > 8  # 0.1 s; the voice makes 0.2 s


def test_some_recordings_only_measure(spoken: list[Utterance]) -> None:
    held_out = {u.recording.name for u in spoken if u.recording.held_out}
    assert held_out
    assert held_out <= {"012.wav", "025.flac", "038.wav"}


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


def test_training_brings_the_envelope_nearer(spoken: list[Utterance]) -> None:
    torch.manual_seed(0)
    task = AcousticTrainer(NetworkSizes(12, 12, 12).build(120).acoustic, spoken)
    losses = [task.step(0.1, 1.0)["envelope"] for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])


def test_a_voice_of_single_words_lends_what_it_knows_of_sounds(
    prepared: Path, tmp_path: Path
) -> None:
    minutes = [f"--{stage}-minutes=0" for stage in ("prosody", "acoustic", "vocoder", "tuning")]
    arguments = ["train", "--data", str(prepared), "--out", str(tmp_path), *CARD, *minutes]
    assert main([*arguments, "--start-from", str(SHIPPED_WEIGHTS)]) == 0
    made, shipped = load_weights(tmp_path / "voice.safetensors"), load_weights(SHIPPED_WEIGHTS)
    assert torch.equal(made.vocoder.out.weight, shipped.vocoder.out.weight)
    known = shipped.acoustic.encoder.phone.weight
    assert torch.equal(made.acoustic.encoder.phone.weight[: len(known)], known)


def test_a_missing_corpus_says_what_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_training(tmp_path / "nowhere", tmp_path, "1")) == 1
    assert "prepare" in capsys.readouterr().err
