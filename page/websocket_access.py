"""Who may open a websocket of the page, and how much may come over it at once.

Streamlit asks a service on the internet for this machine's address before it turns another website
away, and it keeps parts of what a browser sends for as long as a session lasts, up to 20 MB;
:class:`SameOriginOnly` and :class:`SmallMessagesOnly` stand before that.
"""

import logging
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_MESSAGE_BYTES: Final = 256 * 1024
"""Of one message; what a browser sends of the page's widgets takes a few KiB."""

logger = logging.getLogger(__name__)


class SameOriginOnly:
    """ASGI middleware: a websocket whose ``Origin`` is another host than it asks for is refused.

    Programs that send no ``Origin`` pass. A proxy has to pass ``Host`` on as it came.

    Args:
        app: What serves the websocket if it passes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a websocket with HTTP status 403, or pass it on."""
        if scope["type"] == "websocket":
            headers = Headers(scope=scope)
            origin, host = headers.get("origin"), headers.get("host", "")
            if origin is not None and not _is_same(origin, host):
                await receive()  # the handshake
                await send({"type": "websocket.close", "code": 1008})
                return
        await self._app(scope, receive, send)


class SmallMessagesOnly:
    """ASGI middleware: a websocket over which a larger message comes is closed with code 1009.

    Args:
        app: What is given the messages that are small enough.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass messages on until one is too large."""

        async def receive_small() -> Message:
            message = await receive()
            content = message.get("bytes") or (message.get("text") or "").encode()
            if len(content) <= MAX_MESSAGE_BYTES:
                return message
            logger.warning("a websocket was closed: a message of %d bytes came", len(content))
            await send({"type": "websocket.close", "code": 1009})
            return {"type": "websocket.disconnect", "code": 1009}

        await self._app(scope, receive_small if scope["type"] == "websocket" else receive, send)


def _is_same(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:  # an address in brackets that is none
        return False
