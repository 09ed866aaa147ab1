"""What a rendering depends on beside the words that are spoken, as one short text."""

import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_LIBRARIES = ("av", "espeakng-loader", "jieba", "opencv-python", "pypinyin")
"""Other releases of these speak or draw otherwise."""
_CACHE_OPTIONS = frozenset(("cache", "cache_mib"))
"""Options by these names say where a backend may put how much, not what it makes."""


def fingerprint(presenter: Path, backends: Mapping[Callable[..., Any], Mapping[str, Any]]) -> str:
    """A digest that changes whenever the same words could look or sound otherwise.

    It covers every file of the presenter, the backends' options with their defaults, the
    contents of each file and folder that an option names (weights, a model), the programs of
    the packages the backends come from, and the libraries they use. A service far away that
    is given another model behind the same address cannot be seen.

    Args:
        presenter: The folder of who speaks.
        backends: Voice and avatar, each with the options it is made with.
    """
    parts: dict[str, Any] = {name: _version(name) for name in _LIBRARIES}
    parts["presenter"] = _contents(presenter)
    parts["session"] = _contents(Path(__file__).parents[1] / "pipeline.py")
    parts["encoder"] = _program("avatar_engine")
    for factory, options in backends.items():
        parts[f"{factory.__module__}.{factory.__qualname__}"] = {
            "program": _program(factory.__module__),
            "options": dict(_effective(factory, options)),
        }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _effective(
    factory: Callable[..., Any], options: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Options as they are in force; a path as what lies there."""
    defaults = {
        parameter.name: parameter.default
        for parameter in inspect.signature(factory).parameters.values()
        if parameter.default is not parameter.empty
    }
    for name, value in {**defaults, **options}.items():
        if name in _CACHE_OPTIONS:
            continue
        is_path = isinstance(value, str | Path) and str(value) and Path(value).exists()
        yield name, _contents(Path(value)) if is_path else repr(value)


def _program(module: str) -> str:
    """The files of the top package that a module belongs to, or of the module alone."""
    top = sys.modules[module.partition(".")[0]]
    if getattr(top, "__file__", None) is None:
        return ""
    path = Path(str(top.__file__))
    return _contents(path.parent if path.name == "__init__.py" else path)


def _contents(path: Path) -> str:
    """A digest of a file, or of all files in a folder with their names."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        if file.suffix == ".pyc":
            continue
        with file.open("rb") as opened:
            each = hashlib.file_digest(opened, "sha256").hexdigest()
        digest.update(f"{file.relative_to(path)}\0{each}\0".encode())
    return digest.hexdigest()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
