"""A Model Context Protocol server: other programs' models search our policies and speak here.

https://modelcontextprotocol.io, through the official SDK.
"""

import asyncio
import uuid
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from retrievers import Passage, Retriever

from ..policy_search import (
    SEARCH_DESCRIPTION,
    SEARCH_NAME,
    EncodableText,
    Query,
    Region,
    find_policies,
)
from ..protocol.requests import SayRequest
from ..protocol.responses import (
    SERVER_MESSAGE,
    EndedMessage,
    ErrorMessage,
    NoticeMessage,
    StartedMessage,
)
from ..responders.faq import entry_answer

MAX_SPOKEN_CHARS = 10_000
"""What fits into a message to the display, whose own setting is usually lower and says so."""
PATIENCE_S = 60.0
"""How long a display may take beside the second for each character that the slowest voice needs."""

SpokenText = Annotated[EncodableText, Field(max_length=MAX_SPOKEN_CHARS)]

INSTRUCTIONS = """\
Published answers and policy documents of Chinese public services. Answer only from what
search_policies returns, name the source, and say so when nothing fits.\
"""


def mcp_server(retriever: Retriever, *, display: str | None = None) -> MCPServer[Any]:
    """The server; it knows no visitors, only programs.

    Args:
        retriever: Where policies are looked up.
        display: The websocket address of a page that is open somewhere, with its session:
            ``ws://127.0.0.1:8765/v1?session=…``. Without one there is nobody to speak.
    """
    server: MCPServer[Any] = MCPServer("zhengwen", title="政问", instructions=INSTRUCTIONS)

    @server.tool(SEARCH_NAME, description=SEARCH_DESCRIPTION)
    def search_policies(query: Query, region: Region = None) -> list[dict[str, Any]]:
        return [_passage_record(p) for p in find_policies(retriever, query, region)]

    if display is not None:

        @server.tool()
        async def speak(text: SpokenText) -> str:
            """Let the presenter on the display say something aloud.

            Args:
                text: What to say, in full sentences.
            """
            try:
                return await _speak_on_display(display, text)
            except (OSError, ValueError, WebSocketException) as error:
                # of any other kind the client would not be told the text
                raise ToolError(str(error)) from error

    return server


def _passage_record(passage: Passage) -> dict[str, Any]:
    entry = passage.entry
    links = entry.links
    return {
        "question": entry.question,
        "answer": entry_answer(entry),
        "score": round(passage.score, 4),
        "source_title": entry.source_title,
        "source_url": links.document_url or links.portal_url,
        "portal": links.portal,
        "portal_url": links.portal_url,
        "issuer": entry.department,
        "number": entry.document_number,
        "region": entry.region,
        "valid_until": entry.valid_until,
        "notice": entry.notice,
    }


async def _speak_on_display(display: str, text: str) -> str:
    """Ask the server of a display to speak; returns when the whole reply was sent to the page.

    That is about when it has been heard: a server sends no faster than the page plays.

    Raises:
        OSError: The server is not there.
        WebSocketException: It is no server of ours, or wants another token.
        ValueError: It refuses, nobody would hear it, or it takes too long; the text says which.
    """
    patience_s = PATIENCE_S + len(text)
    try:
        async with asyncio.timeout(patience_s) as deadline:
            return await _speak(display, text)
    except TimeoutError:
        if not deadline.expired():
            raise
        raise ValueError(
            f"the display has not said it within {patience_s:.0f} s; it may be paused"
        ) from None


async def _speak(display: str, text: str) -> str:
    joined = "&" if "?" in display else "?"
    request = SayRequest(type="say", reply=uuid.uuid4().hex, text=text)
    is_busy = False
    # No proxy: a display is on this machine or in this house.
    async with connect(f"{display}{joined}role=ask", proxy=None, compression=None) as connection:
        await connection.send(request.encode())
        async for encoded in connection:
            message = SERVER_MESSAGE.validate_json(encoded)
            match message:
                case ErrorMessage(reply=None | request.reply):
                    raise ValueError(message.message)
                case StartedMessage(reply=request.reply, media="none"):
                    raise ValueError(
                        "nobody is listening: no page with this session is open on the display"
                    )
                case NoticeMessage(reply=request.reply, code="busy"):
                    is_busy = True
                case EndedMessage(reply=request.reply):
                    if is_busy:
                        raise ValueError(
                            "the display shows the words but does not speak: too much is being "
                            "rendered at the moment"
                        )
                    return f"said; it takes {message.duration_ms / 1000:.1f} s to hear"
    raise ValueError("the display's server went away")
