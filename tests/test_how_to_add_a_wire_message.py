"""A wire message is two types and a case; docs/how-to-add-a-wire-message.md is followed here."""

import json
import re
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from agent.protocol import requests, responses

PAGE = (Path(__file__).parent.parent / "docs" / "how-to-add-a-wire-message.md").read_text("utf-8")


@pytest.fixture
def added() -> dict[str, Any]:
    """The names of both modules, with the two classes of the page among them."""
    request, response, case = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    for module, program in ((requests, request), (responses, response)):
        scope = dict(vars(module))
        exec(program, scope)
        names |= {name: made for name, made in scope.items() if name not in vars(module)}
    names["requests"] = SimpleNamespace(**names)
    handler = "async def handle(request, session, connection):\n    match request:\n"
    exec(handler + textwrap.indent(case, " " * 8), names)
    return names


def test_the_request_is_parsed_among_the_others(added: dict[str, Any]) -> None:
    union: Any = requests.ClientMessage | added["CountRequest"]
    kinds: Any = Annotated[union, Field(discriminator="type")]
    adapter: TypeAdapter[Any] = TypeAdapter(kinds)
    assert isinstance(adapter.validate_json('{"type": "count"}'), added["CountRequest"])
    assert isinstance(adapter.validate_json('{"type": "ping"}'), requests.PingRequest)
    with pytest.raises(ValidationError):
        adapter.validate_json('{"type": "counts"}')


async def test_the_case_of_the_page_answers_it(added: dict[str, Any]) -> None:
    sent = []

    async def send_to(connection: str, text: str) -> None:
        sent.append((connection, json.loads(text)))

    session = SimpleNamespace(turns=["a", "b", "c"], send_to=send_to)
    await added["handle"](added["CountRequest"](type="count"), session, "here")
    assert sent == [("here", {"type": "counted", "questions": 3})]


def test_the_places_it_names_are_there() -> None:
    root = Path(__file__).parent.parent
    for path in re.findall(r"`([a-z_/]+/[\w./]+\.\w+)`", PAGE):
        assert (root / path).is_file(), path
    assert "case requests.RecallRequest():" in (
        root / "agent" / "serving" / "session_manager.py"
    ).read_text("utf-8")
