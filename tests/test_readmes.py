"""README.md and README.zh-CN.md say the same in two languages."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
ENGLISH, CHINESE = (
    (CHECKOUT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md")
)


def commands(readme: str) -> list[str]:
    """The lines that can be typed, without their remarks."""
    lines = re.findall(r"^    ((?:make|pip|python|streamlit|ZHENGWEN_).*)$", readme, re.M)
    typed = [re.split(r"\s+#", line)[0].strip() for line in lines]
    return [re.sub(r"(PASSWORD=)\S+", r"\1…", line) for line in typed]


def figures(readme: str) -> list[list[str]]:
    """The numbers of each row of each table, in order, whatever stands around them."""
    rows = re.findall(r"^\|(.*)\|$", readme, re.M)
    return [sorted(re.findall(r"\d[\d,.]*\d|\.?\d+", row)) for row in rows]


def linked(readme: str) -> set[str]:
    """What is linked to, but for the other language."""
    return set(re.findall(r"\]\(([^)]+)\)", readme)) - {"README.md", "README.zh-CN.md"}


def test_they_have_as_many_sections() -> None:
    assert len(re.findall("^## ", ENGLISH, re.M)) == len(re.findall("^## ", CHINESE, re.M))


def test_they_name_the_same_commands() -> None:
    assert commands(CHINESE) == commands(ENGLISH)


def test_their_tables_have_the_same_figures() -> None:
    assert len(figures(ENGLISH)) > 40
    assert figures(CHINESE) == figures(ENGLISH)


@pytest.mark.parametrize("readme", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_what_they_link_to_is_there(readme: str) -> None:
    assert [target for target in linked(readme) if not (CHECKOUT / target).exists()] == []


def test_they_lead_to_the_same_documents() -> None:
    assert linked(CHINESE) == linked(ENGLISH)
