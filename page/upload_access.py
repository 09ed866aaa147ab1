"""Who may send files to the page, and how many bytes: only sessions that staff signed in to.

Streamlit keeps whatever is sent to its upload endpoint in memory, for any session, also where no
page offers an upload. :class:`StaffUploadsOnly` stands before that endpoint; nothing of what it
refuses is read.
"""

import re
import threading
from collections.abc import Iterable
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

MAX_SESSION_BYTES: Final = 512 << 20
"""What one session's files may take; more goes in with ``python -m ingest``."""
_ENDPOINT = "_stcore/upload_file"
_PLACE = re.compile(rf"/{_ENDPOINT}/([^/]+)/([^/]+)")


class UploadAccess:
    """The sessions that may upload, and what each has sent; one for the process.

    Args:
        most_bytes: That one session may have in memory at a time.
    """

    def __init__(self, most_bytes: int = MAX_SESSION_BYTES) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        self._sent: dict[str, dict[str, int]] = {}
        """Session → file → bytes."""

    def grant(self, session_id: str) -> None:
        """Let a session upload; those that have ended are forgotten."""
        with self._lock:
            if session_id in self._sent:
                return
            if runtime.exists():
                is_active = runtime.get_instance().is_active_session
                self._sent = {one: sent for one, sent in self._sent.items() if is_active(one)}
            self._sent[session_id] = {}

    def revoke(self, session_id: str) -> None:
        """Let a session upload nothing more, and drop what it sent."""
        with self._lock:
            sent = self._sent.pop(session_id, {})
        for file_id in sent:
            _drop(session_id, file_id)

    def reserve(self, session_id: str, file_id: str, n_bytes: int) -> tuple[int, str]:
        """Count a file that is coming; returns an HTTP status and why, 200 if it may come."""
        with self._lock:
            sent = self._sent.get(session_id)
            if sent is None:
                return 403, "Only staff who are signed in may upload."
            taken = sum(size for one, size in sent.items() if one != file_id)
            if taken + n_bytes > self._most:
                return 413, f"All uploads together may have {self._most >> 20} MiB."
            sent[file_id] = n_bytes
            return 200, ""

    def release(self, session_id: str, file_id: str) -> None:
        """Count a file no longer."""
        with self._lock:
            self._sent.get(session_id, {}).pop(file_id, None)

    def drop(self, session_id: str, file_ids: Iterable[str]) -> None:
        """Free the memory of files that are dealt with, before their session ends."""
        for file_id in file_ids:
            _drop(session_id, file_id)
            self.release(session_id, file_id)


UPLOADS: Final = UploadAccess()
"""What the pages grant and the middleware asks: both run in one process."""


def current_session_id() -> str:
    """Of the session whose page is being drawn, as it stands in its upload addresses."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


class StaffUploadsOnly:
    """ASGI middleware: requests to Streamlit's upload endpoint pass for staff's sessions alone.

    Args:
        app: What serves the request if it passes.
        access: Who may upload.
    """

    def __init__(self, app: ASGIApp, access: UploadAccess = UPLOADS) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        is_upload = scope["type"] == "http" and _ENDPOINT in scope["path"]
        if not is_upload or scope["method"] in ("OPTIONS", "GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        place = _PLACE.search(scope["path"])
        session_id, file_id = place.groups() if place else ("", "")
        length = Headers(scope=scope).get("content-length", "")
        if scope["method"] == "DELETE":
            await self._app(scope, receive, send)
            self._access.release(session_id, file_id)
            return
        status, why = self._access.reserve(
            session_id, file_id, int(length) if length.isascii() and length.isdigit() else 0
        )
        if status == 200 and not length:
            self._access.release(session_id, file_id)
            status, why = 411, "An upload must say how long it is."
        if status != 200:
            refusal = PlainTextResponse(why, status, {"Connection": "close"})
            await refusal(scope, receive, send)
            return
        await self._forward(scope, receive, send, session_id, file_id)

    async def _forward(
        self, scope: Scope, receive: Receive, send: Send, session_id: str, file_id: str
    ) -> None:
        is_taken = False

        async def watch(message: Message) -> None:
            nonlocal is_taken
            if message["type"] == "http.response.start":
                is_taken = message["status"] < 300
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            if not is_taken:
                self._access.release(session_id, file_id)


def _drop(session_id: str, file_id: str) -> None:
    if runtime.exists():
        files: Any = runtime.get_instance().uploaded_file_mgr
        files.remove_file(session_id, file_id)
