"""What every Voice can be relied on to do. Run it on yours."""

import inspect

import numpy as np

from .audio.loudness import TARGET_LUFS, integrated_loudness, true_peak
from .voice import Speech, Voice, voice_capabilities

_PASSAGE = (
    "身份证丢失后，您可以到就近的派出所申请补领。",
    "请带上户口簿，工本费每张四十元，二十个工作日内可以领取。",
    "如果急需使用，可以同时申请一张临时身份证。",
)


def check_voice(voice: Voice, text: str = "您好，请问您要办理什么业务？") -> None:
    """Try a voice and raise at the first promise it breaks.

    Raises:
        AssertionError: Its message is the promise.
    """
    pieces = list(voice.speak(text))
    assert pieces, "a voice says something"
    for piece in pieces:
        samples = piece.samples
        assert piece.sample_rate == voice.sample_rate, "one rate throughout"
        assert samples.dtype == np.float32 and samples.ndim == 1, "samples are mono float32"
        assert len(samples), "no piece is empty"
        assert np.isfinite(samples).all(), "samples are finite"
        assert np.abs(samples).max() <= 1, "samples lie within [-1, 1]"
        starts = [phoneme.start for phoneme in piece.phonemes]
        assert starts == sorted(starts), "phonemes come in order of time"
        assert all(0 <= start < piece.seconds for start in starts), "phonemes lie inside the piece"
    assert max(np.abs(piece.samples).max() for piece in pieces) > 0, "speech is not silent"
    assert "".join(piece.text for piece in pieces) == text, "the texts, joined, are the sentence"

    stopped = voice.speak(text)
    next(stopped)
    stopped.close()  # a visitor who interrupts
    assert list(voice.speak(text)), "a voice still speaks after being interrupted"

    for blank in ("", "  \n"):
        try:
            list(voice.speak(blank))
        except ValueError:
            continue
        raise AssertionError("a blank sentence is a ValueError")
    _check_capabilities(voice, pieces)


def _check_capabilities(voice: Voice, pieces: list[Speech]) -> None:
    try:
        declared = voice_capabilities(voice)
    except TypeError as error:
        raise AssertionError("capabilities are VoiceCapabilities") from error
    if declared.knows_phonemes:
        symbols = [phoneme.symbol for piece in pieces for phoneme in piece.phonemes]
        assert any(symbols), "a voice that knows phonemes gives them"
    taken = set()
    if declared.chooses_gender:
        taken.add("gender")
    if declared.takes_speed:
        taken.add("speed")
    if declared.reference_seconds:
        taken |= {"reference_audio", "reference_text", "reference_language", "language"}
        shortest, longest = declared.reference_seconds
        assert 0 < shortest < longest, "a reference clip has a shortest and a longest duration"
    missing = (taken | declared.folder_paths) - inspect.signature(type(voice)).parameters.keys()
    assert not missing, f"what is declared can be told: {', '.join(sorted(missing))}"


def check_loudness(voice: Voice, sentences: tuple[str, ...] = _PASSAGE) -> None:
    """Try how loud a voice is over some sentences; ours all pass, and yours may.

    Raises:
        AssertionError: Its message is the promise.
    """
    pieces = [piece.samples for text in sentences for piece in voice.speak(text)]
    samples = np.concatenate(pieces)
    loudness = integrated_loudness(samples, voice.sample_rate)
    assert abs(loudness - TARGET_LUFS) <= 1, (
        f"loudness is {TARGET_LUFS} LUFS within 1, not {loudness:.1f}"
    )
    peak = 20 * np.log10(true_peak(samples))
    assert peak < -1, f"the true peak is below -1 dBFS, not {peak:.1f}"
