"""The picture of imports in docs/architecture.md, kept true."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS: dict[str, set[str]] = {  # package: what it may import, besides itself
    "tts_engine": set(),
    "retrievers": set(),
    "avatar_engine": {"tts_engine"},
    "agent": {"retrievers", "tts_engine", "avatar_engine"},
    "page": {"agent"},
    "ingest": {"agent", "retrievers"},
    "eval": {"agent", "retrievers", "tts_engine", "avatar_engine"},
}
STAFF = Path("page", "staff")
STAFF_TOO = {"ingest", "retrievers"}  # what that part of the page may import besides


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("package", LAYERS)
def test_imports_point_one_way(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files
    for path in files:
        ours = imported(path) & LAYERS.keys()
        is_staff = path.relative_to(ROOT).is_relative_to(STAFF)
        allowed = LAYERS[package] | {package} | (STAFF_TOO if is_staff else set())
        assert ours <= allowed, f"{path} imports {ours}"


def imported_on_load(path: Path) -> Iterator[str]:
    """Dotted names that a file imports when it is itself imported: not in functions."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            origin = [*base, *([node.module] if node.module else [])]
            for alias in node.names:
                yield ".".join([*origin, alias.name])
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


@pytest.mark.parametrize("package", LAYERS)
def test_no_module_imports_itself_by_a_detour(package: str) -> None:
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in (ROOT / package).rglob("*.py")
    }
    modules = {name.removesuffix(".__init__"): path for name, path in files.items()}
    graph = {
        name: {
            module
            for full in imported_on_load(path)
            for module in (full, full.rpartition(".")[0])
            if module in modules and module != name and not full.startswith(f"{name}.")
        }
        for name, path in modules.items()
    }
    assert len(list(TopologicalSorter(graph).static_order())) == len(modules)


def test_nobody_imports_the_page_script() -> None:
    for package in LAYERS:
        for path in (ROOT / package).rglob("*.py"):
            assert "streamlit_app" not in imported(path), path


def test_all_tracked_files_are_small_enough_to_clone_anywhere() -> None:
    sizes = [p.stat().st_size for p in (ROOT / "assets").rglob("*") if p.is_file()]
    presenters = (ROOT / "assets" / "presenters").rglob("*")
    assert sum(sizes) < 140 * 2**20 and max(sizes) < 50 * 2**20
    assert sum(p.stat().st_size for p in presenters if p.is_file()) < 8 * 2**20
