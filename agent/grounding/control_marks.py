"""What models write that is not meant for readers: control marks of chat templates, and thoughts.

Marks are those of GLM (``[gMASK]``, ``<|begin_of_box|>``), Qwen (``<|im_end|>``), DeepSeek
(``<｜end▁of▁sentence｜>``), Llama, Gemma, Kimi, Mistral (``[THINK]``), Seed (``<seed:think>``) and
gpt-oss (``<|channel|>analysis<|message|>``). They can be cut anywhere in a stream.
"""

import re

_TURN = r"(?:<[|｜](?:im_start|start|start_header_id|header_start)[|｜]>|<start_of_turn>)\s*"
"""What the name of a role follows."""
_MARK = re.compile(
    rf"{_TURN}(?:(?:assistant|model|system|user|tool)(?![a-z])\s*)?"
    r"|<[|｜]channel[|｜]>[^<\n]{0,40}<[|｜]message[|｜]>"
    r"|<[|｜][^<>|｜\n]{1,40}[|｜]>"
    r"|\[(?:g|s|c)?MASK\]|\[/?(?:INST|SYS|BOS|EOS|PAD|UNK|SEP|CLS)\]|<</?SYS>>"
    r"|</?(?:s|sop|eop|bos|eos|pad|unk|mask|sep|answer|output|response|start_of_turn|end_of_turn|"
    r"tool_call|tool_response|box|im_start|im_end|begin_of_box|end_of_box)>",
    re.I,
)
_THOUGHT_NAME = (
    "(?:[a-z]{1,12}:)?(?:think|thinking|thoughts?|reason|reasoning|reflection|scratchpad)"
)
_OPENING = re.compile(
    rf"[<＜]\s*[|｜]?\s*{_THOUGHT_NAME}\s*[|｜]?\s*[>＞]|\[think(?:ing)?\]|◁think▷"
    r"|<[|｜]begin_of_thought[|｜]>"
    r"|<[|｜]channel[|｜]>\s*(?:analysis|commentary)(?![a-z])[^<\n]{0,40}<[|｜]message[|｜]>",
    re.I,
)
_CLOSING = re.compile(
    rf"[<＜]\s*[|｜]?\s*/\s*{_THOUGHT_NAME}\s*[|｜]?\s*[>＞]|\[/think(?:ing)?\]|◁/think▷"
    r"|<[|｜]end_of_thought[|｜]>",
    re.I,
)
_FINAL_CHANNEL = re.compile(
    r"<[|｜]channel[|｜]>\s*final(?![a-z])[^<\n]{0,40}<[|｜]message[|｜]>", re.I
)
"""Ends a thought of gpt-oss; where there was none it is a mark like others."""
_BEGUN = re.compile(
    rf"(?:{_TURN}[a-z]{{0,9}}"
    r"|<[|｜]channel[|｜]>[^<\n]{0,42}(?:<[|｜]?[a-z]{0,8}[|｜]?)?"
    r"|[<＜]{1,2}[|｜/]{0,2}[^<>＜＞\n]{0,42}|\[/?[A-Za-z]{0,9}|◁/?[a-z]{0,6})$",
    re.I,
)


class ControlMarkFilter:
    """Takes pieces of what a model writes and gives what is meant to be read.

    Attributes:
        had_unopened_thought: A thought ended that had not begun: the chat template opens it for
            the model, so everything before was a thought.

    Args:
        starts_in_thought: The model's template opens a thought: nothing is given before it ends,
            or before the text ends without one.
    """

    def __init__(self, *, starts_in_thought: bool = False) -> None:
        self.had_unopened_thought = False
        self._is_thinking = starts_in_thought
        self._was_opened = False
        self._held = ""

    def add(self, piece: str) -> tuple[str, bool]:
        """What a piece adds, and whether all that was given before was a thought."""
        self._held += piece
        given, was_thought = "", False
        while True:
            closing = _CLOSING.search(self._held)
            if self._is_thinking and not closing:
                closing = _FINAL_CHANNEL.search(self._held)
            opening = None if self._is_thinking else _OPENING.search(self._held)
            if opening and not (closing and closing.start() < opening.start()):
                given += self._held[: opening.start()]
                self._held = self._held[opening.end() :]
                self._is_thinking = self._was_opened = True
            elif closing:
                if not self._was_opened:
                    self.had_unopened_thought = was_thought = True
                    given = ""
                self._held = self._held[closing.end() :]
                self._is_thinking = self._was_opened = False
            else:
                break
        if self._is_thinking:
            return _MARK.sub("", given), was_thought
        begun = _BEGUN.search(self._held)
        cut = begun.start() if begun else len(self._held)
        given, self._held = given + self._held[:cut], self._held[cut:]
        whole = _MARK.sub("", given)
        return whole, was_thought

    def rest(self) -> str:
        """What is left when nothing more comes: a thought that was opened stays unread."""
        rest, self._held = self._held, ""
        if self._is_thinking and self._was_opened:
            return ""
        return _MARK.sub("", rest)


def readable(written: str, *, starts_in_thought: bool = False) -> str:
    """What of a whole text is meant to be read.

    >>> readable("用户想知道费用。</think>补领收费吗？<|im_end|>")
    '补领收费吗？'
    """
    marks = ControlMarkFilter(starts_in_thought=starts_in_thought)
    text, _ = marks.add(written)
    return (text + marks.rest()).strip()
