"""JSON and JSON Lines: lists of objects become tables with the keys as headings."""

import json
from pathlib import Path
from typing import Any

from ingest.content import Row, Table, UnreadableFile

from .limits import Limits
from .text import load

_EXPECTED = 'a list of objects is expected, e.g. [{"问题": …, "答案": …}]'


def read_json(path: Path, limits: Limits) -> tuple[Table, ...]:
    """The one table of a JSON or JSON Lines file.

    Its heading row has the number 0, as it is in no line of the file; the others are numbered
    by object in JSON and by line in JSON Lines.
    """
    text = load(path, limits)
    try:
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            records = _lines(text)
        else:
            records = _whole(text)
    except RecursionError as error:
        raise UnreadableFile("is nested too deeply to be read") from error
    keys: dict[str, None] = {}
    for _, record in records:
        keys.update(dict.fromkeys(record))
    if len(records) > limits.rows or len(records) * len(keys) > limits.cells:
        raise UnreadableFile(f"has more than {limits.rows} rows or {limits.cells} cells; split it")
    rows = (
        Row(number, tuple(_cell(record.get(key)) for key in keys)) for number, record in records
    )
    if not keys:
        raise UnreadableFile(f"has no objects; {_EXPECTED}")
    return (Table("", (Row(0, tuple(keys)), *rows)),)


def _whole(text: str) -> list[tuple[int, dict[str, Any]]]:
    try:
        value = _parse(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return _lines(text)
        raise UnreadableFile(f"line {error.lineno} is not JSON: {error.msg}") from error
    if isinstance(value, dict):
        # {"code": 0, "data": [{…}]}, as interfaces answer
        lists = [v for v in value.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
        value = lists[0] if len(lists) == 1 else [value]
    if not isinstance(value, list):
        raise UnreadableFile(f"holds a single value; {_EXPECTED}")
    for number, record in enumerate(value, 1):
        if not isinstance(record, dict):
            raise UnreadableFile(f"entry {number} is not an object; {_EXPECTED}")
    return list(enumerate(value, 1))


def _lines(text: str) -> list[tuple[int, dict[str, Any]]]:
    records: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = _parse(line)
        except json.JSONDecodeError as error:
            raise UnreadableFile(f"line {number} is not JSON: {error.msg}") from error
        if not isinstance(record, dict):
            raise UnreadableFile(f"line {number} is not an object; one object a line is expected")
        records.append((number, record))
    return records


def _parse(text: str) -> Any:
    # Numbers stay as they are written: no .0, no infinity, no million-digit arithmetic.
    return json.loads(text, parse_int=str, parse_float=str)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return "\n".join(value)
    return json.dumps(value, ensure_ascii=False)
