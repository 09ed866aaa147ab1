"""The protocol's JSON Schema is current, and both ends keep to it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent.protocol.requests import AskRequest, FeedbackRequest, ForgetRequest, RecallRequest
from agent.protocol.responses import ErrorMessage, PongMessage, StartedMessage, answer_message
from agent.protocol.schema import schema_text
from agent.types import Answer
from retrievers import Conflict, FaqEntry, Passage

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "docs" / "protocol.schema.json").read_text("utf-8"))


def validator(definition: str) -> Draft202012Validator:
    return Draft202012Validator({**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{definition}"}]})


def test_the_schema_in_the_documentation_is_current() -> None:
    assert (ROOT / "docs" / "protocol.schema.json").read_text("utf-8") == schema_text(), (
        "run: python -m agent protocol-schema > docs/protocol.schema.json"
    )


def test_messages_of_the_browser_player_fit_the_schema() -> None:
    script = (ROOT / "page" / "visitor" / "player.js").read_text("utf-8")
    sent = re.findall(r"\bsend\(\{ (type: [^}]*?) \}\)", script)
    values = {"reply": "r1", "position_ms": 40}
    kinds = set()
    for fields in sent:
        names = [field.partition(":")[0].strip() for field in fields.split(", ")]
        kind = re.search(r'type: "(\w+)"', fields)
        assert kind is not None
        kinds.add(kind[1])
        validator("client_message").validate(
            {name: kind[1] if name == "type" else values[name] for name in names}
        )
    assert kinds == {"ping", "played", "stop", "idle"}


@pytest.mark.parametrize(
    "message",
    [
        AskRequest(type="ask", reply="r1", text="您好", language="en"),
        FeedbackRequest(type="feedback", reply="r1", rating=-1),
        RecallRequest(type="recall"),
        ForgetRequest(type="forget"),
    ],
)
def test_typed_requests_fit_the_schema(message: Any) -> None:
    validator("client_message").validate(json.loads(message.encode()))


@pytest.mark.parametrize(
    "message",
    [
        StartedMessage(reply="r1", media="none"),
        ErrorMessage(reply=None, code="bad_message", message="?"),
        PongMessage(),
    ],
)
def test_typed_answers_fit_the_schema(message: Any) -> None:
    validator("server_message").validate(json.loads(message.encode()))


def test_an_answer_says_how_the_question_was_read_and_what_contradicts_it() -> None:
    entry = FaqEntry("fine", "身份证过期没换会被罚款吗？", "公安机关予以警告。")
    passage = Passage(entry, 0.31, Conflict("expired", ("没过期",), ("过期",)))
    answer = Answer("抱歉", "refused", read_as="身份证没过期", candidates=(passage,))
    message = json.loads(answer_message("r1", answer).encode())
    validator("server_message").validate(message)
    [candidate] = message["debug"]["candidates"]
    assert message["debug"]["read_as"] == "身份证没过期"
    assert (candidate["id"], candidate["conflict"]["kind"]) == ("fine", "expired")
    assert "“没过期”" in candidate["conflict"]["text"]["zh"]


@pytest.mark.parametrize("wrong", [{"type": "dance"}, {"type": "ask"}, {"text": "您好"}])
def test_the_schema_can_say_no(wrong: dict[str, Any]) -> None:
    assert not validator("client_message").is_valid(wrong)
