"""Every line of docs/security.md names tests that exist, or says that it is the operator's."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text("utf-8")
ROWS = [
    line.strip("| ").split(" | ")
    for line in TEXT.splitlines()
    if line.startswith("| ") and "Tests, or operator" not in line
]


def test_every_line_names_its_tests_or_the_operator() -> None:
    assert len(ROWS) > 30
    for about, *_, proof in ROWS:
        tests = re.findall(r"`(test_\w+\.py)`", proof)
        assert tests or "operator" in proof, about
        for name in tests:
            assert (ROOT / "tests" / name).is_file(), f"{about}: {name}"


def test_both_lists_are_whole() -> None:
    begun = {about.split()[0] for about, *_ in ROWS}
    assert {f"V{n}" for n in range(1, 18)} | {f"LLM{n:02}" for n in range(1, 11)} <= begun
