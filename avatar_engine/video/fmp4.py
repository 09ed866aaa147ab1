"""Fragmented MP4 (ISO/IEC 14496-12), as Media Source Extensions want it: boxes, no codecs.

An initialisation segment describes the tracks; every fragment after it carries
its own decode times, so that it can be appended and played the moment it exists.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

_UNITY_MATRIX = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_SYNC_SAMPLE = 0x02000000  # sample_depends_on = 2: an I-frame, or any audio
_NON_SYNC_SAMPLE = 0x01010000  # depends on others, and is not a sync sample


@dataclass(frozen=True, slots=True)
class Mp4Sample:
    """One coded picture, or one AAC frame."""

    data: bytes
    duration: int
    """In units of the track's timescale."""
    is_key: bool = True


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """H.264 in its AVCC form (length-prefixed NAL units)."""

    width: int
    height: int
    timescale: int
    """Units a second."""
    avcc: bytes
    """AVCDecoderConfigurationRecord (ISO/IEC 14496-15)."""

    @property
    def codec(self) -> str:
        """RFC 6381, e.g. ``avc1.4D401F``."""
        return f"avc1.{self.avcc[1:4].hex().upper()}"


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """AAC-LC, mono."""

    sample_rate: int
    """Hz; also the timescale."""
    config: bytes
    """AudioSpecificConfig (ISO/IEC 14496-3)."""

    @property
    def timescale(self) -> int:
        return self.sample_rate

    @property
    def codec(self) -> str:
        return "mp4a.40.2"


Track = VideoTrack | AudioTrack


@dataclass(frozen=True, slots=True)
class TrackRun:
    """Consecutive samples of one track."""

    track: int
    """Track number, from 1, in the order given to :func:`init_segment`."""
    decode_time: int
    """Of the first sample, in units of the track's timescale."""
    samples: Sequence[Mp4Sample]


def mime_type(tracks: Sequence[Track]) -> str:
    """The type to give to ``addSourceBuffer``."""
    kind = "video" if any(isinstance(t, VideoTrack) for t in tracks) else "audio"
    return f'{kind}/mp4; codecs="{", ".join(t.codec for t in tracks)}"'


def init_segment(tracks: Sequence[Track]) -> bytes:
    """``ftyp`` and ``moov``: what a player needs before the first fragment."""
    mvhd = _full(
        b"mvhd",
        0,
        0,
        # no duration: the stream is live
        struct.pack(">4I", 0, 0, 1000, 0) + struct.pack(">IHHII", 0x10000, 0x100, 0, 0, 0),
        _UNITY_MATRIX,
        bytes(24),
        struct.pack(">I", len(tracks) + 1),
    )
    traks = [_trak(number, track) for number, track in enumerate(tracks, 1)]
    trexs = [
        _full(b"trex", 0, 0, struct.pack(">5I", number, 1, 0, 0, 0))
        for number in range(1, len(tracks) + 1)
    ]
    ftyp = _box(b"ftyp", b"iso6", struct.pack(">I", 1), b"iso6", b"mp41", b"dash")
    return ftyp + _box(b"moov", mvhd, *traks, _box(b"mvex", *trexs))


def media_segment(sequence: int, runs: Sequence[TrackRun]) -> bytes:
    """``moof`` and ``mdat`` of one fragment; ``sequence`` counts from 1."""
    runs = [run for run in runs if run.samples]

    def moof(data_offsets: Sequence[int]) -> bytes:
        trafs = [_traf(run, offset) for run, offset in zip(runs, data_offsets, strict=True)]
        return _box(b"moof", _full(b"mfhd", 0, 0, struct.pack(">I", sequence)), *trafs)

    size = len(moof([0] * len(runs)))  # offsets do not change it
    offsets, at = [], size + 8  # 8: the header of mdat
    for run in runs:
        offsets.append(at)
        at += sum(len(sample.data) for sample in run.samples)
    return moof(offsets) + _box(b"mdat", *(s.data for run in runs for s in run.samples))


def _traf(run: TrackRun, data_offset: int) -> bytes:
    default_base_is_moof = 0x020000
    has_offset_duration_size_flags = 0x000001 | 0x000100 | 0x000200 | 0x000400
    entries = b"".join(
        struct.pack(">3I", s.duration, len(s.data), _SYNC_SAMPLE if s.is_key else _NON_SYNC_SAMPLE)
        for s in run.samples
    )
    return _box(
        b"traf",
        _full(b"tfhd", 0, default_base_is_moof, struct.pack(">I", run.track)),
        _full(b"tfdt", 1, 0, struct.pack(">Q", run.decode_time)),
        _full(
            b"trun",
            0,
            has_offset_duration_size_flags,
            struct.pack(">Ii", len(run.samples), data_offset),
            entries,
        ),
    )


def _trak(number: int, track: Track) -> bytes:
    is_video = isinstance(track, VideoTrack)
    width, height = (track.width, track.height) if isinstance(track, VideoTrack) else (0, 0)
    enabled_in_movie = 3
    tkhd = _full(
        b"tkhd",
        0,
        enabled_in_movie,
        struct.pack(">5I", 0, 0, number, 0, 0),
        bytes(8),
        struct.pack(">4H", 0, 0, 0 if is_video else 0x100, 0),
        _UNITY_MATRIX,
        struct.pack(">2I", width << 16, height << 16),
    )
    undetermined_language = 0x55C4
    times = struct.pack(">4I", 0, 0, track.timescale, 0)
    mdhd = _full(b"mdhd", 0, 0, times, struct.pack(">2H", undetermined_language, 0))
    hdlr = _full(
        b"hdlr", 0, 0, bytes(4), b"vide" if is_video else b"soun", bytes(12), b"zhengwen\0"
    )
    header = _full(b"vmhd", 0, 1, bytes(8)) if is_video else _full(b"smhd", 0, 0, bytes(4))
    dinf = _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1)))
    entry = _avc1(track) if isinstance(track, VideoTrack) else _mp4a(track)
    stbl = _box(
        b"stbl",
        _full(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        # the samples are in the fragments: these tables stay empty
        _full(b"stts", 0, 0, bytes(4)),
        _full(b"stsc", 0, 0, bytes(4)),
        _full(b"stsz", 0, 0, bytes(8)),
        _full(b"stco", 0, 0, bytes(4)),
    )
    return _box(b"trak", tkhd, _box(b"mdia", mdhd, hdlr, _box(b"minf", header, dinf, stbl)))


def _avc1(track: VideoTrack) -> bytes:
    dpi_72 = 0x480000
    return _box(
        b"avc1",
        bytes(6) + struct.pack(">H", 1),
        bytes(16),
        struct.pack(">2H2I", track.width, track.height, dpi_72, dpi_72),
        bytes(4) + struct.pack(">H", 1) + bytes(32) + struct.pack(">Hh", 24, -1),
        _box(b"avcC", track.avcc),
    )


def _mp4a(track: AudioTrack) -> bytes:
    def descriptor(tag: int, payload: bytes) -> bytes:
        return bytes([tag, len(payload)]) + payload

    aac, audio_stream = 0x40, 0x15
    decoder = bytes([aac, audio_stream]) + bytes(11) + descriptor(0x05, track.config)
    es = struct.pack(">HB", 0, 0) + descriptor(0x04, decoder) + descriptor(0x06, b"\x02")
    return _box(
        b"mp4a",
        bytes(6) + struct.pack(">H", 1),
        bytes(8),
        struct.pack(">4HI", 1, 16, 0, 0, track.sample_rate << 16),
        _full(b"esds", 0, 0, descriptor(0x03, es)),
    )


def _box(kind: bytes, *parts: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, parts)), kind) + b"".join(parts)


def _full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *parts)
