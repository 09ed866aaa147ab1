"""The neural voice keeps the contract; sounds, pitch and pauses are where they belong."""

from dataclasses import replace
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from tts_engine import Voice
from tts_engine.checks import check_loudness, check_voice
from tts_engine.espeak.voice import EspeakVoice
from tts_engine.neural import NeuralVoice, VoiceWeightsError
from tts_engine.neural.english_phones import english_phones
from tts_engine.neural.features import HOP, REFERENCE_HZ, SAMPLE_RATE, band_centres
from tts_engine.neural.networks import frame_facts, frame_index
from tts_engine.neural.phones import FINALS, PRIMARY, UNSTRESSED, syllable_phones
from tts_engine.neural.phrasing import plan_phrases
from tts_engine.neural.prosody_plan import ProsodyPlan, plan_prosody
from tts_engine.neural.sentence_phones import (
    SentencePhones,
    sentence_clauses,
    sentence_phones,
    sentence_words,
)
from tts_engine.neural.sentence_prosody import STYLES, SentenceProsodyModel, plan_sentence
from tts_engine.neural.synthesis import plan_phonemes, synthesize
from tts_engine.neural.training.analysis import ANY_SPEAKER, spectral_envelope, track_pitch
from tts_engine.neural.vocoder import Vocoder, harmonic_excitation, noise_excitation
from tts_engine.neural.voice import SHIPPED_WEIGHTS
from tts_engine.neural.weights import NetworkSizes, VoiceNetworks, load_weights, save_weights
from tts_engine.text import words_with_pinyin

SENTENCE = "请您携带身份证原件，到政务大厅3号窗口办理，或下载APP，用Email咨询。"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voice made of sentences, untrained: what it says is noise, when it says it is not."""
    torch.manual_seed(0)
    models = NetworkSizes(12, 12, 12).build(120.0)
    # As before any training: every sound as long as the next, and no word apart.
    torch.nn.init.zeros_(models.prosody.out.weight)
    torch.nn.init.zeros_(models.prosody.out.bias)
    path = tmp_path_factory.mktemp("voice") / "voice.safetensors"
    save_weights(models, path, {"speaker": "nobody"})
    return path


@pytest.fixture(scope="module")
def models(weights: Path) -> VoiceNetworks:
    return load_weights(weights)


@pytest.fixture(scope="module")
def voice(weights: Path) -> NeuralVoice:
    return NeuralVoice(weights=weights)


@pytest.fixture(scope="module")
def words() -> VoiceNetworks:
    """The voice made of single words that ships."""
    return load_weights(SHIPPED_WEIGHTS)


def _sentence(text: str) -> SentencePhones:
    return sentence_phones(*sentence_words(sentence_clauses(text)))


def _plan(models: VoiceNetworks, text: str, style: str = "calm", speed: float = 1) -> ProsodyPlan:
    assert isinstance(models.prosody, SentenceProsodyModel)
    return plan_sentence(_sentence(text), models.prosody, STYLES[style], speed=speed)


def _word_plan(words: VoiceNetworks, text: str, *, question: bool = False) -> ProsodyPlan:
    assert not isinstance(words.prosody, SentenceProsodyModel)
    return plan_prosody(plan_phrases(words_with_pinyin(text)), words.prosody, question=question)


# The contract


def test_it_keeps_the_contract(voice: NeuralVoice) -> None:
    speaker: Voice = voice
    check_voice(speaker, SENTENCE)
    check_loudness(speaker)


def test_english_alone_is_spoken_by_the_same_voice(voice: NeuralVoice) -> None:
    check_voice(voice, "Welcome. Please sit, and wait for number 3.")
    phonemes = [p.symbol for piece in voice.speak("Please sit.") for p in piece.phonemes]
    assert "".join(phonemes) == "plizsɪt"


@pytest.mark.parametrize("text", ["", " \n", "😀", "……"])
def test_nothing_to_say_is_an_error_that_says_so(voice: NeuralVoice, text: str) -> None:
    with pytest.raises(ValueError, match="nothing to speak"):
        list(voice.speak(text))


def test_two_readings_are_the_same(voice: NeuralVoice) -> None:
    first, second = (np.concatenate([p.samples for p in voice.speak(SENTENCE)]) for _ in "ab")
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("kind", ["sentences", "words"])
def test_pieces_together_are_what_the_networks_say_in_one_go(
    kind: str, models: VoiceNetworks, words: VoiceNetworks
) -> None:
    text = "请您携带本人身份证原件到政务大厅办理"
    own = models if kind == "sentences" else words
    plan = _plan(own, text) if kind == "sentences" else _word_plan(own, text)
    pieces = np.concatenate(list(synthesize(plan, own)))
    durations, curve = torch.from_numpy(plan.durations), torch.from_numpy(plan.semitones)
    pulses = harmonic_excitation(plan.semitones, own.reference_hz)
    with torch.inference_mode():
        start = own.acoustic.frames(
            plan.batch(), frame_index(durations)[None], frame_facts(durations, curve)[None]
        )
        deviations, logits = own.acoustic.decode(start)
        whole = own.vocoder(
            own.acoustic.envelope(deviations) + 2 * torch.from_numpy(plan.level)[None, :, None],
            curve[None],
            torch.sigmoid(logits),
            torch.from_numpy(pulses)[None],
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


def test_a_clause_of_which_the_last_sound_was_heard_is_said(voice: NeuralVoice) -> None:
    text = "请您带好身份证，到三号窗口办理，谢谢。"
    said = [piece.text for piece in voice.speak(text) if piece.text]
    assert "".join(said) == text
    assert len(said) > 1


@pytest.mark.parametrize("options", [{"speed": 0.4}, {"speed": 2.1}, {"style": "angry"}])
def test_what_it_cannot_do_is_refused(weights: Path, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"it can be"):
        NeuralVoice(weights=weights, **options)  # type: ignore[arg-type]


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


def test_an_english_word_is_phones_with_stress() -> None:
    counter = [(phone.symbol, phone.tone) for phone in english_phones("counter")]
    assert [symbol for symbol, _ in counter] == ["K", "AW", "N", "T", "ER"]
    assert counter[1][1] == PRIMARY
    assert counter[4][1] == UNSTRESSED


def test_an_article_is_weak_and_a_letter_is_not() -> None:
    def spoken(text: str) -> list[str]:
        return [phone.symbol for phone in _sentence(text).phones if phone.symbol]

    assert spoken("Bring a copy.")[4] == "AX"
    assert spoken("Plan A.")[-1] == "EY"


@pytest.mark.parametrize(
    ("text", "as_if"), [("café", "cafe"), ("到SHANGHAI去", "到Shanghai去"), ("naïve", "naive")]
)
def test_accents_and_long_capitals_are_read_as_words(text: str, as_if: str) -> None:
    assert _sentence(text).phones == _sentence(as_if).phones


def test_a_word_without_a_vowel_is_spoken(voice: NeuralVoice) -> None:
    assert sum(piece.seconds for piece in voice.speak("Psst!")) > 0.1


@pytest.mark.parametrize(
    "text", ["button", "Wi-Fi", "Don’t", "5:30", "naïve", "rhythm", "北京", "…", "Xi'an"]
)
def test_any_word_has_phones_or_none_and_never_an_error(text: str) -> None:
    assert all(phone.tone >= UNSTRESSED for phone in english_phones(text))


def test_a_pause_stands_between_words_with_the_mark_that_is_written_there() -> None:
    sentence = _sentence("身份证、护照，用APP吗？")
    kinds = [int(kind) for kind in sentence.breaks if kind]
    assert kinds == [2, 3, 1, 1, 6]  # 、 ， a word's end twice, ？
    pauses = [phone.symbol == "" for phone in sentence.phones]
    assert pauses[0] and pauses[-1]
    assert sum(pauses) == len(kinds) + 1
    assert sentence.positions[-1, 1] == 1
    assert sentence.positions[-1, 2] == 0.25  # in the second clause


def test_a_pause_that_is_not_made_has_no_phoneme(models: VoiceNetworks) -> None:
    plan = _plan(models, "请您带好身份证")
    inner = [n for phone, n in zip(plan.phones, plan.durations, strict=True) if not phone.symbol]
    assert inner[1:-1].count(0) == 0 or len(plan_phonemes(plan)) < 2 * len(plan.phones)
    assert all(p.symbol for p in plan_phonemes(replace(plan, durations=_without(plan)))[1:-1])


def _without(plan: ProsodyPlan) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The plan's durations with no pause inside."""
    durations = plan.durations.copy()
    for i, phone in enumerate(plan.phones[1:-1], 1):
        durations[i] = 0 if not phone.symbol else durations[i]
    return durations


def test_a_careful_voice_is_slower_with_longer_pauses_and_a_warm_one_livelier(
    models: VoiceNetworks,
) -> None:
    text = "请您带好身份证，到三号窗口办理。"
    calm, warm, careful = (_plan(models, text, style) for style in ("calm", "warm", "careful"))
    assert len(careful.semitones) > len(calm.semitones) > len(warm.semitones)
    assert warm.semitones.mean() > calm.semitones.mean() > careful.semitones.mean()


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


def test_by_rule_a_statement_falls_and_a_question_rises(words: VoiceNetworks) -> None:
    statement = _word_plan(words, "您今天要办理公积金").semitones
    question = _word_plan(words, "您今天要办理公积金", question=True).semitones
    assert question[-10:].mean() > statement[-10:].mean() + 1
    assert abs(question[:10].mean() - statement[:10].mean()) < 1


# Sound to features


def test_the_pitch_of_a_rising_tone_is_found_and_noise_has_none() -> None:
    semitones = np.linspace(-8, 8, 80, dtype=np.float32)
    voiced = lfilter(
        [0.2], [1, -0.95], harmonic_excitation(semitones, REFERENCE_HZ)
    )  # dull, as voices are
    samples = np.stack([voiced, noise_excitation(80)]).astype(np.float32) * np.float32(0.1)
    found = track_pitch(samples, ANY_SPEAKER)
    expected = REFERENCE_HZ * 2 ** (semitones / 12)
    inner = slice(5, -5)
    assert np.abs(12 * np.log2(found[0, inner] / expected[inner])).max() < 0.3
    assert (found[1] == 0).mean() > 0.9


def test_the_envelope_does_not_show_the_pitch() -> None:
    flat = np.stack(
        [harmonic_excitation(np.full(40, s, np.float32), REFERENCE_HZ) for s in (-6.0, 6.0)]
    )
    hertz = REFERENCE_HZ * 2 ** (np.array([-6.0, 6.0], np.float32) / 12)
    found = spectral_envelope(flat, np.tile(hertz[:, None], (1, 40)))[:, 10:-10]
    middle = (band_centres() > 500) & (band_centres() < 9000)
    assert np.abs(found[..., middle]).max() < 0.8  # 3.5 dB; the harmonics are 20 dB deep
    white = spectral_envelope(noise_excitation(40)[None], np.full((1, 40), 240, np.float32))
    assert abs(np.exp(white).mean() - 1) < 0.15


# The networks


def test_an_untrained_vocoder_already_gives_pitch_and_envelope_back() -> None:
    semitones = np.full(60, 2.0, np.float32)
    wanted = np.tile(-6 - 2 * np.linspace(0, 1, 80, dtype=np.float32), (60, 1))
    voicing = np.ones(60, np.float32)
    arrays = (
        wanted,
        semitones,
        voicing,
        harmonic_excitation(semitones, REFERENCE_HZ),
        noise_excitation(60),
    )
    with torch.no_grad():
        samples = Vocoder(8)(*(torch.from_numpy(array)[None] for array in arrays)).numpy()
    assert samples.shape == (1, 60 * HOP)
    found = track_pitch(samples, ANY_SPEAKER)[0, 5:-5]
    hertz = REFERENCE_HZ * 2 ** (2 / 12)
    assert np.abs(12 * np.log2(found / hertz)).max() < 0.3
    again = spectral_envelope(samples, np.full((1, 60), hertz, np.float32))[0, 10:-10]
    middle = (band_centres() > 400) & (band_centres() < 9000)
    assert np.abs(again - wanted[10:-10])[:, middle].mean() < 0.5


def test_the_rate_is_that_of_the_voice_for_english() -> None:
    assert SAMPLE_RATE == EspeakVoice.sample_rate == NeuralVoice.sample_rate


def test_a_plan_can_be_louder_or_softer(words: VoiceNetworks) -> None:
    score = _word_plan(words, "你好")
    plain = np.concatenate(list(synthesize(score, words)))
    soft = np.concatenate(list(synthesize(replace(score, level=score.level - 1), words)))
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
