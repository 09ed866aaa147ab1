"""A language model on loopback: it speaks OpenAI's streaming protocol, and misbehaves on demand."""

import json
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Reply"], None]


class Reply:
    """The answer to one request, sent piece by piece."""

    def __init__(self, handler: BaseHTTPRequestHandler, request: dict[str, Any]) -> None:
        self.request = request
        self._handler = handler
        self._has_begun = False

    @property
    def data(self) -> dict[str, Any]:
        """What the visitor's side of the request holds."""
        held: dict[str, Any] = json.loads(self.request["messages"][-1]["content"])
        return held

    def refuse(self, status: int, message: str | None = None, **headers: str) -> None:
        """Answer with an error instead of text; it quotes what was asked if no message is given."""
        self._handler.send_response(status)
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        reason = message or f"no: {self.request['messages']}"
        body = json.dumps({"error": {"message": reason}}).encode()
        self._handler.send_header("Content-Length", str(len(body)))
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def say(self, text: str) -> None:
        """Send some text, in pieces of a few characters as tokens are."""
        for start in range(0, len(text), 3):
            delta = {"role": "assistant", "content": text[start : start + 3]}
            self._event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})

    def end(self, *, finish: str = "stop", usage: tuple[int, int] | None = None) -> None:
        """End the text as the protocol wants it."""
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        if usage:
            read, written = usage
            counted = {"prompt_tokens": read, "completion_tokens": written}
            self._event({"choices": [], "usage": {**counted, "total_tokens": read + written}})
        self._send(b"data: [DONE]\n\n")
        self._send(b"")

    def complete(self, text: str) -> None:
        """Answer in one piece, as when no stream was asked for."""
        self._complete({"content": text}, "stop")

    def call_tool(self, arguments: str) -> None:
        """Call the tool that the request names, in one piece."""
        name = self.request["tools"][0]["function"]["name"]
        function = {"name": name, "arguments": arguments}
        call = {"id": "call-1", "type": "function", "function": function}
        self._complete({"content": None, "tool_calls": [call]}, "tool_calls")

    def _complete(self, fields: dict[str, Any], finish: str) -> None:
        message = {"role": "assistant", **fields}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        whole = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
        body = json.dumps({**whole, "choices": [choice]}, ensure_ascii=False).encode()
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "application/json")
        self._handler.send_header("Content-Length", str(len(body)))
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def break_off(self) -> None:
        """Cut the connection in the middle of the text."""
        self._handler.connection.shutdown(socket.SHUT_RDWR)

    def is_cancelled(self) -> bool:
        """Wait for the client to hang up; whether it did."""
        readable, _, _ = select.select([self._handler.connection], [], [], 20)
        return bool(readable) and not self._handler.connection.recv(1)

    def _event(self, fields: dict[str, Any]) -> None:
        if not self._has_begun:
            self._handler.send_response(200)
            self._handler.send_header("Content-Type", "text/event-stream")
            self._handler.send_header("Transfer-Encoding", "chunked")
            self._handler.end_headers()
            self._has_begun = True
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", **fields}
        self._send(b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n")

    def _send(self, data: bytes) -> None:
        self._handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


class Service:
    """The running service: where it is, and what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[dict[str, Any]] = []
        self.behave: Behaviour = lambda reply: reply.refuse(500)


@contextmanager
def serving() -> Iterator[Service]:
    """A service for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def end_headers(self) -> None:
            # The client under test lives as long as the process; its connections need not.
            self.send_header("Connection", "close")
            super().end_headers()

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.requests.append(request)
            try:
                service.behave(Reply(self, request))
            except OSError:  # the client hung up
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        service = Service(f"http://127.0.0.1:{server.server_port}/v1")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield service
        server.shutdown()


def saying(text: str, *, finish: str = "stop", usage: tuple[int, int] | None = None) -> Behaviour:
    """A model that always says the same."""

    def behave(reply: Reply) -> None:
        reply.say(text)
        reply.end(finish=finish, usage=usage)

    return behave
