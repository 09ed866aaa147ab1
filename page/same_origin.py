"""Websockets of the page are opened by the page alone, and not by other websites.

Streamlit asks a service on the internet for this machine's address before it turns such a website
away; :class:`SameOriginOnly` stands before that.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send


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


def _is_same(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:  # an address in brackets that is none
        return False
