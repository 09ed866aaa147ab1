"""The examples in docstrings do what they say, and the errors that docstrings name exist."""

import ast
import builtins
import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = "agent retrievers tts_engine avatar_engine ingest eval page zhengwen".split()
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if ">>> " in path.read_text("utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_show(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted and not result.failed


def test_errors_that_docstrings_name_are_classes_of_the_project_or_of_python() -> None:
    sources = [
        path.read_text("utf-8")
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    ]
    words = {
        node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute)
        else node.name
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name | ast.Attribute | ast.ClassDef)
    }  # fmt: skip
    named = {
        name
        for source in sources
        for block in re.findall(r"^ +Raises:\n((?: .*\n)+)", source, re.MULTILINE)
        for names in re.findall(r"^ +(\w+Error(?:, \w+Error)*):", block, re.MULTILINE)
        for name in names.split(", ")
    }
    assert len(named) > 20
    assert not {name for name in named - words if not hasattr(builtins, name)}
