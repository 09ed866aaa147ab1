"""What ``ingest`` says of files, rows and actions: a code with parameters, a text per language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, Union

from .message_texts import TEXTS, Language

Parameter = Union[str, int, "IngestMessage"]


@dataclass(frozen=True, slots=True)
class IngestMessage:
    """Something to be said to people, in the language they read.

    ``str()`` of it is English.
    """

    code: str
    """A key of :data:`~ingest.message_texts.TEXTS`; ``"verbatim"`` for a text without code."""
    params: tuple[tuple[str, Parameter], ...] = ()
    """Names and values of what the text has in braces; a message among them is said in the same
    language."""

    def text(self, language: Language = "en") -> str:
        """The text in a language."""
        values = {
            name: value.text(language) if isinstance(value, IngestMessage) else value
            for name, value in self.params
        }
        if self.code == "verbatim":
            return str(values["text"])
        return TEXTS[self.code][language].format(**values)

    def __str__(self) -> str:
        return self.text()

    def to_json(self) -> dict[str, object]:
        """The inverse of :meth:`from_json`."""
        params = {
            name: value.to_json() if isinstance(value, IngestMessage) else value
            for name, value in self.params
        }
        return {"code": self.code, "params": params}

    @classmethod
    def from_json(cls, value: object) -> "IngestMessage":
        """A message from its JSON value; a plain text, as older journals hold, stays as it is."""
        if not isinstance(value, Mapping) or value.get("code") not in (*TEXTS, "verbatim"):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            return verbatim(text)
        params = {
            name: cls.from_json(item) if isinstance(item, Mapping) else item
            for name, item in value["params"].items()
        }
        return cls(value["code"], tuple(params.items()))


def message(code: str, **params: Parameter) -> IngestMessage:
    """A message of :data:`~ingest.message_texts.TEXTS`."""
    return IngestMessage(code, tuple(params.items()))


def verbatim(text: str) -> IngestMessage:
    """A text that is the same in every language: somebody else's words."""
    return IngestMessage("verbatim", (("text", text),))


class IngestError(ValueError):
    """Something cannot be done; the message says what is wrong and what to do.

    Args:
        code: Of :data:`~ingest.message_texts.TEXTS`.
        file: What the file is called, where the message is about one; it stands before the text.
        params: See :class:`IngestMessage`.
    """

    def __init__(self, code: str, *, file: str = "", **params: Parameter) -> None:
        self.message = message(code, **params)
        self.file = file
        super().__init__(f"{file}: {self.message}" if file else str(self.message))

    @classmethod
    def of(cls, said: IngestMessage, *, file: str = "") -> Self:
        """The error with a message that is there already."""
        return cls(said.code, file=file, **dict(said.params))

    def about(self, file: str) -> Self:
        """The same, about a file."""
        return self.of(self.message, file=file)

    def __reduce__(self) -> tuple[object, ...]:
        # Without its causes: those of a library may not be sent from process to process.
        return _rebuild, (type(self), self.message, self.file)


def _rebuild(kind: type[IngestError], said: IngestMessage, file: str) -> IngestError:
    return kind.of(said, file=file)


def field_name(name: str) -> IngestMessage:
    """What a field of an entry is called."""
    return message(f"field_{name}")


def unopenable(error: OSError) -> IngestMessage:
    """Why a file cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return message("no_such_file")
    if isinstance(error, PermissionError):
        return message("no_permission")
    return message("cannot_be_opened", detail=error.strerror or str(error))


def action_text(action: str, language: Language) -> str:
    """An action of the journal; as it was written where it is none that is known."""
    texts = TEXTS.get(f"action_{action}")
    return texts[language] if texts else action
