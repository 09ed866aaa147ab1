"""Encodes frames as H.264 and AAC in fragmented MP4, which browsers play as it arrives."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, cast

import av
import cv2
import numpy as np
from av.codec.context import Flags
from numpy.typing import NDArray

from tts_engine import Speech

from ..base import Frames
from . import fmp4

AAC_FRAME_SAMPLES = 1024  # samples
FIRST_FRAGMENTS = (2, 2, 2, 2)  # frames; 80 ms each at 25 fps, for an early start
LATER_FRAGMENT = 5  # frames; 200 ms at 25 fps

X264_OPTIONS = {"preset": "superfast", "tune": "zerolatency", "crf": "24"}
"""No look-ahead, no B-frames. ``eval speed`` compares: veryfast with 23 has the same pictures in a
tenth fewer bytes, for half as much time again; ultrafast nearly twice the bytes."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a reply's MP4 file; the pieces in order are the file."""

    kind: Literal["init", "media"]
    data: bytes
    mime: str
    first: int
    """Index of the first frame, counted from the start of the reply."""
    n_frames: int
    fps: int
    n_degraded: int = 0
    """Of these frames; see ``Frames.is_degraded``."""

    @property
    def n_eased(self) -> int:
        """The name of ``n_degraded`` in version 0.1."""
        warnings.warn("n_eased is called n_degraded", DeprecationWarning, stacklevel=2)
        return self.n_degraded

    @property
    def pts_ms(self) -> int:
        return self.first * 1000 // self.fps

    @property
    def duration_ms(self) -> int:
        return (self.first + self.n_frames) * 1000 // self.fps - self.pts_ms


class Encoder:
    """One reply's stream. Sound and pictures share one clock, counted in frames.

    Args:
        size: (width, height) in pixels, both even; (0, 0) for sound alone.
        fps: Frames per second.
        sample_rate: Of the sound, Hz; a rate that AAC knows (22050, 24000, 44100, ...).
    """

    def __init__(self, size: tuple[int, int], fps: int, sample_rate: int) -> None:
        self._fps = fps
        self._audio = _AacEncoder(sample_rate)
        self._video = _H264Encoder(size, fps) if size != (0, 0) else None
        tracks: list[fmp4.Track] = [self._video.track] if self._video else []
        tracks.append(self._audio.track)
        self._mime = fmp4.mime_type(tracks)
        self._init: bytes | None = fmp4.init_segment(tracks)
        self._pending: list[Frames] = []
        self._n_sent = 0  # frames
        self._n_fragments = 0

    def add(self, frames: Frames) -> Iterator[Fragment]:
        """Take frames in; yield the fragments they complete, the first time after ``init``."""
        if self._init is not None:
            yield Fragment("init", self._init, self._mime, 0, 0, self._fps)
            self._init = None
        self._pending.append(frames)
        while sum(map(len, self._pending)) >= (n := self._next_size()):
            yield self._fragment(n, last=False)

    def close(self) -> Iterator[Fragment]:
        """Yield what is left. The encoder takes no more frames after that."""
        left = sum(map(len, self._pending))
        if self._n_sent or left:
            yield self._fragment(left, last=True)

    def _next_size(self) -> int:
        if self._n_fragments < len(FIRST_FRAGMENTS):
            return FIRST_FRAGMENTS[self._n_fragments]
        return LATER_FRAGMENT

    def _fragment(self, n: int, *, last: bool) -> Fragment:
        pictures, samples, n_degraded = self._take(n)
        runs = []
        if self._video:
            runs.append(self._video.encode(pictures, last=last))
        runs.append(self._audio.encode(samples, track=len(runs) + 1, last=last))
        self._n_fragments += 1
        data = fmp4.media_segment(self._n_fragments, runs)
        fragment = Fragment("media", data, self._mime, self._n_sent, n, self._fps, n_degraded)
        self._n_sent += n
        return fragment

    def _take(self, n: int) -> tuple[list[NDArray[np.uint8]], NDArray[np.float32], int]:
        """Remove ``n`` frames from what is pending, with their sound; how many are degraded."""
        n_degraded = 0
        pictures: list[NDArray[np.uint8]] = []
        sound: list[NDArray[np.float32]] = []
        while len(pictures) < n:
            frames = self._pending.pop(0)
            k = min(n - len(pictures), len(frames))
            cut = k * frames.speech.sample_rate // frames.fps
            pictures.extend(frames.pixels[:k])
            sound.append(frames.speech.samples[:cut])
            n_degraded += k * frames.is_degraded
            if k < len(frames):
                rest = Speech(frames.speech.samples[cut:], frames.speech.sample_rate)
                self._pending.insert(
                    0,
                    replace(frames, pixels=frames.pixels[k:], first=frames.first + k, speech=rest),
                )
        return pictures, np.concatenate(sound) if sound else np.empty(0, np.float32), n_degraded


class _H264Encoder:
    """x264 for live use: no look-ahead, no B-frames, so a picture in is a picture out."""

    def __init__(self, size: tuple[int, int], fps: int) -> None:
        width, height = size
        if width % 2 or height % 2:
            raise ValueError(f"a picture of {width}x{height} cannot be H.264: both must be even")
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, fps)
        context.framerate = Fraction(fps)
        context.gop_size = 2 * fps
        context.thread_count = 1
        # cv2's conversion below is BT.601 in the limited range; the file says so.
        context.colorspace = 6
        context.color_primaries = 6
        context.color_trc = 6
        context.color_range = 1
        context.options = dict(X264_OPTIONS)
        context.flags |= Flags.global_header
        context.open()
        self._context = context
        self._n = 0
        self._ticks = 512  # per frame; a common timescale for whole frame rates
        parameter_sets = list(nal_units(context.extradata or b""))
        sps = next(u for u in parameter_sets if u[0] & 31 == 7)
        pps = next(u for u in parameter_sets if u[0] & 31 == 8)
        avcc = b"".join(
            [
                bytes([1]) + sps[1:4] + bytes([0xFF, 0xE1]),
                len(sps).to_bytes(2) + sps,
                bytes([1]) + len(pps).to_bytes(2) + pps,
            ]
        )
        self.track = fmp4.VideoTrack(width, height, fps * self._ticks, avcc)

    def encode(self, pictures: list[NDArray[np.uint8]], *, last: bool) -> fmp4.TrackRun:
        start = self._n * self._ticks
        samples: list[fmp4.Mp4Sample] = []
        for picture in pictures:
            planar = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
            frame = av.VideoFrame.from_ndarray(cast(NDArray[np.uint8], planar), format="yuv420p")
            frame.pts = self._n
            self._n += 1
            samples.extend(map(self._sample, self._context.encode(frame)))
        if last:
            samples.extend(map(self._sample, self._context.encode(None)))
        return fmp4.TrackRun(1, start, samples)

    def _sample(self, packet: "av.Packet[Any]") -> fmp4.Mp4Sample:
        units = [u for u in nal_units(bytes(packet)) if u[0] & 31 not in (7, 8)]
        data = b"".join(len(u).to_bytes(4) + u for u in units)
        return fmp4.Mp4Sample(data, self._ticks, packet.is_keyframe)


class _AacEncoder:
    """AAC-LC, mono, 64 kbit/s."""

    def __init__(self, sample_rate: int) -> None:
        context = av.CodecContext.create("aac", "w")
        context.sample_rate = sample_rate
        context.layout = "mono"
        context.format = "fltp"
        context.bit_rate = 64_000
        context.time_base = Fraction(1, sample_rate)
        context.flags |= Flags.global_header
        context.open()
        self._context = context
        self._rest = np.empty(0, np.float32)
        self._n_in = 0  # samples
        self._n_out = 0  # samples
        self._primed = False
        self.track = fmp4.AudioTrack(sample_rate, bytes(context.extradata or b""))

    def encode(self, sound: NDArray[np.float32], *, track: int, last: bool) -> fmp4.TrackRun:
        self._rest = np.concatenate([self._rest, sound])
        if last and len(self._rest) % AAC_FRAME_SAMPLES:
            self._rest = np.pad(self._rest, (0, -len(self._rest) % AAC_FRAME_SAMPLES))
        packets: list[Any] = []  # av.Packet is generic to type checkers alone
        while len(self._rest) >= AAC_FRAME_SAMPLES:
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(self._rest[None, :AAC_FRAME_SAMPLES]),
                format="fltp",
                layout="mono",
            )
            frame.sample_rate = self.track.sample_rate
            frame.pts = self._n_in
            self._n_in += AAC_FRAME_SAMPLES
            self._rest = self._rest[AAC_FRAME_SAMPLES:]
            packets.extend(self._context.encode(frame))
        if last:
            packets.extend(self._context.encode(None))
        if packets and not self._primed:
            # The first packet only primes the decoder (1,024 samples before time 0);
            # kept, it would make the sound late by that much.
            packets, self._primed = packets[1:], True
        start = self._n_out
        self._n_out += AAC_FRAME_SAMPLES * len(packets)
        return fmp4.TrackRun(
            track, start, [fmp4.Mp4Sample(bytes(p), AAC_FRAME_SAMPLES) for p in packets]
        )


def nal_units(annex_b: bytes) -> Iterator[bytes]:
    """The NAL units of an H.264 byte stream (ITU-T H.264, Annex B), without start codes."""
    start = annex_b.find(b"\0\0\1")
    while start >= 0:
        following = annex_b.find(b"\0\0\1", start + 3)
        unit = annex_b[start + 3 : following if following >= 0 else None]
        yield unit.rstrip(b"\0") if following >= 0 else unit
        start = following
