"""Any video file as frames at a constant rate and audio, on one clock, streamed.

Time 0 is where the file starts, whichever of audio and video comes first. A source frame is
shown at the tick nearest to its own time: variable rates and 30 frames a second become the rate
that is wanted with an error of at most half a source frame, and audio and video stay in sync.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from numpy.typing import NDArray

from ..errors import CodedError

_KNOWN_MATRICES = {1, 4, 5, 6, 7, 9}  # of YUV, ITU-T H.273; others are guessed
_BT601, _BT709 = 6, 1
_HD = 720  # lines; from here on untagged video is BT.709
_MAX_DRIFT = Fraction(1, 25)  # s by which audio may be off its time stamps before it is corrected


class VideoReadError(CodedError):
    """A file cannot be read as video or audio; the text says why, and what to do."""

    MESSAGES: ClassVar[Mapping[str, str]] = {
        "not_opened": "{path}: {reason}",
        "unreadable": "{path} cannot be read as video or sound. It is cut off (copied or "
        "recorded only in part), or something else; copy it again, or export it as MP4",
        "no_video": "{path} has no moving picture; a video of a talking person is needed",
        "no_audio": "{path} has no sound; somebody must be heard speaking",
        "no_timestamps": "{path}: its pictures carry no times; export it as MP4 first",
        "audio_changes": "{path}: its sound changes from one format to another on the way "
        "({reason}); export it as MP4 first",
        "audio_too_short": "{path}: its sound lasts {ms} ms, less than a frame ({frame_ms} ms);"
        " somebody must be heard speaking",
    }


@dataclass(frozen=True, slots=True, eq=False)
class SampledFrame:
    """The source frame that is shown at a tick of the clock."""

    pixels: NDArray[np.uint8]
    """Shape (height, width, 3), RGB, upright, square pixels."""
    time_error: float
    """Distance between the tick and the source frame's own time, s; large in a frozen video."""


def check_video(path: Path) -> None:
    """Look into a file without decoding it.

    Raises:
        VideoReadError: It cannot be opened, or has no sound or no moving picture.
    """
    with _open_container(path) as container:
        _video_stream(container, path)
        _audio_stream(container, path)


def audio_format(path: Path) -> tuple[int, int]:
    """The sample rate of a file's sound, Hz, and how many channels it has.

    Raises:
        VideoReadError: There is none.
    """
    with _open_container(path) as container:
        stream = _audio_stream(container, path)
        return stream.rate, stream.channels


def read_audio(path: Path, rate: int, channels: Literal[1, 2] = 1) -> Iterator[NDArray[np.int16]]:
    """The audio from time 0 on, piece by piece; gaps are filled with silence.

    Args:
        path: Any file with audio.
        rate: Wanted samples a second, Hz.
        channels: Mono pieces have shape (n,), stereo ones (n, 2).

    Raises:
        VideoReadError: There is none, or it cannot be decoded at all.
    """
    shape = (-1, 2) if channels == 2 else (-1,)
    gap = int(rate * _MAX_DRIFT)  # samples
    with _open_container(path) as container:
        stream = _audio_stream(container, path)
        origin = _origin(container)
        resampler = av.AudioResampler("s16", "stereo" if channels == 2 else "mono", rate)
        n_due = Fraction(0)  # samples that came in so far, at the rate that is wanted
        for packet in _demux(container, stream):
            for frame in _decode(packet):
                assert isinstance(frame, av.AudioFrame)
                missing = 0
                if frame.pts is not None and frame.time_base is not None:
                    missing = round((frame.pts * frame.time_base - origin) * rate - n_due)
                if missing < -gap:
                    continue  # before the file's start, or a repeated stretch
                if missing > gap:
                    yield np.zeros(missing * channels, np.int16).reshape(shape)
                    n_due += missing
                n_due += Fraction(frame.samples * rate, frame.sample_rate)
                frame.pts = None
                try:
                    made = resampler.resample(frame)
                except ValueError as error:
                    raise VideoReadError("audio_changes", path=path, reason=error) from error
                yield from (_samples(some).reshape(shape) for some in made)
        yield from (_samples(some).reshape(shape) for some in resampler.resample(None))


def declared_duration(path: Path) -> float | None:
    """How long the sound lasts by what the file says of itself; None if it does not say."""
    with _open_container(path) as container:
        stream = _audio_stream(container, path)
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        return None if container.duration is None else container.duration / av.time_base


def read_frames(
    path: Path, fps: int, first: int = 0, n: int | None = None
) -> Generator[SampledFrame, None, None]:
    """The frames at ticks ``first`` to ``first + n - 1``, ``fps`` a second, one at a time.

    Fewer come where the video ends before. Only two decoded frames are held.

    Raises:
        VideoReadError: There are none, or they carry no times.
    """
    with _open_container(path) as container:
        stream = _video_stream(container, path)
        stream.codec_context.thread_count = 1  # videos are processed in parallel instead
        origin = _origin(container)
        start = origin + Fraction(first, fps)
        if first:
            container.seek(int(start * av.time_base))
            earliest = next(_timestamped_frames(container, stream, path), None)
            # Files without an index land anywhere: then all is decoded from the start.
            landed = earliest is not None and earliest[0] <= start
            container.seek(int(start * av.time_base) if landed else int(origin * av.time_base))
        pixel_aspect = stream.sample_aspect_ratio or Fraction(1)
        tick, stop = first, None if n is None else first + n
        before: tuple[Fraction, av.VideoFrame] | None = None
        for time, frame in _timestamped_frames(container, stream, path):
            while before and tick != stop:
                due = origin + Fraction(tick, fps)
                if abs(due - before[0]) > abs(time - due):
                    break
                yield _sampled_frame(before, due, pixel_aspect)
                tick += 1
            if tick == stop:
                return
            before = time, frame
        while before and tick != stop and origin + Fraction(2 * tick - 1, 2 * fps) <= before[0]:
            yield _sampled_frame(before, origin + Fraction(tick, fps), pixel_aspect)
            tick += 1


def _sampled_frame(
    source: tuple[Fraction, av.VideoFrame], tick: Fraction, pixel_aspect: Fraction
) -> SampledFrame:
    time, frame = source
    matrix = int(frame.colorspace)
    if matrix not in _KNOWN_MATRICES:
        matrix = _BT709 if frame.height >= _HD else _BT601
    rgb = frame.to_ndarray(format="rgb24", src_colorspace=matrix)
    if pixel_aspect != 1:
        size = (round(frame.width * pixel_aspect), frame.height)
        rgb = cast(NDArray[np.uint8], cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    quarters = round(frame.rotation / 90)  # counterclockwise, as the display matrix says
    upright = np.ascontiguousarray(np.rot90(rgb, quarters), np.uint8)
    return SampledFrame(upright, float(abs(tick - time)))


def _samples(frame: av.AudioFrame) -> NDArray[np.int16]:
    return cast(NDArray[np.int16], frame.to_ndarray()[0])


@contextmanager
def _open_container(path: Path) -> Iterator[InputContainer]:
    try:
        container = av.open(str(path))
    except OSError as error:
        raise VideoReadError("not_opened", path=path, reason=error.strerror) from error
    except av.FFmpegError as error:
        raise VideoReadError("unreadable", path=path) from error
    with container:
        yield container


def _video_stream(container: InputContainer, path: Path) -> av.VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise VideoReadError("no_video", path=path)


def _audio_stream(container: InputContainer, path: Path) -> av.AudioStream:
    if not container.streams.audio:
        raise VideoReadError("no_audio", path=path)
    return container.streams.audio[0]


def _origin(container: InputContainer) -> Fraction:
    return Fraction(container.start_time or 0, av.time_base)


def _demux(
    container: InputContainer, stream: av.AudioStream | av.VideoStream
) -> Iterator["av.Packet[Any]"]:
    """The packets of a stream; a file that is cut off simply ends."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        yield packet


def _decode(packet: "av.Packet[Any]") -> list[av.AudioFrame | av.VideoFrame]:
    """What a packet holds; nothing where it is damaged: one bad packet costs only itself."""
    try:
        return [f for f in packet.decode() if isinstance(f, av.AudioFrame | av.VideoFrame)]
    except av.FFmpegError:
        return []


def _timestamped_frames(
    container: InputContainer, stream: av.VideoStream, path: Path
) -> Iterator[tuple[Fraction, av.VideoFrame]]:
    for packet in _demux(container, stream):
        for frame in _decode(packet):
            assert isinstance(frame, av.VideoFrame)
            if frame.pts is None or frame.time_base is None:
                raise VideoReadError("no_timestamps", path=path)
            yield frame.pts * frame.time_base, frame
