"""``questions.csv``: what became of every question."""

import csv
from pathlib import Path

from ..evaluation import RetrievalOutcome, RetrievalReport

N_FOUND = 5
_COLUMNS = ("question", "kind", "split", "gold", "verdict", "outcome", "rank", "score", "ms")


def write(report: RetrievalReport, path: Path) -> None:
    """Write a row for each question, with the best passages and the other systems' verdicts.

    UTF-8 with a byte order mark: without it spreadsheets show Chinese as noise.
    """
    others = report.results[1:]
    found = [f"found{rank}" for rank in range(1, N_FOUND + 1)]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_COLUMNS, "found_question", *found, *(other.name for other in others)])
        for index, finding in enumerate(report.result.findings):
            verdicts = (other.findings[index].verdict for other in others)
            writer.writerow([*_row(finding), *verdicts])


def _row(finding: RetrievalOutcome) -> list[str]:
    ids = [passage.entry.faq_id for passage in finding.found[:N_FOUND]]
    return [
        finding.question.text,
        finding.question.kind,
        finding.question.split,
        ";".join(finding.question.gold),
        finding.verdict,
        finding.outcome,
        str(finding.rank or ""),
        f"{finding.score:.4f}",
        f"{finding.ms:.1f}",
        finding.found[0].entry.question if finding.found else "",
        *ids,
        *[""] * (N_FOUND - len(ids)),
    ]
