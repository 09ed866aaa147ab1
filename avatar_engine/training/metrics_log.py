"""What a run leaves to be looked at: ``curve.csv``, sample pictures, and TensorBoard's files."""

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2

from zhengwen.atomic_write import atomic_path

from .settings import TrainingError
from .task import RunProgress, ValidationScores


class MetricsLog:
    """Writes figures as they come.

    A run that goes on drops what was noted after the checkpoint that it goes on from.

    Args:
        run: The run's folder.
        step: Steps that are done.
        losses: Names, a column each.
        figures: Likewise; there is a column for each of them and each domain.

    Raises:
        TrainingError: TensorBoard is not installed.
    """

    def __init__(self, run: Path, step: int, losses: Sequence[str], figures: Sequence[str]) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise TrainingError(
                "training needs packages that are not installed: pip install 'zhengwen[train]'"
            ) from error
        self._path = run / "curve.csv"
        self._samples = run / "samples"
        self._columns = ["step", "seconds", "rate", "samples_per_s", *losses, "score", *figures]
        self._rows(step)
        self._board = SummaryWriter(run / "tensorboard", purge_step=step + 1)

    def note(
        self,
        progress: RunProgress,
        rate: float,
        pace: float,
        losses: dict[str, float],
        validation: ValidationScores | None,
    ) -> None:
        """Note a line."""
        figures: dict[str, float] = {}
        if validation:
            figures["score"] = validation.score
            for domain, values in validation.domains.items():
                figures |= {f"{domain}/{name}": value for name, value in values.items()}
        row = {
            "step": progress.step,
            "seconds": round(progress.seconds, 1),
            "rate": rate,
            "samples_per_s": round(pace, 2),
            **{name: round(value, 6) for name, value in (losses | figures).items()},
        }
        with self._path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, self._columns).writerow(row)
        board = {"rate": rate, "samples_per_s": pace}
        board |= {f"loss/{name}": value for name, value in losses.items()} | figures
        for name, value in board.items():
            self._board.add_scalar(name, value, progress.step)
        if validation and validation.picture is not None:
            self._samples.mkdir(exist_ok=True)
            path = self._samples / f"step-{progress.step:06d}.png"
            _, packed = cv2.imencode(".png", cv2.cvtColor(validation.picture, cv2.COLOR_RGB2BGR))
            path.write_bytes(packed.tobytes())
            self._board.add_image(
                "input, reference, target, drawn",
                validation.picture,
                progress.step,
                dataformats="HWC",
            )
        self._board.flush()

    def close(self) -> None:
        """Write what is left."""
        self._board.close()

    def _rows(self, step: int) -> None:
        """Begin the table, with the rows of an earlier run up to ``step``."""
        rows: list[dict[str, str]] = []
        if step and self._path.is_file():
            with self._path.open(newline="", encoding="utf-8") as file:
                rows = [row for row in csv.DictReader(file) if _step_of(row["step"]) <= step]
        with (
            atomic_path(self._path) as partial,
            partial.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, self._columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)


def _step_of(text: str | None) -> float:
    """Of a row's step; a row torn by a power cut has none."""
    return float(text) if text and text.isdigit() else float("inf")
