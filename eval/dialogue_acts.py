"""Whether emergencies and dialogue acts are met as what they are: ``python -m eval acts``."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table
from scipy.stats import binomtest

from agent.dialogue.acts import DialogueActs
from agent.dialogue.emergencies import shipped_recogniser
from agent.settings import Settings
from tts_engine.text import split_sentences
from zhengwen.assets import asset

EMERGENCY_MESSAGES = asset("dialogue", "emergency_messages.csv")
ACT_MESSAGES = asset("dialogue", "act_messages.csv")


@dataclass(frozen=True, slots=True)
class DialogueFigure:
    """How many of some messages were met as they should be."""

    what: str
    """``"emergencies"``, ``"no emergency"``, ``"acts"`` or ``"questions"``."""
    split: str
    """``dev`` was looked at while the tables were written, ``test`` was not."""
    language: str
    right: int
    total: int
    wrong: tuple[str, ...]
    """The messages that were taken for something else."""

    @property
    def share(self) -> float:
        """Of those met rightly, in [0, 1]."""
        return self.right / self.total


def measure_dialogue(
    settings: Settings, *, split: str | None = None, others: Sequence[Path] = ()
) -> list[DialogueFigure]:
    """Recall of emergencies and acts, and how rarely others are taken for them.

    An emergency is met if its first sentence has the number that the kind of the message asks for.

    Args:
        settings: Name the tables.
        split: Only messages of this split.
        others: Further files of questions (``question`` column) that are no emergencies.

    Raises:
        OSError: A file cannot be read.
        TableError: A table cannot be used.
    """
    emergencies = shipped_recogniser(settings.dialogue_folders)
    acts = DialogueActs(settings.dialogue_folders, hotline=settings.hotline)
    # Of danger to life, the first sentence must name the helpline as well.
    numbers = {
        kind: call[-1 if kind == "danger" else 0] for kind, call in emergencies.numbers().items()
    }
    judged: dict[tuple[str, str, str], list[tuple[str, bool]]] = {}
    for row in _rows(EMERGENCY_MESSAGES, split):
        found = emergencies.recognise(row["message"])
        expected = row["expected"]
        is_right = found is None
        if expected:
            first = split_sentences(found.text)[0] if found else ""
            is_right = numbers[expected] in first
        what = "emergencies" if expected else "no emergency"
        key = (what, row["split"], row["language"])
        judged.setdefault(key, []).append((row["message"], is_right))
    for row in _rows(ACT_MESSAGES, split):
        meaning = acts.intent(row["message"])
        what = "questions" if row["expected"] == "question" else "acts"
        is_right = (meaning.act or meaning.kind) == row["expected"]
        judged.setdefault((what, row["split"], row["language"]), []).append(
            (row["message"], is_right)
        )
    for path in others:
        key = (f"no emergency: {path.name}", "", "")
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                is_right = emergencies.recognise(row["question"]) is None
                judged.setdefault(key, []).append((row["question"], is_right))
    return [
        DialogueFigure(
            *key,
            sum(is_right for _, is_right in messages),
            len(messages),
            tuple(text for text, is_right in messages if not is_right),
        )
        for key, messages in judged.items()
    ]


def dialogue_table(figures: Sequence[DialogueFigure]) -> Table:
    """The figures, with the 95 % interval of each."""
    table = Table("messages", "split", "language", "right", "of", "share", "95 %")
    for figure in figures:
        interval = binomtest(figure.right, figure.total).proportion_ci(method="wilson")
        table.add_row(
            figure.what,
            figure.split,
            figure.language,
            str(figure.right),
            str(figure.total),
            f"{figure.share:.3f}",
            f"{interval.low:.3f} to {interval.high:.3f}",
        )
    return table


def _rows(path: Path, split: str | None) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if split in (None, row["split"]):
                yield row
