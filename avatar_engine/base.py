"""Frames, and the thing that draws them."""

import inspect
import warnings
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tts_engine import Speech


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Consecutive pictures together with the sound they were drawn for."""

    pixels: NDArray[np.uint8]
    """Shape (n_frames, height, width, 3), RGB."""
    fps: int
    """Frames per second."""
    first: int
    """Index of ``pixels[0]``, counted from the start of the reply."""
    speech: Speech
    """Exactly ``n_frames / fps`` seconds of sound (the last piece zero-padded)."""
    is_degraded: bool = False
    """Fewer pictures were drawn, or simpler ones, because the machine could not keep up."""

    @property
    def is_eased(self) -> bool:
        """The name of ``is_degraded`` in version 0.1."""
        warnings.warn("is_eased is called is_degraded", DeprecationWarning, stacklevel=2)
        return self.is_degraded

    def __len__(self) -> int:
        return len(self.pixels)


@dataclass(frozen=True, slots=True)
class AvatarCapabilities:
    """What an avatar can do beyond ``Avatar``; declared as the class attribute ``capabilities``.

    An avatar that declares nothing draws every frame and is given no folder; but see
    :func:`capabilities_of` for those written for version 0.1.
    """

    frame_skipping: bool = False
    """``render`` takes ``every``; see :class:`~avatar_engine.adaptive.FrameSkippingAvatar`."""
    feature_cache: bool = False
    """The callable takes ``cache``, a folder that outlives the process, for what it computes of
    a presenter. Unless the settings name one, it is given one in the data folder."""
    lightweight: bool = False
    """A frame takes so little time that no simpler avatar needs to stand in under load."""


def capabilities_of(avatar: object) -> AvatarCapabilities:
    """What an avatar, or the callable that makes one, declares; nothing if it does not.

    In version 0.1 nothing was declared, and the parameters ``every`` and ``cache`` were looked
    for. They still are where there is no declaration, with a DeprecationWarning if one is found.

    Raises:
        TypeError: ``capabilities`` is something else than :class:`AvatarCapabilities`.
    """
    declared = getattr(avatar, "capabilities", None)
    if declared is None:
        return _undeclared_capabilities(avatar)
    if not isinstance(declared, AvatarCapabilities):
        raise TypeError(f"{avatar!r}: capabilities must be AvatarCapabilities, not {declared!r}")
    return declared


def _undeclared_capabilities(avatar: object) -> AvatarCapabilities:
    found = AvatarCapabilities(
        frame_skipping=_takes(getattr(avatar, "render", None), "every"),
        feature_cache=_takes(avatar, "cache"),
    )
    if found != AvatarCapabilities():
        name = getattr(avatar, "__name__", type(avatar).__name__)
        warnings.warn(f"{name} should declare: capabilities = {found}", DeprecationWarning, 3)
    return found


def _takes(function: object, parameter: str) -> bool:
    return callable(function) and parameter in inspect.signature(function).parameters


class Avatar(Protocol):
    """Something with a face; like a voice, shared between threads."""

    fps: int
    """Frames per second."""
    size: tuple[int, int]
    """(width, height), pixels."""

    def render(self, speech: Iterable[Speech], *, first: int = 0) -> Generator[Frames, None, None]:
        """Draw one sentence, yielding frames as soon as their sound is known.

        ``first`` numbers the first frame, so that head movement carries on from
        the sentence before. What carries over from one piece of speech to the
        next lives in this generator, not on ``self``.
        """
        ...
