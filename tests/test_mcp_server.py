"""The MCP server, used by the official SDK's own client."""

import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

pytest.importorskip("mcp", reason="pip install 'zhengwen[mcp]'")

from mcp import Client
from mcp.types import TextContent

from agent.build import LoadedStages
from agent.langchain.tools import agent_tools
from agent.protocol.responses import decode_binary
from agent.serving import mcp
from agent.serving.mcp import mcp_server

KIOSK = "kiosk-0001"


async def told(client: Client, tool: str, **given: Any) -> Any:
    result = await client.call_tool(tool, given)
    text = getattr(result.content[0], "text", "") if result.content else ""
    assert not result.is_error, text
    return result.structured_content["result"] if result.structured_content else text


async def test_policies_are_found_with_source_and_score(stages: LoadedStages) -> None:
    async with Client(mcp_server(stages.retriever)) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["search_policies"]
        found = await told(client, "search_policies", query="身份证丢了怎么补办")
    assert "派出所" in found[0]["answer"] and found[0]["source_url"].startswith("https://")
    assert 1 >= found[0]["score"] >= found[-1]["score"] >= 0


async def test_the_search_is_the_same_tool_as_langchains(stages: LoadedStages) -> None:
    async with Client(mcp_server(stages.retriever)) as client:
        [offered] = (await client.list_tools()).tools
        assert await told(client, "search_policies", query=" ") == []
    ours = agent_tools(stages.retriever, None, hotline="12345")[0]
    assert (offered.name, offered.description) == (ours.name, ours.description)
    described = {name: p["description"] for name, p in ours.args.items()}
    assert described == {
        name: p["description"] for name, p in offered.input_schema["properties"].items()
    }


@pytest.mark.parametrize(
    "given",
    [
        {"query": "身份证丢了怎么补办" * 12_000},
        {"query": "身份证", "region": "省" * 101},
        {"query": "x" * 501},
        {"query": "身份证\ud800"},
    ],
)
async def test_a_query_out_of_bounds_is_refused_and_the_next_one_is_answered(
    stages: LoadedStages, given: dict[str, str]
) -> None:
    async with Client(mcp_server(stages.retriever)) as client:
        refused = await client.call_tool("search_policies", given)
        assert refused.is_error
        [said] = refused.content
        assert isinstance(said, TextContent) and len(said.text) < 1000
        assert await told(client, "search_policies", query="身份证丢了怎么补办" + "？" * 490)


@pytest.mark.parametrize("text", ["请" * 100_000, "请到\ud800"])
async def test_what_does_not_fit_a_message_to_the_display_is_an_error_in_words(
    stages: LoadedStages, display: str, text: str
) -> None:
    async with Client(mcp_server(stages.retriever, display=display)) as client:
        result = await client.call_tool("speak", {"text": text})
    assert result.is_error and result.content


@pytest_asyncio.fixture
async def display(address: str) -> str:
    return f"{address}?session={KIOSK}"


async def test_the_presenter_on_a_display_says_what_it_is_told(
    stages: LoadedStages, display: str
) -> None:
    async with connect(display, max_size=None, proxy=None) as page:
        async with Client(mcp_server(stages.retriever, display=display)) as client:
            said = await told(client, "speak", text="请到三号窗口。")
        assert "to hear" in str(said)
        kinds, texts = [], []
        while "ended" not in texts:
            message = await page.recv()
            if isinstance(message, bytes):
                kinds.append(decode_binary(message)[0]["kind"])
            else:
                texts.append(json.loads(message)["type"])
    assert "sentence" in texts and "media" in kinds


async def test_what_cannot_be_said_is_an_error_in_words(stages: LoadedStages, display: str) -> None:
    async with Client(mcp_server(stages.retriever, display=display)) as client:
        result = await client.call_tool("speak", {"text": " "})
    assert result.is_error and result.content


async def test_speaking_to_nobody_says_that_nobody_listens(
    stages: LoadedStages, display: str
) -> None:
    async with Client(mcp_server(stages.retriever, display=display)) as client:
        result = await client.call_tool("speak", {"text": "请到三号窗口。"})
    [said] = result.content
    assert isinstance(said, TextContent)
    assert result.is_error and "nobody is listening" in said.text


async def test_a_display_that_is_not_there_is_an_error(stages: LoadedStages) -> None:
    gone = mcp_server(stages.retriever, display="ws://127.0.0.1:9/v1?session=kiosk-0001")
    async with Client(gone) as client:
        assert (await client.call_tool("speak", {"text": "您好"})).is_error


async def test_a_display_that_wants_another_token_is_an_error_that_says_so(
    stages: LoadedStages,
) -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(HTTPStatus.UNAUTHORIZED, "the token is wrong or missing\n")

    async with serve(ServerConnection.wait_closed, "127.0.0.1", 0, process_request=refuse) as wary:
        assert "401" in await refusal(stages, wary)


async def test_a_display_that_never_answers_is_an_error_and_does_not_hang(
    stages: LoadedStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp, "PATIENCE_S", -1.5)  # "您好" adds two seconds
    async with serve(ServerConnection.wait_closed, "127.0.0.1", 0) as silent:
        assert "has not said it" in await refusal(stages, silent)


async def refusal(stages: LoadedStages, display: Server) -> str:
    """Why a display cannot say something."""
    address = f"ws://127.0.0.1:{display.sockets[0].getsockname()[1]}/v1?session={KIOSK}"
    async with Client(mcp_server(stages.retriever, display=address)) as client:
        result = await client.call_tool("speak", {"text": "您好"})
    [said] = result.content
    assert result.is_error and isinstance(said, TextContent)
    return said.text


def test_the_example_in_the_documentation_is_no_longer_than_it_claims() -> None:
    text = (Path(__file__).parent.parent / "docs" / "agent.md").read_text("utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    compile(code, "docs/agent.md", "exec")
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
