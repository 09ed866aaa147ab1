"""The module map of docs/architecture.md, and the imports of docs/agent.md, are kept true."""

import ast
import importlib
import re
from pathlib import Path

from tests.test_layers import LAYERS, ROOT


def is_module(path: Path) -> bool:
    """Whether a file holds more than its docstring; such an ``__init__.py`` is no module."""
    return path.name != "__init__.py" or len(ast.parse(path.read_text("utf-8")).body) > 1


def test_every_module_is_on_the_map_and_everything_on_the_map_exists() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    mapped = re.findall(r"^- `(\S+\.py)`: \S", text.partition("## Module map")[2], re.M)
    packages = ("zhengwen", *LAYERS)
    modules = {
        str(path.relative_to(ROOT))
        for package in packages
        for path in (ROOT / package).rglob("*.py")
        if is_module(path)
    }
    assert modules - set(mapped) == set(), "add a line for these modules to the map"
    assert set(mapped) - modules == set(), "take these lines off the map"
    assert len(mapped) == len(set(mapped))


def test_the_map_says_what_the_docstrings_say() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("## Module map")[2]
    for path, line in re.findall(r"^- `(\S+\.py)`: (.+)$", text, re.M):
        docstring = ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8")))
        assert docstring and line == docstring.partition("\n\n")[0].replace("\n", " "), path


def test_the_examples_for_langchain_import_what_there_is() -> None:
    page = (ROOT / "docs" / "agent.md").read_text("utf-8")
    ours = [
        node
        for program in re.findall(r"```python\n(.*?)```", page, re.S)
        for node in ast.walk(ast.parse(program))
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in LAYERS
    ]
    assert len(ours) > 4
    for node in ours:
        module = importlib.import_module(str(node.module))
        for alias in node.names:
            assert hasattr(module, alias.name), f"{node.module} has no {alias.name}"
