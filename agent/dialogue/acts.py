"""Dialogue acts: thanks, a wish to hear it again, a complaint, and whatever else is no question.

A message is cut into clauses. It is an act if each of its clauses is one, and a question if any
clause is none; what is merely polite is then left out of the question. All patterns and texts are
in the tables ``assets/dialogue/acts.*.yaml``.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from retrievers import language_of
from tts_engine.text import split_sentences

from ..types import Answer, Turn
from .tables import (
    TableError,
    TableLanguage,
    compile_patterns,
    plain,
    read_as_chinese,
    read_table,
    words_of,
)

_MARKS = re.compile(r"[，。！？、；：~～…,.!?;:\n]+|(?<=[\u3400-\u9fff])\s+|\s+(?=[\u3400-\u9fff])")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
MAX_ACT_CHARACTERS = 50
"""Characters of a clause; who says more asks something."""

MAX_HINT_CHARACTERS: dict[TableLanguage, int] = {"zh": 14, "en": 45}
"""Characters of a clause in which a few words can tell an act."""

IntentKind = Literal["act", "pick", "question"]


@dataclass(frozen=True, slots=True)
class Intent:
    """What a message is meant as."""

    kind: IntentKind
    act: str = ""
    """The name of the act, for ``"act"``."""
    question: str = ""
    """What is to be looked up, for ``"question"``: the message without what is merely polite."""
    place: int = 0
    """Which of the offered questions, for ``"pick"``: 1 is the first, -1 the last."""
    is_pinyin: bool = False
    """It was typed in pinyin, and is answered in Chinese; never for ``"question"``."""


class ActTable:
    """The acts of one language.

    Args:
        language: ``"zh"`` or ``"en"``.
        folders: See :func:`~agent.dialogue.tables.read_table`.

    Raises:
        TableError: An act lacks something, or a pattern is wrong.
    """

    def __init__(self, language: TableLanguage, folders: Sequence[Path]) -> None:
        table = read_table("acts", language, folders)
        words = dict(table.get("words") or {})
        self.expected = words_of(table) if language == "zh" else frozenset()
        self._same = dict(table.get("same") or {})
        space = " *" if language == "en" else ""
        before, after = (
            f"(?:(?:{'|'.join(around)}){space}){{0,5}}" for around in _around(table, words)
        )
        self._acts: dict[str, re.Pattern[str]] = {}
        self._hints: dict[str, re.Pattern[str]] = {}
        self._matters = compile_patterns(table.get("matters") or [], words, language)
        self._longest_hint = MAX_HINT_CHARACTERS[language]
        self._texts: dict[str, dict[str, str]] = {}
        for name, act in table["acts"].items():
            try:
                says, text = act["says"], str(act["text"])
            except (KeyError, TypeError) as error:
                raise TableError(f"act {name!r} needs a text and what it says") from error
            whole = _bounded(compile_patterns(says, words, language).pattern)
            self._acts[name] = re.compile(f"{before}(?:{whole}){space}{after}")
            self._hints[name] = compile_patterns(act.get("hints") or [], words, language)
            self._texts[name] = {"text": text, "nothing": str(act.get("nothing", text))}
        courtesies = table.get("courtesies") or {}
        self._before = frozenset(courtesies.get("before") or ())
        self._after = frozenset(courtesies.get("after") or ())
        lead = compile_patterns(table.get("lead") or [], words, language).pattern
        self._lead = re.compile(f"(?:{lead})\\s*(?=.{{2}})")
        self._picks = {
            int(place): re.compile(
                f"{before}(?:{compile_patterns(patterns, words, language).pattern}){space}{after}"
            )
            for place, patterns in (table.get("picks") or {}).items()
        }
        self._agrees = compile_patterns(table.get("agrees") or [], words, language)
        self._bring = compile_patterns(
            [table["bring"]] if "bring" in table else [], words, language
        )

    def intent(self, text: str, *, n_offered: int = 0) -> Intent:
        """What a message is meant as.

        Args:
            text: As it was typed or heard.
            n_offered: How many questions were offered just before.
        """
        clauses = [clause for part in _MARKS.split(text) if (clause := self._plain(part))]
        if not clauses:
            return Intent("question", question=text)
        if n_offered and (place := self._picked(clauses, n_offered)):
            return Intent("pick", place=place)
        acts = [self._act(clause) for clause in clauses]
        if all(acts):
            return Intent("act", act=next(name for name in self._acts if name in acts))
        if whole := self._said_whole(("" if language_of(text) != "en" else " ").join(clauses)):
            return Intent("act", act=whole)
        return Intent("question", question=self._question(text))

    def text(self, act: str, *, has_answer: bool, **values: str) -> str:
        """What is answered to an act."""
        return self._texts[act]["text" if has_answer else "nothing"].format(**values)

    def in_short(self, answer: str) -> str:
        """The first sentence of an answer, and what it says about what to bring."""
        parts = split_sentences(answer)
        kept = parts[:1] + [part for part in parts[1:] if self._bring.search(part)][:1]
        return "".join(kept).strip()

    def all_texts(self, hotline: str) -> Iterator[str]:
        """The texts that do not depend on what was said before."""
        for texts in self._texts.values():
            for text in texts.values():
                if "{short}" not in text and "{again}" not in text:
                    yield text.format(hotline=hotline)

    def _plain(self, clause: str) -> str:
        return _EDGES.sub("", plain(clause, self._same))

    def _act(self, clause: str) -> str | None:
        return self._said_whole(clause) or self._hinted(clause)

    def _said_whole(self, clause: str) -> str | None:
        if not clause or len(clause) > MAX_ACT_CHARACTERS:
            return None
        return next((name for name, says in self._acts.items() if says.fullmatch(clause)), None)

    def _hinted(self, clause: str) -> str | None:
        """The act that a short clause hints at, if it names no matter of public service."""
        if not clause or len(clause) > self._longest_hint or self._matters.search(clause):
            return None
        return next((name for name, says in self._hints.items() if says.search(clause)), None)

    def _picked(self, clauses: Sequence[str], n_offered: int) -> int:
        for clause in clauses:
            for place, says in self._picks.items():
                if abs(place) <= n_offered and says.fullmatch(clause):
                    return place
        return 1 if n_offered == 1 and self._agrees.fullmatch(clauses[0]) else 0

    def _question(self, text: str) -> str:
        """The message without what is merely polite, before it and after it."""
        ends = [mark.end() for mark in _MARKS.finditer(text)]
        starts = [0, *(end for end in ends if end < len(text))]
        acts = [
            self._act(self._plain(text[start:end]))
            for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
        ]
        first, last = 0, len(acts)
        while first < last and acts[first] in self._before:
            first += 1
        while last > first and acts[last - 1] in self._after:
            last -= 1
        asked = text[starts[first] if first < len(starts) else 0 :]
        if last < len(acts):
            asked = asked[: starts[last] - len(text)]
        lead = self._lead.match(asked.lower())
        return (asked[lead.end() :] if lead else asked).strip() or text


class DialogueActs:
    """Knows dialogue acts in Chinese and in English.

    Args:
        folders: Where the tables lie, and what an operator adds to them.
        hotline: Whom to call for a person.
    """

    def __init__(self, folders: Sequence[Path], *, hotline: str) -> None:
        self._tables: dict[TableLanguage, ActTable] = {
            "zh": ActTable("zh", folders), "en": ActTable("en", folders)
        }  # fmt: skip
        self._hotline = hotline

    def intent(self, text: str, history: Sequence[Turn] = ()) -> Intent:
        """What a message is meant as, after what was said before."""
        language = language_of(text)
        table = self._tables["en" if language == "en" else "zh"]
        n_offered = len(offered(history))
        intent = table.intent(text, n_offered=n_offered)
        if intent.kind != "question":
            return intent
        chinese = self._tables["zh"]
        for reading in read_as_chinese(text, chinese.expected):
            read = chinese.intent(reading, n_offered=n_offered)
            if read.kind != "question":
                return replace(read, is_pinyin=True)
        return intent

    def answer(self, act: str, language: str, history: Sequence[Turn]) -> Answer:
        """The answer to an act.

        Args:
            act: Its name.
            language: BCP 47 tag.
            history: What was asked before, the latest last.
        """
        table = self._tables["en" if language.lower().startswith("en") else "zh"]
        last = last_answer(history)
        short = table.in_short(last.text) if last else ""
        again = last.text if last else ""
        text = table.text(
            act, has_answer=last is not None, hotline=self._hotline, short=short, again=again
        )
        return Answer(
            text,
            "greeted",
            act=act,
            numbers=(self._hotline,) if act == "hand_over" else (),
            is_verbatim=last is None or last.is_verbatim or again not in text,
        )

    def all_texts(self) -> Iterator[str]:
        """The texts that do not depend on what was said before."""
        for table in self._tables.values():
            yield from table.all_texts(self._hotline)


def last_answer(history: Sequence[Turn]) -> Answer | None:
    """What was last answered to a question, or in an emergency."""
    said = (turn.answer for turn in reversed(history))
    return next((answer for answer in said if answer.act in ("", "emergency")), None)


def offered(history: Sequence[Turn]) -> tuple[str, ...]:
    """The questions that were last offered, if nothing was answered since."""
    last = last_answer(history)
    return last.suggestions if last else ()


def _around(table: dict[str, Any], words: dict[str, str]) -> tuple[list[str], list[str]]:
    """What may stand before an act, and what behind it."""
    around = table.get("around") or ["", ""]
    if len(around) < 2:
        raise TableError("'around' needs two patterns: before an act, and after it")
    expanded = [re.sub(r"<([a-z_]+)>", lambda match: f"(?:{words[match[1]]})", p) for p in around]
    return expanded[0::2], expanded[1::2]


def _bounded(pattern: str) -> str:
    """The pattern with repeated groups repeated six times at most.

    A repetition of words that overlap takes exponential time on a text that nearly matches.
    """
    return re.sub(r"\)\+", "){1,6}", re.sub(r"\)\*", "){0,6}", pattern))
