"""An avatar declares what it can do; one of version 0.1 that declares nothing works as before."""

from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import numpy as np
import pytest

from agent.build import _adaptive_avatar, _with_cache
from agent.settings import PluginSettings
from avatar_engine import (
    Avatar,
    AvatarCapabilities,
    Fragment,
    Frames,
    Presenter,
    capabilities_of,
    whole_frames,
)
from avatar_engine.checks import check_avatar
from avatar_engine.testing import StillAvatar
from tts_engine import Speech

SUIT = Path(__file__).resolve().parent.parent / "assets" / "presenters" / "suit"
RATE = 16_000  # Hz


class SkippingAvatar:
    """Grey pictures that count the frames; made for version 0.1, so it declares nothing."""

    fps, size = 25, (32, 32)

    def render(
        self, speech: Iterable[Speech], *, first: int = 0, every: Callable[[], int] = lambda: 1
    ) -> Generator[Frames, None, None]:
        for piece in whole_frames(speech, self.fps):
            n = len(piece.samples) * self.fps // piece.sample_rate
            step = every()
            pixels = np.zeros((n, 32, 32, 3), np.uint8)
            pixels += (np.arange(n) // step * step).astype(np.uint8)[:, None, None, None]
            yield Frames(pixels, self.fps, first, piece)
            first += n


class DeclaringAvatar(SkippingAvatar):
    """The same as it should be today."""

    capabilities = AvatarCapabilities(frame_skipping=True)


class BoastingAvatar(StillAvatar):
    """Declares what it does not do."""

    capabilities = AvatarCapabilities(frame_skipping=True)


class CachelessAvatar(StillAvatar):
    """Declares a cache that it does not take."""

    capabilities = AvatarCapabilities(feature_cache=True)


class UnequalAvatar(DeclaringAvatar):
    """Takes ``every`` and draws each frame all the same."""

    def render(
        self, speech: Iterable[Speech], *, first: int = 0, every: Callable[[], int] = lambda: 1
    ) -> Generator[Frames, None, None]:
        yield from super().render(speech, first=first)


class MisdeclaringAvatar(StillAvatar):
    """Declares in a form of its own."""

    capabilities = ("frame_skipping",)


def cached_avatar(presenter: Presenter, *, cache: str = "faces") -> Avatar:
    """Made for version 0.1: takes a folder and does not declare it."""
    return StillAvatar()


def test_an_avatar_that_declares_nothing_draws_every_frame_and_is_not_adapted() -> None:
    avatar = StillAvatar()
    assert capabilities_of(avatar) == AvatarCapabilities()
    assert _adaptive_avatar(avatar, Presenter(SUIT)) is None
    assert sum(map(len, avatar.render([Speech(np.zeros(RATE, np.float32), RATE)]))) == 25


def test_an_avatar_of_version_0_1_keeps_its_frame_skipping_and_is_told_to_declare_it() -> None:
    with pytest.warns(DeprecationWarning, match="SkippingAvatar should declare: capabilities = "):
        adaptive = _adaptive_avatar(SkippingAvatar(), Presenter(SUIT))
    assert adaptive
    while adaptive.load_monitor.n_steps_down == 0:
        adaptive.load_monitor.report(is_late=True)
    [frames] = adaptive.render([Speech(np.zeros(RATE, np.float32), RATE)])
    assert list(frames.pixels[:6, 0, 0, 0]) == [0, 0, 2, 2, 4, 4]


def test_a_plug_in_of_version_0_1_keeps_its_cache_folder_and_is_told_to_declare_it() -> None:
    plain = PluginSettings(name="mine")
    with pytest.warns(DeprecationWarning, match="cached_avatar should declare.*feature_cache=True"):
        given = _with_cache(cached_avatar, plain, Path("data"))
    assert given.options == {"cache": "data"}
    assert _with_cache(StillAvatar, plain, Path("data")).options == {}


def test_a_declaration_of_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="must be AvatarCapabilities"):
        capabilities_of(MisdeclaringAvatar())


def test_the_check_passes_a_declaration_that_is_kept() -> None:
    check_avatar(DeclaringAvatar())


@pytest.mark.parametrize(
    ("avatar", "broken"),
    [
        (SkippingAvatar, "every is taken if frame_skipping is declared"),
        (BoastingAvatar, "every is taken if frame_skipping is declared"),
        (CachelessAvatar, "cache is taken if feature_cache is declared"),
        (UnequalAvatar, "skipped ones repeat"),
        (MisdeclaringAvatar, "capabilities are AvatarCapabilities"),
    ],
)
def test_the_check_finds_a_declaration_that_is_not_kept(
    avatar: Callable[[], Avatar], broken: str
) -> None:
    with pytest.raises(AssertionError, match=broken):
        check_avatar(avatar())


def test_the_names_of_version_0_1_for_degraded_frames_still_answer() -> None:
    sound = Speech(np.zeros(RATE // 25, np.float32), RATE)
    frames = Frames(np.zeros((1, 2, 2, 3), np.uint8), 25, 0, sound, is_degraded=True)
    fragment = Fragment("media", b"", "video/mp4", 0, 5, 25, n_degraded=3)
    with pytest.warns(DeprecationWarning, match="is_degraded"):
        assert frames.is_eased
    with pytest.warns(DeprecationWarning, match="n_degraded"):
        assert fragment.n_eased == 3
