"""Writes pictures and audio as an MP4 file that any player plays; all of it or nothing."""

import os
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from .reader import audio_format, read_audio

# Of x264: to the eye as good as the original, and better where an end meets its beginning.
_FAST_X264: dict[str, object] = {"crf": "18", "preset": "veryfast"}
_FINE_X264: dict[str, object] = {"crf": "14", "preset": "slow"}
AAC_RATES = frozenset((16_000, 22_050, 24_000, 32_000, 44_100, 48_000))  # that players know
AAC_BIT_RATE = 96_000  # a second
_BT601 = 6


class Mp4File:
    """H.264 and, if there is a sound, AAC; written beside its place and moved there at the end.

    Use it in a ``with`` statement: leaving it by an exception leaves no file behind.

    Args:
        path: Where to; a file that is there is replaced at the end.
        size: (width, height), pixels, both even.
        fps: Frames a second.
        audio: A file whose sound is taken over; None for a video without sound.
        comment: A remark in the file for whoever asks what it is.
        fine: For loops: a first picture coded more coarsely than the last would be a pulse.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        fps: int,
        audio: Path | None = None,
        comment: str = "",
        *,
        fine: bool = False,
    ) -> None:
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        # Players begin at once when the index stands in front.
        how = {"movflags": "+faststart"}
        self._container = av.open(str(self._part), "w", format="mp4", options=how)
        if comment:
            self._container.metadata["comment"] = comment
        video = self._container.add_stream("libx264", rate=fps)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.time_base = Fraction(1, fps)
        video.options = _FINE_X264 if fine else _FAST_X264
        context = video.codec_context
        # cv2's conversion below is BT.601 in the limited range; the file says so.
        context.colorspace = context.color_primaries = context.color_trc = _BT601
        context.color_range = 1
        self._video, self._fps, self._n = video, fps, 0
        self._sound = None if audio is None else _AudioTrack(self._container, audio)

    def __enter__(self) -> "Mp4File":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            with suppress(OSError, ValueError, av.FFmpegError):
                self._container.close()
            self._part.unlink(missing_ok=True)
            return
        try:
            self._finish()
            self._container.close()
            os.replace(self._part, self._path)
        except BaseException:
            self._part.unlink(missing_ok=True)
            raise

    def add(self, picture: NDArray[np.uint8]) -> None:
        """The next picture, (height, width, 3), RGB."""
        planar = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420).astype(np.uint8, copy=False)
        frame = av.VideoFrame.from_ndarray(planar, format="yuv420p")
        frame.pts, frame.time_base = self._n, Fraction(1, self._fps)
        self._n += 1
        self._container.mux(self._video.encode(frame))
        if self._sound:
            self._sound.write(Fraction(self._n, self._fps))

    def _finish(self) -> None:
        self._container.mux(self._video.encode(None))
        if self._sound:
            self._sound.write(None)


class _AudioTrack:
    """A file's sound at its own rate, mono or stereo, decoded as far as the pictures are."""

    def __init__(self, container: av.container.OutputContainer, path: Path) -> None:
        rate, channels = audio_format(path)
        self._rate = rate if rate in AAC_RATES else 48_000
        self._layout = "mono" if channels == 1 else "stereo"
        self._pieces: Iterator[NDArray[np.int16]] = read_audio(
            path, self._rate, 1 if channels == 1 else 2
        )
        self._stream = container.add_stream("aac", rate=self._rate, layout=self._layout)
        self._stream.codec_context.bit_rate = AAC_BIT_RATE * min(channels, 2)
        self._container = container
        self._n = 0  # samples

    def write(self, until: Fraction | None) -> None:
        """Go on up to a time, s, or to the end."""
        while until is None or self._n < until * self._rate:
            piece = next(self._pieces, None)
            if piece is None:
                break
            if not len(piece):
                continue
            packed = np.ascontiguousarray(piece.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=self._layout)
            frame.sample_rate, frame.time_base = self._rate, Fraction(1, self._rate)
            frame.pts = self._n
            self._n += len(piece)
            self._container.mux(self._stream.encode(frame))
        if until is None:
            self._container.mux(self._stream.encode(None))
