"""A voice's HTTP service: one request, and the answer's bytes as they arrive."""

import http.client
import json
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

_CHUNK = 8192
_LONGEST_MESSAGE = 300


class SpeechServiceError(ConnectionError):
    """The service answered, but not with sound.

    Attributes:
        status: The HTTP status.
        body: What it said.
    """

    def __init__(self, url: str, status: int, body: str, said: str) -> None:
        message = _message(body)
        quoted = f": {message}" if message and said not in message else ""
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
    """From the first attempt to connect to the first byte of sound."""
    stall_s: float = STALL_S
    """From one piece of sound to the next."""


def stream_post(
    url: str, body: dict[str, Any], headers: dict[str, str], patience: ServiceTimeouts, said: str
) -> Generator[bytes, None, None]:
    """Send JSON and yield the bytes of the answer.

    Proxies named in the environment are not used: the words stay in the house.

    Args:
        url: ``http`` or ``https``.
        body: Sent as JSON.
        headers: Sent beside the content type.
        patience: When to give up.
        said: The words to speak, which no error message repeats.

    Raises:
        Refusal: The status is not 200.
        ConnectionError: The service cannot be reached, or broke off.
        TimeoutError: It was silent for too long.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    deadline = time.monotonic() + patience.first_sound_s
    connecting = min(patience.connect_s, patience.first_sound_s)
    with closing(make(parts.netloc, timeout=connecting)) as connection:
        try:
            connection.connect()
        except OSError as error:
            raise ConnectionError(
                f"{url} cannot be reached ({error.strerror or error}); is the service running?"
            ) from error
        connection.sock.settimeout(_left(deadline))
        try:
            data = json.dumps(body, ensure_ascii=False).encode()
            kind = {"Content-Type": "application/json"}
            connection.request("POST", parts.path, data, {**kind, **headers})
            sock = connection.sock  # which the connection forgets when the answer is its last
            response = connection.getresponse()
            if response.status != 200:
                refusal = response.read(_CHUNK).decode("utf-8", "replace")
                raise SpeechServiceError(url, response.status, refusal, said)
            sock.settimeout(_left(deadline))
            while chunk := response.read1(_CHUNK):
                sock.settimeout(patience.stall_s)
                yield chunk
            if response.length:  # http.client does not mind
                raise ConnectionError(f"{url} broke off in the middle of the sound")
        except TimeoutError as error:
            raise TimeoutError(f"{url} was silent for too long") from error
        except http.client.HTTPException as error:
            raise ConnectionError(f"{url} broke off ({type(error).__name__})") from error


def _left(deadline: float) -> float:
    return max(0.01, deadline - time.monotonic())


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
        return str(error)[:_LONGEST_MESSAGE]
    parts = [str(error[key]) for key in ("message", "Exception") if error.get(key)]
    return ", ".join(parts)[:_LONGEST_MESSAGE]
