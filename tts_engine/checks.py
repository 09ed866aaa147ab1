"""What every Voice can be relied on to do. Run it on yours."""

import numpy as np

from .audio.loudness import TARGET_LUFS, integrated_loudness, true_peak
from .voice import Voice

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
