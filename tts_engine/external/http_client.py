"""The HTTP client of the voices that are services: one JSON request, audio bytes as they arrive.

Requests run in one event loop in a background thread, so that a deadline or a closed generator
ends them at once, whatever they are waiting for; voices stay plain generators.
"""

import asyncio
import json
import ssl
import threading
from collections.abc import Coroutine, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit

import httpx

_MAX_ERROR_BYTES = 8192
_MAX_MESSAGE_CHARACTERS = 300
_MAX_ANSWER_BYTES = 60 * 48_000 * 2  # a minute of 16-bit samples at 48 kHz; no clause is longer


class SpeechServiceError(ConnectionError):
    """The service answered with an error instead of audio.

    Attributes:
        status: The HTTP status.
        body: What it said.
    """

    def __init__(self, url: str, status: int, body: str, spoken: str) -> None:
        message = _message(body)
        quoted = f": {message}" if message and spoken not in message else ""
        super().__init__(f"{url} answered {status}{quoted}")
        self.status = status
        self.body = body


FIRST_SOUND_S = STALL_S = 0.8
"""Seconds; so that within a second of silence the spare voice can be heard instead."""


@dataclass(frozen=True, slots=True)
class ServiceTimeouts:
    """How long a service may take, seconds."""

    connect_s: float = 0.5
    first_sound_s: float = FIRST_SOUND_S
    """From the first attempt to connect to the first byte of audio."""
    stall_s: float = STALL_S
    """From one chunk of audio to the next."""


def stream_post(
    url: str,
    body: dict[str, Any],
    headers: dict[str, str],
    timeouts: ServiceTimeouts,
    spoken: str,
    *,
    exclusive: bool = False,
) -> Generator[bytes, None, None]:
    """Post JSON and yield the bytes of the answer.

    Redirects are not followed, and proxies named in the environment are not used: the words
    go to the address that was configured and nowhere else. Closing the generator cancels the
    request.

    Args:
        url: ``http`` or ``https``.
        body: Sent as JSON.
        headers: Sent beside the content type.
        timeouts: When to give up.
        spoken: The words to speak, which no error message repeats.
        exclusive: For a service that mixes up requests: one at a time is sent to this ``url``
            by the whole process, and one whose generator is closed is read to its end in the
            background before the next is sent.

    Raises:
        SpeechServiceError: The status is not 200.
        ConnectionError: The service cannot be reached, broke off, or does not stop sending.
        TimeoutError: It was silent for too long.
    """
    received: SimpleQueue[bytes | Exception | None] = SimpleQueue()
    request = _Request(url, body, headers, timeouts, spoken, received)
    running = _background().start(request.run(exclusive=exclusive))
    try:
        while (item := received.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        if not exclusive:
            running.cancel()


@dataclass(frozen=True, slots=True)
class _Request:
    url: str
    body: dict[str, Any]
    headers: dict[str, str]
    timeouts: ServiceTimeouts
    spoken: str
    received: "SimpleQueue[bytes | Exception | None]"
    """The chunks; at last None, or what went wrong."""

    async def run(self, *, exclusive: bool) -> None:
        background = _background()
        result: Exception | None = None
        try:
            if exclusive:
                async with background.lock(self.url):
                    await self._read(background.client)
            else:
                await self._read(background.client)
        except TimeoutError:
            result = TimeoutError(f"{self.url} was silent for too long")
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            result = ConnectionError(
                f"{self.url} cannot be reached ({error or type(error).__name__}); "
                "is the service running?"
            )
        except httpx.HTTPError as error:
            result = ConnectionError(f"{self.url} broke off ({type(error).__name__})")
        except Exception as error:
            result = error
        self.received.put(result)

    async def _read(self, client: httpx.AsyncClient) -> None:
        now = asyncio.get_running_loop().time
        timeouts = self.timeouts
        connect_s = min(timeouts.connect_s, timeouts.first_sound_s)
        async with asyncio.timeout_at(now() + timeouts.first_sound_s) as silence:
            stream = client.stream(
                "POST",
                self.url,
                json=self.body,
                headers={"Accept-Encoding": "identity", **self.headers},
                timeout=httpx.Timeout(None, connect=connect_s),
            )
            async with stream as response:
                if response.status_code != 200:
                    raise await self._error(response)
                n_bytes = 0
                async for chunk in response.aiter_raw():
                    silence.reschedule(now() + timeouts.stall_s)
                    self.received.put(chunk)
                    n_bytes += len(chunk)
                    if n_bytes > _MAX_ANSWER_BYTES:
                        raise ConnectionError("the service does not stop speaking")

    async def _error(self, response: httpx.Response) -> SpeechServiceError:
        data = b""
        async for chunk in response.aiter_raw():
            data += chunk
            if len(data) >= _MAX_ERROR_BYTES:
                break
        text = data[:_MAX_ERROR_BYTES].decode("utf-8", "replace")
        return SpeechServiceError(self.url, response.status_code, text, self.spoken)


class _BackgroundLoop:
    """An event loop in a daemon thread, its client, and the locks of services."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._locks: dict[str, asyncio.Lock] = {}
        self.client = httpx.AsyncClient(
            verify=ssl.create_default_context(),  # the authorities this machine trusts
            trust_env=False,
            # A service that restarts would break a connection kept open.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )
        thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="tts-http")
        thread.start()

    def start(self, request: Coroutine[Any, Any, None]) -> Future[None]:
        return asyncio.run_coroutine_threadsafe(request, self._loop)

    def lock(self, url: str) -> asyncio.Lock:
        """Return the lock of a service: one for each address, not for each voice."""
        return self._locks.setdefault(url, asyncio.Lock())


_starting = threading.Lock()


@cache
def _only_background() -> _BackgroundLoop:
    return _BackgroundLoop()


def _background() -> _BackgroundLoop:
    with _starting:  # cache alone would let two threads start one each
        return _only_background()


def check_url(url: str) -> str:
    """Return the address without a slash at its end.

    Raises:
        ValueError: It is not the address of an HTTP service.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ValueError(f"url is {url!r}; it must look like http://127.0.0.1:9880")
    return url.rstrip("/")


def _message(body: str) -> str:
    """Return what an error answer says to a person, if anything."""
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    error = answer.get("error", answer)
    if not isinstance(error, dict):
        return str(error)[:_MAX_MESSAGE_CHARACTERS]
    parts = [str(error[key]) for key in ("message", "Exception") if error.get(key)]
    return ", ".join(parts)[:_MAX_MESSAGE_CHARACTERS]
