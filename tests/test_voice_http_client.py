"""The HTTP client of the voice services: where it goes, and how fast it gives up."""

import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from tts_engine.external.http_client import ServiceTimeouts, SpeechServiceError, stream_post

PATIENT = ServiceTimeouts(connect_s=20, first_sound_s=20, stall_s=20)


class RawService:
    """Answers the first request with the given bytes and then keeps the connection open."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/speech"
        self.request = b""
        self.hung_up = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            while b"\r\n\r\n" not in self.request:
                self.request += connection.recv(65_536)
            connection.sendall(self._answer)
            while data := connection.recv(65_536):
                self.request += data
        self.hung_up.set()

    def close(self) -> None:
        self._listener.close()


@contextmanager
def raw_service(answer: bytes) -> Iterator[RawService]:
    service = RawService(answer)
    try:
        yield service
    finally:
        service.close()


def post(service: RawService, timeouts: ServiceTimeouts = PATIENT) -> Generator[bytes]:
    return stream_post(service.url, {"text": "您好"}, {"X-Key": "k"}, timeouts, "您好")


ENDLESS = b"HTTP/1.1 200 OK\r\ncontent-type: audio/wav\r\n\r\nRIFF"


def test_a_closed_generator_ends_a_request_that_waits_for_more() -> None:
    with raw_service(ENDLESS) as service:
        chunks = post(service)
        assert next(chunks) == b"RIFF"
        chunks.close()
        assert service.hung_up.wait(20)


def test_a_service_that_says_nothing_is_hung_up_on() -> None:
    with raw_service(b"") as service:
        with pytest.raises(TimeoutError, match="silent for too long"):
            list(post(service, ServiceTimeouts(first_sound_s=0.3, stall_s=20)))
        assert service.hung_up.wait(20)


def test_headers_are_no_sound() -> None:
    with raw_service(ENDLESS.removesuffix(b"RIFF")) as service:
        with pytest.raises(TimeoutError, match="silent for too long"):
            list(post(service, ServiceTimeouts(first_sound_s=0.3, stall_s=20)))


def test_words_are_not_carried_elsewhere_by_a_redirect() -> None:
    with raw_service(b"HTTP/1.1 200 OK\r\n\r\n") as elsewhere:
        moved = f"HTTP/1.1 307 Moved\r\nlocation: {elsewhere.url}\r\ncontent-length: 0\r\n\r\n"
        with raw_service(moved.encode()) as service:
            with pytest.raises(SpeechServiceError, match="answered 307"):
                list(post(service))
        assert elsewhere.request == b""


def test_proxies_of_the_environment_do_not_hear_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_service(b"") as proxy, raw_service(ENDLESS) as service:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/speech"))
        chunks = post(service)
        assert next(chunks) == b"RIFF"
        assert proxy.request == b""
        chunks.close()


def test_what_is_sent_is_json_in_utf_8_with_the_headers() -> None:
    with raw_service(ENDLESS) as service:
        chunks = post(service)
        next(chunks)
        chunks.close()
        assert service.hung_up.wait(20)
    head, _, body = service.request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /speech HTTP/1.1\r\n")
    assert b"x-key: k" in head.lower()
    assert b"accept-encoding: identity" in head.lower()
    assert '{"text":"您好"}'.encode() == body
