"""Sound against picture, read back from a film that was received."""

import io
import itertools
from dataclasses import dataclass
from fractions import Fraction

import av


@dataclass(frozen=True, slots=True)
class TrackTiming:
    """The time stamps of a film's two tracks."""

    start_ms: float
    """Where the sound begins, after the picture's beginning; 0 is in time."""
    end_ms: float
    """Where the sound ends, after the picture's end. The codec's last frame is filled up; in a
    film that was cut off up to two of them are not there yet. One lasts 40 to 64 ms."""
    gap_ms: float
    """The longest gap or overlap between two parts of a track."""
    n_pictures: int


def read_track_timing(film: bytes) -> TrackTiming | None:
    """The tracks of a fragmented MP4 file; None where one of them is missing.

    Raises:
        ValueError: It cannot be read.
    """
    if not film:
        return None
    times: dict[str, list[tuple[Fraction, Fraction]]] = {"video": [], "audio": []}
    try:
        with av.open(io.BytesIO(film), "r") as opened:
            for packet in opened.demux():
                if packet.pts is not None and packet.duration is not None:
                    base = packet.time_base
                    times[packet.stream.type].append((packet.pts * base, packet.duration * base))
    except av.FFmpegError as error:
        raise ValueError(f"a film that was received cannot be read: {error}") from error
    if not all(times.values()):
        return None
    video, audio = times["video"], times["audio"]
    gaps = (
        abs(after - (at + lasts))
        for track in (video, audio)
        for (at, lasts), (after, _) in itertools.pairwise(track)
    )
    return TrackTiming(
        start_ms=float(audio[0][0] - video[0][0]) * 1000,
        end_ms=float(sum(audio[-1]) - sum(video[-1])) * 1000,
        gap_ms=float(max(gaps, default=Fraction(0))) * 1000,
        n_pictures=len(video),
    )
