"""Sound out of a byte stream: WAV as services stream it, or bare 16-bit samples."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_LENGTHS = (0, 0xFFFFFFFF, 0x7FFFFFFF)  # what streaming services write
_LONGEST_HEADER = 65_536


@dataclass(frozen=True, slots=True)
class _PcmFormat:
    sample_rate: int
    n_channels: int
    numbers: np.dtype[Any]


class PcmDecoder:
    """Decode sound as its bytes arrive, cut anywhere.

    A WAV header may announce no length or a made-up one: then the sound goes on to the
    end of the stream.

    Args:
        bare_hz: The rate of a stream that has no WAV header; None when it must have one.
    """

    def __init__(self, bare_hz: int | None = None) -> None:
        self._format: _PcmFormat | None = None
        self._bare_hz = bare_hz
        self._bytes = b""
        self._n_left: int | None = None  # bytes of sound the header still promises
        self._previous = 0

    @property
    def sample_rate(self) -> int | None:
        """Hz; None until the header has been read."""
        return self._format.sample_rate if self._format else None

    def push(self, data: bytes) -> Samples:
        """Take bytes, return the mono samples that are complete, in [-1, 1].

        Raises:
            ConnectionError: These are not WAV, or a kind of WAV that is not spoken here.
        """
        self._bytes += data
        if self._format is None and not self._read_header():
            return np.zeros(0, np.float32)
        assert self._format is not None
        width = self._format.numbers.itemsize * self._format.n_channels
        n_bytes = len(self._bytes) if self._n_left is None else min(len(self._bytes), self._n_left)
        n_bytes -= n_bytes % width
        sound, self._bytes = self._bytes[:n_bytes], self._bytes[n_bytes:]
        if self._n_left is not None:
            self._n_left -= n_bytes
            self._bytes = self._bytes if self._n_left else b""  # what follows is no sound
        return self._decode(sound, self._format)

    def close(self) -> None:
        """Say that no more bytes come.

        Raises:
            ConnectionError: There should be more.
        """
        if self._format is None:
            raise ConnectionError("the service sent no sound")
        if self._n_left or self._bytes:
            raise ConnectionError("the service broke off in the middle of the sound")

    def _decode(self, sound: bytes, form: _PcmFormat) -> Samples:
        numbers: NDArray[Any] = np.frombuffer(sound, form.numbers)
        if form.numbers.kind == "f":
            samples = np.clip(np.nan_to_num(numbers), -1, 1).astype(np.float32)
        else:
            # Full scale times 32768 does not fit 16 bits: the highest peak has become the lowest.
            before = np.concatenate([[self._previous], numbers[:-1]]) if len(numbers) else numbers
            wrapped = (numbers == -32768) & (before > 16384)
            self._previous = int(numbers[-1]) if len(numbers) else self._previous
            samples = np.where(wrapped, 32767, numbers).astype(np.float32) / 32768
        mono: Samples = samples.reshape(-1, form.n_channels).mean(axis=1, dtype=np.float32)
        return mono

    def _read_header(self) -> bool:
        """Find format and start of the sound; False while bytes are missing."""
        if len(self._bytes) < 12:
            return False
        if self._bytes[:4] != b"RIFF" or self._bytes[8:12] != b"WAVE":
            if self._bare_hz is None or self._bytes[:3] in (b"ID3", b'{"e', b"Ogg", b"fLa"):
                raise ConnectionError(
                    "the service answered with something that is not WAV; "
                    "see which formats it offers"
                )
            self._format = _PcmFormat(self._bare_hz, 1, np.dtype("<i2"))
            return True
        at, form = 12, None
        while len(self._bytes) >= at + 8:
            name, length = struct.unpack_from("<4sI", self._bytes, at)
            if name == b"data":
                if form is None:
                    raise ConnectionError("the service sent a WAV header without a format")
                self._format = form
                self._n_left = None if length in _UNKNOWN_LENGTHS else length
                self._bytes = self._bytes[at + 8 :]
                return True
            if len(self._bytes) < at + 8 + length:
                break
            if name == b"fmt ":
                form = _read_format(self._bytes[at + 8 : at + 8 + length])
            at += 8 + length + length % 2
        if len(self._bytes) > _LONGEST_HEADER:
            raise ConnectionError("the service sent a WAV header without any sound")
        return False


def _read_format(chunk: bytes) -> _PcmFormat:
    try:
        tag, n_channels, sample_rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
        if tag == _EXTENSIBLE:
            (tag,) = struct.unpack_from("<H", chunk, 24)
    except struct.error:
        raise ConnectionError("the service sent a damaged WAV header") from None
    kinds: dict[tuple[int, int], np.dtype[Any]] = {
        (_PCM, 16): np.dtype("<i2"),
        (_FLOAT, 32): np.dtype("<f4"),
    }
    if (tag, bits) not in kinds or n_channels not in (1, 2) or not 8000 <= sample_rate <= 192_000:
        raise ConnectionError(
            f"the service sent WAV of kind {tag} with {bits} bits, {n_channels} channels, "
            f"{sample_rate} Hz; 16-bit samples in one or two channels are understood"
        )
    return _PcmFormat(sample_rate, n_channels, kinds[tag, bits])
