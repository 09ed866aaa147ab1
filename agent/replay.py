"""Replies that were rendered once and are sent again as they are."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from avatar_engine import Fragment

from .base import Sentence
from .events import Caption, Media
from .replay_cache import ReplayCache
from .starts import Starts

FORMAT = 1  # counts up when files that were written before can no longer be read

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Replay:
    """The media of a whole reply."""

    start: int
    """The frame of the idle loop it begins at."""
    events: tuple[Caption | Fragment, ...]
    """In the order in which they were made."""


class Replays:
    """Finds the media of a reply by everything that they depend on.

    That is the sentences, the kind of media, the frame of the idle loop they begin at, and
    the presenter, voice and avatar that made them. A reply may begin at a few frames only,
    so that a text has few recordings instead of one for every frame.

    A disk that is full or broken costs speed, never a reply; the log says so once.

    Args:
        cache: Where they lie.
        made_with: The :func:`~agent.fingerprint.fingerprint` of presenter, voice and avatar.
        starts: The frames at which replies may begin.
    """

    def __init__(self, cache: ReplayCache, made_with: str, starts: Starts) -> None:
        self.cache = cache
        self.starts = starts
        self._made_with = made_with
        self._has_warned = False

    def find(self, sentences: Sequence[Sentence], media: Media, first: int) -> Replay | None:
        """The reply with these sentences that joins loop frame ``first`` best, if any is kept.

        One that begins farther off is taken as well: the page fades it in, and nothing
        has to be rendered.
        """
        for start in self._starts(media, first):
            try:
                data = self.cache.get(self._name(sentences, media, start))
            except OSError as error:
                self._warn(error)
                return None
            if data is not None:
                return _loads(data)
        return None

    def holds(self, sentences: Sequence[Sentence], media: Media, start: int) -> int | None:
        """How large the reply is that begins at exactly ``start``, bytes; it counts as used.

        Raises:
            OSError: The folder cannot be used.
        """
        return self.cache.touch(self._name(sentences, media, start))

    def start(self, media: Media, first: int) -> int:
        """Where a reply that is to be kept begins, for a page that is at loop frame ``first``."""
        return self._starts(media, first)[0]

    def keep(self, sentences: Sequence[Sentence], media: Media, replay: Replay) -> None:
        """Keep a reply that came to its end, drawn as well as it can be."""
        try:
            self.cache.put(self._name(sentences, media, replay.start), _dumps(replay))
        except OSError as error:
            self._warn(error)

    def _starts(self, media: Media, first: int) -> list[int]:
        return self.starts.by_distance(first) if media == "video" else [0]

    def _name(self, sentences: Sequence[Sentence], media: Media, start: int) -> str:
        texts = [sentence.text for sentence in sentences]
        made_of = json.dumps([FORMAT, self._made_with, media, start, texts])
        return hashlib.sha256(made_of.encode()).hexdigest()

    def _warn(self, error: OSError) -> None:
        if not self._has_warned:
            self._has_warned = True
            logger.warning("replies cannot be kept for replay: %s", error.strerror)


def _dumps(replay: Replay) -> bytes:
    """The length of a head (4 bytes, big endian), the head, and the fragments' data."""
    fragments = [event for event in replay.events if isinstance(event, Fragment)]
    head = {"start": replay.start, "events": [_described(event) for event in replay.events]}
    packed = json.dumps(head, ensure_ascii=False).encode()
    return b"".join([len(packed).to_bytes(4), packed, *(f.data for f in fragments)])


def _described(event: Caption | Fragment) -> dict[str, Any]:
    match event:
        case Caption(sentence, start_ms):
            return {"index": sentence.index, "text": sentence.text, "start_ms": start_ms}
        case fragment:
            fields = ("kind", "mime", "first", "n_frames", "fps")
            described = {name: getattr(fragment, name) for name in fields}
            return {**described, "n_bytes": len(fragment.data)}


def _loads(data: bytes) -> Replay:
    at = 4 + int.from_bytes(data[:4])
    head = json.loads(data[4:at])
    events: list[Caption | Fragment] = []
    for fields in head["events"]:
        if "text" in fields:
            sentence = Sentence(fields["index"], fields["text"])
            events.append(Caption(sentence, fields["start_ms"]))
        else:
            n_bytes = fields.pop("n_bytes")
            events.append(Fragment(data=data[at : at + n_bytes], **fields))
            at += n_bytes
    return Replay(head["start"], tuple(events))
