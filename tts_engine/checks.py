"""What every Voice can be relied on to do. Run it on yours."""

import numpy as np

from .base import Voice


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
