"""Emergencies and distress: whom to call at once, said before anything is looked up.

A message is read sentence by sentence. A sentence tells of an emergency if it has a sign of one
(somebody or something, and the state it is in), unless it is plainly about something else: numbers,
procedures, prevention, claims, jobs, statistics, or what is long over. Because wordings have no
end, a classifier is asked as well (:mod:`.emergency_classifier`). What is answered is never learned
or looked up: it can be read in the tables ``assets/dialogue/emergencies.*.yaml`` and changed there.
The numbers are those of mainland China.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrievers import language_of

from .emergency_classifier import EmergencyClassifier, shipped_emergency_classifier
from .tables import (
    TableError,
    TableLanguage,
    compile_patterns,
    plain,
    read_as_chinese,
    read_table,
    sentences,
    words_of,
)


@dataclass(frozen=True, slots=True)
class Emergency:
    """What somebody is in, and what they are told."""

    kind: str
    """As the table calls it, such as ``"fire"``; the most urgent one."""
    numbers: tuple[str, ...]
    """Whom to call, the most urgent first."""
    text: str
    """What to do now; its first sentence has the numbers."""


@dataclass(frozen=True, slots=True)
class _EmergencyKind:
    name: str
    numbers: tuple[str, ...]
    text: str
    signs: re.Pattern[str]
    about: re.Pattern[str]
    """What a sentence with a sign may be about instead."""


class EmergencyTable:
    """The emergencies of one language.

    Args:
        language: ``"zh"`` or ``"en"``.
        folders: See :func:`~agent.dialogue.tables.read_table`.

    Raises:
        TableError: A kind lacks something, or a pattern is wrong.
    """

    def __init__(self, language: TableLanguage, folders: Sequence[Path]) -> None:
        table = read_table("emergencies", language, folders)
        self._and = "、" if language == "zh" else ", "
        self._last_and = "或" if language == "zh" else " or "
        self._same = dict(table.get("same") or {})
        words = table.get("words") or {}
        self.expected = words_of(table) if language == "zh" else frozenset()
        self._now = compile_patterns(table.get("now") or [], words, language)
        self._idioms = compile_patterns(table.get("idioms") or [], words, language)
        about = table.get("about") or {}
        self._kinds = [
            _emergency_kind(name, values, about, words, language)
            for name, values in table["kinds"].items()
        ]

    def kinds_told_of(self, text: str) -> list[str]:
        """The kinds of emergency that a message has signs of, the most urgent first."""
        said = sentences(self._idioms.sub("", plain(text, self._same)))
        return [
            kind.name for kind in self._kinds if any(self._is_told(kind, part) for part in said)
        ]

    def has_sign(self, text: str) -> bool:
        """Whether a message has a sign of an emergency, even if it is about something else."""
        said = plain(text, self._same)
        return any(kind.signs.search(said) for kind in self._kinds)

    def emergency(self, names: Iterable[str]) -> Emergency | None:
        """What is to be said of kinds of emergency; None if there are none.

        Args:
            names: As the table calls them; others are left out. The text is that of the first,
                and who is to be called for the others is named with it.
        """
        by_name = {kind.name: kind for kind in self._kinds}
        found = [by_name[name] for name in dict.fromkeys(names) if name in by_name]
        if not found:
            return None
        numbers = tuple(dict.fromkeys(number for kind in found for number in kind.numbers))[:3]
        return Emergency(
            found[0].name, numbers, found[0].text.format(numbers=self._joined(numbers))
        )

    def without_idioms(self, text: str) -> str:
        """What is left of a text without what only sounds like an emergency."""
        said = plain(text, self._same)
        return self._idioms.sub("", said) if self._idioms.search(said) else text

    def numbers(self) -> dict[str, tuple[str, ...]]:
        """Whom to call, for each kind."""
        return {kind.name: kind.numbers for kind in self._kinds}

    def all_texts(self) -> Iterator[str]:
        """The text of each kind on its own."""
        for kind in self._kinds:
            yield kind.text.format(numbers=self._joined(kind.numbers))

    def _is_told(self, kind: _EmergencyKind, sentence: str) -> bool:
        if not kind.signs.search(sentence):
            return False
        return bool(self._now.search(sentence)) or not kind.about.search(sentence)

    def _joined(self, numbers: Sequence[str]) -> str:
        *first, last = numbers
        return self._last_and.join([self._and.join(first), last]) if first else last


class EmergencyRecogniser:
    """Recognises emergencies in Chinese and in English.

    Args:
        folders: Where the tables lie, and what an operator adds to them.
        classifier: The second opinion; None: the tables stand alone.
    """

    def __init__(
        self, folders: Sequence[Path], classifier: EmergencyClassifier | None = None
    ) -> None:
        self._classifier = classifier
        self._tables: dict[TableLanguage, EmergencyTable] = {
            "zh": EmergencyTable("zh", folders), "en": EmergencyTable("en", folders)
        }  # fmt: skip

    def recognise(self, text: str) -> Emergency | None:
        """The emergency that a message tells of, in the message's language; None if none.

        What is typed in pinyin is read as Chinese.
        """
        language = language_of(text)
        if not language:
            return None
        table = self._tables["en" if language == "en" else "zh"]
        told = table.kinds_told_of(text)
        readings = read_as_chinese(text, self._tables["zh"].expected)
        if self._classifier is not None and not readings:  # it knows no pinyin
            likely = self._classifier.kinds(table.without_idioms(text))
            # Where the two contradict each other, the signs stand there for another reason.
            told = [*told, *likely] if set(told) & set(likely) else [*likely, *told]
        return table.emergency(told) or self._recognise_pinyin(readings)

    def _recognise_pinyin(self, readings: Iterable[str]) -> Emergency | None:
        """The emergency that a message in pinyin tells of, in Chinese; by its signs alone.

        The classifier is not asked, because words of the same sound make other sentences.
        """
        table = self._tables["zh"]
        for reading in readings:
            if told := table.kinds_told_of(reading):
                return table.emergency(told)
            if table.has_sign(reading):  # and is about something else, or only sounds like it
                return None
        return None

    def numbers(self) -> dict[str, tuple[str, ...]]:
        """Whom to call, for each kind of either language."""
        return {
            kind: numbers
            for table in self._tables.values()
            for kind, numbers in table.numbers().items()
        }

    def all_texts(self) -> Iterator[str]:
        """Every text for one kind of emergency."""
        for table in self._tables.values():
            yield from table.all_texts()


def shipped_recogniser(folders: Sequence[Path]) -> EmergencyRecogniser:
    """The recogniser of the tables in some folders, with the classifier in the first.

    Raises:
        TableError: A table cannot be used.
        ValueError: The classifier's file is missing or broken.
    """
    return EmergencyRecogniser(folders, shipped_emergency_classifier(folders[0]))


def _emergency_kind(
    name: str, values: Any, about: dict[str, list[str]], words: dict[str, str], language: str
) -> _EmergencyKind:
    try:
        numbers = tuple(map(str, values["numbers"]))
        text, signs = str(values["text"]).strip(), values["signs"]
        text.format(numbers="")
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise TableError(f"emergency {name!r} needs numbers, text and signs: {error}") from error
    if not numbers or "{numbers}" not in text:
        raise TableError(f"emergency {name!r}: the text must name its {{numbers}}")
    ignored = values.get("ignores") or []
    if unknown := set(ignored) - about.keys():
        raise TableError(f"emergency {name!r} ignores {sorted(unknown)}, which is not in 'about'")
    other = [p for group, patterns in about.items() if group not in ignored for p in patterns]
    return _EmergencyKind(
        name,
        numbers,
        text,
        compile_patterns(signs, words, language),
        compile_patterns([*other, *(values.get("about") or [])], words, language),
    )
