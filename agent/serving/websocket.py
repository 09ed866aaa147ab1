"""The websocket server: who may connect, and each connection from hello to goodbye."""

import logging
import re
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import cast, get_args
from urllib.parse import SplitResult, parse_qs, urlsplit

from websockets.asyncio.server import Server as Listener
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from avatar_engine import Presenter

from ..auth_throttle import AuthThrottle
from ..client_address import client_address, client_network
from ..metrics import WRONG_TOKENS
from ..pipeline import AnswerPipeline
from ..settings import Settings
from ..visitor_session import ConnectionRole
from .session_manager import SessionManager

MAX_MESSAGE_BYTES = 64 * 1024  # bytes a client may send at once
CLOSE_TIMEOUT = 0.6  # s a client has to say goodbye as well; one that does not is cut off
THIS_MACHINE = ("127.0.0.1", "::1")  # such as a page or a screen beside the server
SEND_BUFFER_BYTES = 256 * 1024  # the kernel's default would swallow a minute of media

_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

logger = logging.getLogger(__name__)


class WebsocketServer:
    """Serves a pipeline to many visitors.

    Args:
        pipeline: Makes the replies.
        presenter: Whose idle loop players are given.
        settings: Of the deployment.
        problems: Says what does not work as it should, for ``/healthz``.
    """

    def __init__(
        self,
        pipeline: AnswerPipeline,
        presenter: Presenter,
        settings: Settings,
        *,
        problems: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._problems = problems
        self._throttle = AuthThrottle()
        self._manager = SessionManager(pipeline, presenter, settings)
        self._settings = settings

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[Listener]:
        """Accept visitors until the block is left; then end all replies, and say so.

        Raises:
            OSError: The address is in use or not ours.
        """
        async with serve(
            self._visit,
            self._settings.server.host,
            self._settings.server.port,
            process_request=self._admit,
            compression=None,  # media is compressed already
            max_size=MAX_MESSAGE_BYTES,
            server_header=None,
            ping_interval=20,
            ping_timeout=20,
            close_timeout=CLOSE_TIMEOUT,
        ) as listener:
            try:
                yield listener
            finally:
                await self._manager.close()

    async def _admit(self, connection: ServerConnection, request: HttpRequest) -> Response | None:
        """Turn away what does not belong here before it becomes a websocket."""
        if connection.protocol.eof_sent:
            # The client hung up already. The library would try to answer all the same, and log
            # that it cannot with a traceback.
            connection.transport.abort()
            await connection.wait_closed()
            return None
        return self._refusal(connection, request)

    def _refusal(self, connection: ServerConnection, request: HttpRequest) -> Response | None:
        url = _split(request.path)
        hosts, origins = (request.headers.get_all(name) for name in ("Host", "Origin"))
        if url is None or len(hosts) > 1 or len(origins) > 1:
            return connection.respond(HTTPStatus.BAD_REQUEST, "this request is not understood\n")
        if url.path == "/healthz":
            return connection.respond(HTTPStatus.OK, "\n".join(["ok", *self._problems(), ""]))
        if url.path != "/v1":
            return connection.respond(HTTPStatus.NOT_FOUND, "the protocol is spoken at /v1\n")
        if refusal := self._check_token(connection, request, parse_qs(url.query)):
            return refusal
        if origins and not self._is_welcome(origins[0], hosts[0] if hosts else ""):
            return connection.respond(
                HTTPStatus.FORBIDDEN, "this page is not in the setting server.origins\n"
            )
        return None

    def _check_token(
        self, connection: ServerConnection, request: HttpRequest, query: Mapping[str, list[str]]
    ) -> Response | None:
        token, given = self._settings.server.token, query.get("token", [""])[0]
        if not token:
            return None
        address = self._client_address(connection, request)
        if pause := self._throttle.wait_s(address):
            why = f"too many wrong tokens from this address; try again in {pause} s\n"
            return connection.respond(HTTPStatus.TOO_MANY_REQUESTS, why)
        if self._throttle.admits(address, given, token):
            return None
        if given:
            WRONG_TOKENS.inc()
            logger.warning("a wrong token for the server from %s", address)
        return connection.respond(HTTPStatus.UNAUTHORIZED, "the token is wrong or missing\n")

    def _client_address(self, connection: ServerConnection, request: HttpRequest) -> str:
        peer = connection.remote_address[0] if connection.remote_address else ""
        forwarded_for = ",".join(request.headers.get_all("X-Forwarded-For"))
        return client_address(peer, forwarded_for, self._settings.server.trusted_proxies)

    def _is_welcome(self, origin: str, host: str) -> bool:
        """Pages of the same host may connect, and those named in the settings."""
        if origin in self._settings.server.origins:
            return True
        page, here = _split(origin), _split(f"//{host}")
        return bool(page and here and page.hostname and page.hostname == here.hostname)

    async def _visit(self, connection: ServerConnection) -> None:
        """One connection, from hello to goodbye."""
        assert connection.request is not None
        query = parse_qs(urlsplit(connection.request.path).query)
        role = cast(ConnectionRole, query.get("role", ["both"])[0])
        session_id = query.get("session", [uuid.uuid4().hex])[0]
        if role not in get_args(ConnectionRole) or not _SESSION_ID.fullmatch(session_id):
            why = "role must be both, ask or play; session 8 to 64 of A-Za-z0-9_-"
            await connection.close(1008, why)
            return
        sock = connection.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        try:
            address = self._client_address(connection, connection.request)
            client = "" if address in THIS_MACHINE else client_network(address)
            session = await self._manager.join(session_id, connection, role, client)
            async for message in connection:
                await self._manager.receive(session, connection, message)
        except ConnectionClosed:
            pass
        finally:
            await self._manager.leave(session_id, connection)


def _split(url: str) -> SplitResult | None:
    """The parts of an address; None if it is none."""
    try:
        return urlsplit(url)
    except ValueError:  # such as "http://["
        return None
