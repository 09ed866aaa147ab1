"""The page's own connection to the server: one for each question, closed after its answer."""

import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from agent.settings import ServerSettings

ANSWER_TIMEOUT = 90.0  # s without a word of an answer, after which the server counts as gone
REQUEST_TIMEOUT = 10.0  # s; what needs no thinking
POLL_INTERVAL = 0.5  # s; how often a waiting reader gets control
ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}

Message = dict[str, Any]


class ServerUnreachable(Exception):
    """The server is not there, or went away before it had answered."""


@dataclass(frozen=True)
class VisitorClient:
    """Asks the server on behalf of one visitor.

    Args:
        server: Where it listens, and its token.
        session: The visitor's session id; the player in the browser uses the same.
    """

    server: ServerSettings
    session: str

    def ask(self, text: str, *, reply: str, language: str) -> Generator[Message | None, None, None]:
        """Ask, and yield what the server says to it; the last is an ``answer`` or an ``error``.

        Yields None every half second without news, so that the reader can turn to
        something else. The presenter goes on speaking after the end.

        Args:
            text: The question.
            reply: An id for the reply.
            language: BCP 47 tag.

        Raises:
            ServerUnreachable: There is no server, or it fell silent.
        """
        question = {"type": "ask", "reply": reply, "text": text, "language": language}
        try:
            with self._connect() as connection:
                connection.send(json.dumps(question))
                yield from _until_answered(connection, reply)
        except (OSError, WebSocketException) as error:
            raise ServerUnreachable from error

    def rate(self, reply: str, rating: int) -> None:
        """Send what the visitor thinks of a reply, 1 or -1; it is kept when this returns.

        Raises:
            ServerUnreachable: There is no server, or it could not keep it.
        """
        self._tell({"type": "feedback", "reply": reply, "rating": rating}, expect="rated")

    def recall(self) -> list[Message]:
        """What was asked and answered before in this session, the latest last.

        Raises:
            ServerUnreachable: There is no server.
        """
        turns: list[Message] = self._tell({"type": "recall"}, expect="recalled")["turns"]
        return turns

    def forget(self) -> None:
        """Silence the presenter, and have forgotten what was asked before; it is when this returns.

        Raises:
            ServerUnreachable: There is no server, or it could not.
        """
        self._tell({"type": "forget"}, expect="forgotten")

    def is_answered(self) -> bool:
        """Whether the server takes connections now."""
        try:
            with self._connect():
                return True
        except (OSError, WebSocketException):
            return False

    def _tell(self, message: Message, *, expect: str) -> Message:
        """Send a message, and wait for the one that answers it."""
        answer: Message = {"type": ""}
        try:
            with self._connect() as connection:
                connection.send(json.dumps(message))
                while answer["type"] != expect:
                    answer = json.loads(connection.recv(timeout=REQUEST_TIMEOUT))
                    if answer["type"] == "error" and answer["reply"] is None:
                        raise ServerUnreachable
                return answer
        except (OSError, WebSocketException) as error:
            raise ServerUnreachable from error

    def _connect(self) -> ClientConnection:
        host = ANY_HOST.get(self.server.host, self.server.host)
        query = {"session": self.session, "role": "ask"}
        if self.server.token:
            query["token"] = self.server.token
        connection = connect(
            f"ws://{f'[{host}]' if ':' in host else host}:{self.server.port}/v1?{urlencode(query)}",
            proxy=None,
            compression=None,
            open_timeout=3,
            close_timeout=1,
        )
        assert isinstance(connection, ClientConnection)
        return connection


def _until_answered(
    connection: ClientConnection, reply: str
) -> Generator[Message | None, None, None]:
    silence = 0.0
    while True:
        try:
            message: Message = json.loads(connection.recv(timeout=POLL_INTERVAL))
        except TimeoutError:
            silence += POLL_INTERVAL
            if silence >= ANSWER_TIMEOUT:
                raise
            yield None
            continue
        silence = 0.0
        # The end of an earlier reply passes here as well: only this reply's messages are ours, and
        # errors of no reply, which say that the question itself was not understood.
        if message.get("reply", "") in (reply, None):
            if message.get("closing"):  # it ended without an answer, for that ends the loop
                raise ConnectionAbortedError
            yield message
            if message["type"] in ("answer", "error", "ended"):
                return
