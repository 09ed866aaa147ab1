"""A chat model's stream, read as it comes: with a deadline, and cancelled at any moment.

The request runs on an event loop of its own thread, whichever provider LangChain reaches: a
task that waits for bytes can be cancelled there, a thread that waits for them cannot.
"""

import asyncio
import re
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, cast

from ..metrics import MODEL_FAILURES
from ..types import Usage
from .limits import LONGEST_PAUSE, estimate_tokens

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

ChatMessage = tuple[str, str]
"""Role (``system`` or ``human``) and text."""
_POLL_SECONDS = 0.05  # s between looks at whether anybody still waits
_PERMANENT_STATUSES = frozenset((401, 403, 404))
"""HTTP statuses that every request would get."""
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
"""HTTP statuses that lead elsewhere; visitors' words and the key are sent nowhere but where the
settings say."""
_REQUEST_STATUSES = frozenset((400, 413, 422))
"""HTTP statuses that are about this one request, e.g. that a filter took offence at it."""
_SLOW_BELOW_CHARACTERS = (
    60  # characters; who writes fewer before the deadline is slow, not off the point
)


class ModelError(Exception):
    """The model did not answer. The text is fit for a log: no visitor's word is in it.

    Attributes:
        retry_after_s: Seconds before the service may be asked again; None if it named none.
        is_request_specific: It is about this request; the service itself is well.
    """

    def __init__(
        self, reason: str, *, retry_after_s: float | None = None, is_request_specific: bool = False
    ) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.is_request_specific = is_request_specific


class QuestionWithdrawn(Exception):
    """Nobody waits for the answer any more."""


class VisitorDeadline:
    """How long a visitor still waits for something to be said.

    Args:
        seconds: From now, and again from every :meth:`renew`.
        withdrawn: Set when nobody waits any more.
    """

    def __init__(self, seconds: float, withdrawn: threading.Event) -> None:
        self.seconds = seconds
        self.withdrawn = withdrawn
        self.renew()

    def renew(self) -> None:
        """Begin to wait anew."""
        self._end = time.monotonic() + self.seconds

    def left(self) -> float:
        """Seconds left, at most the time between two looks at whether anybody still waits.

        Raises:
            QuestionWithdrawn: Nobody does.
            TimeoutError: There are none left.
        """
        if self.withdrawn.is_set():
            raise QuestionWithdrawn
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, _POLL_SECONDS)


class StreamedCompletion:
    """One request under way; close it to cancel the request on the wire.

    Args:
        model: Who writes.
        messages: What it is asked.
        over: Called once, from another thread, when the request is over, however it ended.
        private: A visitor's words, which may be in no reason of an error.
    """

    def __init__(
        self,
        model: "BaseChatModel",
        messages: Sequence[ChatMessage],
        over: Callable[[], None],
        private: str = "",
    ) -> None:
        self.is_whole = False
        """The model itself ended the text; neither a limit nor a broken connection did."""
        self._private = private
        self._asked = sum(estimate_tokens(text) for _, text in messages)
        self._written = ""
        self._is_closed = False
        self._counted: Mapping[str, Any] = {}
        self._pieces: SimpleQueue[Any] = SimpleQueue()
        self._request = asyncio.run_coroutine_threadsafe(
            self._read(model, messages), _request_loop()
        )
        self._request.add_done_callback(lambda _: over())

    async def _read(self, model: "BaseChatModel", messages: Sequence[ChatMessage]) -> None:
        stream = cast(AsyncGenerator[Any, None], model.astream(list(messages)))
        try:
            async with aclosing(stream):
                async for piece in stream:
                    if self._is_closed:  # Python 3.11's wait_for may swallow a cancellation
                        return
                    self._pieces.put(piece)
        except Exception as error:  # every provider has errors of its own
            self._pieces.put(_model_error(error, self._private))
        else:
            self._pieces.put(None)

    def read(self, deadline: VisitorDeadline) -> Generator[str, None, None]:
        """Yield pieces of text as they come; leaving the loop cancels the request.

        Raises:
            ModelError: The model cannot be reached, refuses, breaks off, or is too slow.
            QuestionWithdrawn: Nobody waits any more.
        """
        try:
            while (piece := self._next(deadline)) is not None:
                if isinstance(piece, ModelError):
                    raise piece
                self._counted = piece.usage_metadata or self._counted
                self.is_whole |= piece.response_metadata.get("finish_reason") == "stop"
                text = str(piece.text)
                self._written += text
                if text:
                    yield text
        except ModelError:
            MODEL_FAILURES.inc()
            raise
        finally:
            self.close()

    def close(self) -> None:
        """Cancel the request, if it is not over."""
        self._is_closed = True
        self._request.cancel()

    @property
    def usage(self) -> Usage:
        """What it took so far, as the service counts, or else as one may guess.

        A count that cannot be one, below zero for instance, is not believed.
        """
        counts = [self._counted.get(name) for name in ("input_tokens", "output_tokens")]
        read, written = (n if isinstance(n, int) and n >= 0 else None for n in counts)
        if read is not None and written is not None:
            return Usage(read, written)
        return Usage(self._asked, estimate_tokens(self._written), is_estimated=True)

    def _next(self, deadline: VisitorDeadline) -> Any:
        while True:
            try:
                return self._pieces.get(timeout=deadline.left())
            except Empty:
                continue
            except TimeoutError:
                reason = f"nothing that can be said within {deadline.seconds:g} s"
                is_slow = len(self._written) < _SLOW_BELOW_CHARACTERS
                raise ModelError(reason, is_request_specific=not is_slow) from None


@cache
def _request_loop() -> asyncio.AbstractEventLoop:
    """The loop of all requests: LangChain's HTTP clients are shared, and bound to one loop."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="language-model", daemon=True).start()
    return loop


def without_system_role(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Messages for a model that knows no message of the system: it begins the first of another."""
    rules = "\n\n".join(text for role, text in messages if role == "system")
    others = [message for message in messages if message[0] != "system"]
    role, text = others[0]
    return [(role, f"{rules}\n\n{text}"), *others[1:]]


def _model_error(error: Exception, private: str = "") -> ModelError:
    """What to log of a provider's error: its own reason, without what it quotes of ``private``."""
    status = getattr(error, "status_code", None)
    reason = type(error).__name__
    root: BaseException = error
    while root.__cause__ is not None:
        root = root.__cause__
    if root is not error:
        reason += f" ({type(root).__name__})"
    if status is None:
        return ModelError(reason)
    retry_after_s = _retry_after(getattr(getattr(error, "response", None), "headers", None) or {})
    if retry_after_s is None and status in _PERMANENT_STATUSES | _REDIRECTS:
        retry_after_s = LONGEST_PAUSE
    own_reason = service_reason(error, private)
    hint = "; check llm.api_key_env" if status in (401, 403) else ""
    if status in _REDIRECTS:
        hint = "; it redirects, which is not followed: set llm.base_url to where it leads"
    elif status in (404, 405):
        hint = "; check llm.model, and llm.base_url: the addresses of most services end in /v1"
    elif status in (400, 422) and re.search(r"\bsystem\b|\brole", own_reason, re.I):
        hint = "; a model without a message of the system needs llm.system_role: false"
    reason += f", HTTP status {status}{hint}"
    if own_reason:
        reason += f"; the service says: {own_reason}"
    return ModelError(
        reason, retry_after_s=retry_after_s, is_request_specific=status in _REQUEST_STATUSES
    )


MAX_REASON_CHARACTERS = 200
"""Of what a service says for itself, in a log."""


def service_reason(error: Exception, private: str) -> str:
    """A service's own reason in one line; runs of characters that a visitor wrote become ``…``.

    Args:
        error: With the ``body`` or ``message`` of the provider's library.
        private: What the visitor wrote.
    """
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(inner, Mapping):
        fields = (inner.get(name) for name in ("code", "type", "message", "detail"))
        text = ": ".join(dict.fromkeys(str(field) for field in fields if field))
    else:
        text = str(inner or "")
    text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    for run in sorted(_runs(private), key=len, reverse=True):
        text = text.replace(run, "…")
    return re.sub("…+", "…", text)[:MAX_REASON_CHARACTERS]


def _runs(private: str) -> set[str]:
    """What of a visitor's words would give them away: pairs of characters, words, figures."""
    han = re.findall(r"[\u3400-\u9fff]+", private)
    pairs = {run[i : i + 2] for run in han for i in range(len(run) - 1)} | {
        r for r in han if len(r) < 2
    }
    return pairs | set(re.findall(r"\d+|[^\W\d_\u3400-\u9fff]{4,}", private))


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a service asks to be left alone, given as such or as a date."""
    value = headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
