"""Replies that are kept on disk, and where in the idle loop they may begin."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_engine import Fragment

from ..types import Caption, MediaKind, Sentence
from .disk_cache import DiskCache

N_ANCHORS = 8


class IdleLoopAnchors:
    """A few frames of the loop whose poses stand for those of all others.

    A reply that could begin anywhere would have to be kept once for every frame. Where the
    head is in a frame is measured by its face box: the mean difference of two boxes follows that
    of the pictures (correlation 0.95 to 0.97 in the presenters that ship). With all eight, the
    head is 1 pixel of 720 off where the idle loop leaves it, with the first alone 3 to 4 (means
    over their loops; docs/settings.md). The page's cross-fade covers that.

    Args:
        faces: Face boxes of the loop, shape (n_frames, 4), pixels.
        n: How many frames are chosen, at most.
    """

    def __init__(self, faces: NDArray[np.float32], n: int = N_ANCHORS) -> None:
        self._apart = np.stack([np.abs(faces - face).mean(axis=1) for face in faces])
        chosen: list[int] = []
        nearest = np.full(len(faces), np.inf, np.float32)
        for _ in range(n):
            if not nearest.any():
                break  # every pose there is was chosen
            left = np.minimum(nearest, self._apart).mean(axis=1)  # with each frame added
            chosen.append(int(left.argmin()))
            nearest = np.minimum(nearest, self._apart[chosen[-1]])
        self.frames = tuple(chosen)
        """The most typical first: the first ``k`` are about as good as any ``k`` can be."""

    def nearest_first(self, index: int) -> list[int]:
        """The chosen frames, those that look most like loop frame ``index`` first."""
        apart = self._apart[index % len(self._apart)]
        return sorted(self.frames, key=lambda frame: float(apart[frame]))


FORMAT_VERSION = 1  # counts up when files that were written before can no longer be read

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CachedReply:
    """The media of a whole reply."""

    start: int
    """The frame of the idle loop it begins at."""
    events: tuple[Caption | Fragment, ...]
    """In the order in which they were made."""


class ReplyCache:
    """Finds the media of a reply by everything that they depend on.

    That is the sentences, the kind of media, the frame of the idle loop they begin at, and
    the presenter, voice and avatar that made them. A reply may begin at a few frames only,
    so that a text has few recordings instead of one for every frame.

    A disk that is full or broken costs speed, never a reply; the log says so once.

    Args:
        cache: Where they lie.
        made_with: The :func:`~agent.cache.fingerprint.fingerprint` of presenter, voice and avatar.
        starts: The frames at which replies may begin.
    """

    def __init__(self, cache: DiskCache, made_with: str, starts: IdleLoopAnchors) -> None:
        self.cache = cache
        self.starts = starts
        self._made_with = made_with
        self._has_warned = False

    def find(
        self, sentences: Sequence[Sentence], media: MediaKind, first: int
    ) -> CachedReply | None:
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

    def holds(self, sentences: Sequence[Sentence], media: MediaKind, start: int) -> int | None:
        """How large the reply is that begins at exactly ``start``, bytes; it counts as used.

        Raises:
            OSError: The folder cannot be used.
        """
        return self.cache.touch(self._name(sentences, media, start))

    def start(self, media: MediaKind, first: int) -> int:
        """Where a reply that is to be kept begins, for a page that is at loop frame ``first``."""
        return self._starts(media, first)[0]

    def keep(self, sentences: Sequence[Sentence], media: MediaKind, replay: CachedReply) -> None:
        """Keep a reply that came to its end, drawn as well as it can be."""
        try:
            self.cache.put(self._name(sentences, media, replay.start), _dumps(replay))
        except OSError as error:
            self._warn(error)

    def _starts(self, media: MediaKind, first: int) -> list[int]:
        return self.starts.nearest_first(first) if media == "video" else [0]

    def _name(self, sentences: Sequence[Sentence], media: MediaKind, start: int) -> str:
        texts = [sentence.text for sentence in sentences]
        made_of = json.dumps([FORMAT_VERSION, self._made_with, media, start, texts])
        return hashlib.sha256(made_of.encode()).hexdigest()

    def _warn(self, error: OSError) -> None:
        if not self._has_warned:
            self._has_warned = True
            logger.warning("replies cannot be kept for replay: %s", error.strerror)


def _dumps(replay: CachedReply) -> bytes:
    """The length of a head (4 bytes, big endian), the head, and the fragments' data."""
    fragments = [event for event in replay.events if isinstance(event, Fragment)]
    head = {"start": replay.start, "events": [_event_record(event) for event in replay.events]}
    packed = json.dumps(head, ensure_ascii=False).encode()
    return b"".join([len(packed).to_bytes(4), packed, *(f.data for f in fragments)])


def _event_record(event: Caption | Fragment) -> dict[str, Any]:
    match event:
        case Caption(sentence, start_ms):
            return {"index": sentence.index, "text": sentence.text, "start_ms": start_ms}
        case fragment:
            fields = ("kind", "mime", "first", "n_frames", "fps")
            described = {name: getattr(fragment, name) for name in fields}
            return {**described, "n_bytes": len(fragment.data)}


def _loads(data: bytes) -> CachedReply:
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
    return CachedReply(head["start"], tuple(events))
