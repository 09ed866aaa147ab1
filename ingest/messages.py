"""What ``ingest`` says of files, rows and actions: a code with parameters, a text per language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Union

Language = Literal["en", "zh"]
Parameter = Union[str, int, "IngestMessage"]


@dataclass(frozen=True, slots=True)
class IngestMessage:
    """Something to be said to people, in the language they read.

    ``str()`` of it is English.
    """

    code: str
    """A key of :data:`TEXTS`, or ``"verbatim"`` for a text that has no code."""
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
    """A message of :data:`TEXTS`."""
    return IngestMessage(code, tuple(params.items()))


def verbatim(text: str) -> IngestMessage:
    """A text that is the same in every language: somebody else's words."""
    return IngestMessage("verbatim", (("text", text),))


class IngestError(ValueError):
    """Something cannot be done; the message says what is wrong and what to do.

    Args:
        code: Of :data:`TEXTS`.
        file: What the file is called, where the message is about one; it stands before the text.
        params: See :class:`IngestMessage`.
    """

    def __init__(self, code: str, *, file: str = "", **params: Parameter) -> None:
        self.message = message(code, **params)
        self.file = file
        super().__init__(f"{file}: {self.message}" if file else str(self.message))

    def about(self, file: str) -> "IngestError":
        """The same, about a file."""
        return type(self)(self.message.code, file=file, **dict(self.message.params))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.file)


def _rebuild(kind: type[IngestError], said: IngestMessage, file: str) -> IngestError:
    return kind(said.code, file=file, **dict(said.params))


TEXTS: dict[str, dict[Language, str]] = {
    # fields of an entry
    "field_question": {"en": "question", "zh": "问题"},
    "field_answer": {"en": "answer", "zh": "答案"},
    "field_wordings": {"en": "wordings", "zh": "其他问法"},
    "field_department": {"en": "department", "zh": "部门"},
    "field_source_title": {"en": "source title", "zh": "依据"},
    "field_notice": {"en": "notice", "zh": "提示"},
    # personal data
    "personal_data": {"en": "{field}: {kind} {shown}", "zh": "{field}：{kind} {shown}"},
    "pii_citizen_id": {"en": "citizen ID number", "zh": "身份证号码"},
    "pii_mobile_number": {"en": "mobile number", "zh": "手机号码"},
    "pii_bank_card": {"en": "bank card number", "zh": "银行卡号"},
    "pii_email": {"en": "e-mail address", "zh": "私人邮箱"},
    "pii_passport": {"en": "passport number", "zh": "护照或通行证号码"},
    "pii_plate_with_name": {"en": "number plate next to a name", "zh": "姓名旁的车牌号"},
    "pii_address_with_name": {"en": "home address next to a name", "zh": "姓名旁的住址"},
    # actions and outcomes of the journal
    "action_add": {"en": "add", "zh": "导入"},
    "action_remove": {"en": "remove", "zh": "撤下"},
    "action_release": {"en": "release", "zh": "放行"},
    "action_accept": {"en": "accept", "zh": "采纳"},
    "action_rebuild": {"en": "rebuild", "zh": "重建索引"},
    "action_sign in": {"en": "sign in", "zh": "登录"},
    "action_render": {"en": "render", "zh": "制作视频"},
    "file_taken_in": {
        "en": "{n_entries} entries, {n_bad} bad rows, {n_held} held back",
        "zh": "{n_entries} 条，问题行 {n_bad}，待审 {n_held}",
    },
    "file_failed": {"en": "failed: {reason}", "zh": "未导入：{reason}"},
    "n_entries": {"en": "{n} entries", "zh": "{n} 条"},
    "accepted": {
        "en": "{n_entries} entries, {n_held} held back",
        "zh": "{n_entries} 条，待审 {n_held}",
    },
    "consent_confirmed": {"en": "consent confirmed", "zh": "已确认本人同意"},
}
"""Code → language → text."""


def action_text(action: str, language: Language) -> str:
    """An action of the journal; as it was written where it is none that is known."""
    texts = TEXTS.get(f"action_{action}")
    return texts[language] if texts else action
