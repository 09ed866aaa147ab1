"""What a reply is made of, as it comes out of a session."""

from dataclasses import dataclass
from typing import Literal

from avatar_engine import Fragment

from .base import Answer, Sentence

Media = Literal["video", "audio", "none"]


@dataclass(frozen=True, slots=True)
class Opening:
    """Media follow; comes before the first caption, and not at all where there is only text."""

    loop_frame: int
    """The frame of the idle loop they go on from."""
    is_replay: bool = False
    """They were rendered before and cost nothing now."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something is not as usual with this reply, though it goes on."""

    code: Literal["busy", "spare_voice"]
    """There are only words, because too much is being rendered; or another voice speaks."""


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence, and where in the media it is heard."""

    sentence: Sentence
    start_ms: int | None
    """From the start of the reply; None when there is no media."""


Event = Answer | Opening | Notice | Caption | Fragment
