"""The protocol as a JSON Schema, for people who write clients in other languages."""

import json
from typing import Any

from .requests import CLIENT_MESSAGE
from .responses import BINARY_HEADER, PROTOCOL_VERSION, SERVER_MESSAGE

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def protocol_schema() -> dict[str, Any]:
    """A schema (draft 2020-12) with three definitions to check a message against.

    ``#/$defs/client_message`` is any text message of a client, ``#/$defs/server_message`` any text
    message of the server, ``#/$defs/binary_header`` the header of any binary message.
    """
    template = "#/$defs/{model}"
    schemas = {
        "client_message": CLIENT_MESSAGE.json_schema(ref_template=template),
        "server_message": SERVER_MESSAGE.json_schema(mode="serialization", ref_template=template),
        "binary_header": BINARY_HEADER.json_schema(mode="serialization", ref_template=template),
    }
    definitions: dict[str, Any] = {}
    for name, schema in schemas.items():
        definitions |= schema.pop("$defs")
        definitions[name] = schema
    return {
        "$schema": DIALECT,
        "title": f"Zhengwen wire protocol, version {PROTOCOL_VERSION}",
        "anyOf": [
            {"$ref": "#/$defs/client_message"},
            {"$ref": "#/$defs/server_message"},
        ],
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """The schema as it stands in ``docs/protocol.schema.json``."""
    return json.dumps(protocol_schema(), ensure_ascii=False, indent=2) + "\n"
