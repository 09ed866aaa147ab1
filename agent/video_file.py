"""A reply as one ordinary video file."""

import io
from collections.abc import Iterable
from pathlib import Path

import av

from avatar_engine import Fragment


def save_mp4(fragments: Iterable[Fragment], path: Path, label: str) -> float:
    """Write a reply's fragments as an MP4 file that any player can seek in.

    Args:
        fragments: Of one reply, in order.
        path: Where to.
        label: Kept in the file's metadata: that a machine made it.

    Returns:
        The length of the film, seconds.

    Raises:
        ValueError: There are no fragments.
        OSError: The file cannot be written.
    """
    stream = io.BytesIO(b"".join(fragment.data for fragment in fragments))
    if not stream.getbuffer().nbytes:
        raise ValueError("there is nothing to save: the reply has no media")
    options = {"movflags": "faststart"}
    with (
        av.open(stream, "r") as live,
        av.open(str(path), "w", format="mp4", options=options) as film,
    ):
        film.metadata["comment"] = label
        copies = {s.index: film.add_stream_from_template(s) for s in live.streams}
        for packet in live.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                film.mux(packet)
    with av.open(str(path)) as film:
        return (film.duration or 0) / av.time_base
