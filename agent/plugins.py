"""Find a backend by name."""

import difflib
import importlib.util
from collections.abc import Callable
from importlib.metadata import EntryPoint, distribution, entry_points
from pathlib import Path
from typing import Any, Literal, get_args

from zhengwen.assets import asset

from .settings import Settings, SettingsError

PluginKind = Literal["store", "retriever", "llm", "tts", "avatar"]
PLUGIN_KINDS: tuple[PluginKind, ...] = get_args(PluginKind)


class PluginError(LookupError):
    """No plug-in, or more than one, answers to that name."""


def installed_plugins(kind: PluginKind) -> dict[str, list[EntryPoint]]:
    """Every plug-in of one kind, by name; two under one name is a clash."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=f"zhengwen.{kind}"):
        found.setdefault(point.name, []).append(point)
    return found


def builtin_table() -> str:
    """What ships, as the table of ``docs/plugins.md``; ``python -m agent plugins --table``."""
    rows = ["| setting | name | made by |", "| --- | --- | --- |"]
    for kind in PLUGIN_KINDS:
        points = sorted(distribution("zhengwen").entry_points.select(group=f"zhengwen.{kind}"))
        rows += [f"| `{kind}` | `{point.name}` | `{point.value}` |" for point in points]
    return "\n".join(rows) + "\n"


def load_plugin(kind: PluginKind, name: str) -> Callable[..., Any]:
    """Return the factory registered as ``name``.

    ``name`` is an entry-point name, or ``"module:Class"`` for a plug-in that is
    just a file on the path.

    Raises:
        PluginError: The name is unknown, its code cannot be imported, or two
            distributions claim it.
    """
    if ":" in name:
        points = [EntryPoint(name, name, f"zhengwen.{kind}")]
    else:
        points = installed_plugins(kind).get(name, [])
    match points:
        case [point]:
            try:
                factory: Callable[..., Any] = point.load()
            except (ImportError, AttributeError) as error:
                raise PluginError(f"{kind} {name!r} cannot be loaded: {error}") from error
            return factory
        case []:
            known = (
                ", ".join(sorted(installed_plugins(kind))) or "none; run 'pip install -e .' again"
            )
            raise PluginError(f"no {kind} named {name!r}; installed: {known}")
        case _:
            claims = [point.value for point in points]
            raise PluginError(f"{kind} {name!r} is claimed by {claims}")


def check_names(settings: Settings) -> None:
    """Refuse names in the settings that nothing answers to, without loading any of it.

    Raises:
        PluginError: No store, retriever, language model, voice or avatar has that name, or two
            claim it.
        SettingsError: There is no such presenter.
    """
    named = {
        "store": settings.store, "retriever": settings.retriever,
        "tts": settings.tts, "avatar": settings.avatar,
    }  # fmt: skip
    if settings.llm is not None and ":" in settings.llm.provider:
        _check_name("llm", settings.llm.provider)  # another name may be a provider of LangChain
    for kind in PLUGIN_KINDS:
        plugin = named.get(kind)
        if plugin is not None:
            _check_name(kind, plugin.name)
    if not (settings.presenter_folder / "presenter.yaml").is_file():
        shipped = sorted(card.parent.name for card in asset("presenters").glob("*/presenter.yaml"))
        raise SettingsError(
            f"there is no presenter {settings.presenter!r}: {_nearest(settings.presenter, shipped)}"
            f"name one of {', '.join(shipped)}, or a folder with a presenter.yaml"
        )


def _check_name(kind: PluginKind, name: str) -> None:
    if ":" not in name:
        known = installed_plugins(kind)
        if len(known.get(name, [])) != 1:
            load_plugin(kind, name)  # whose error says it all: nothing is there to be loaded
        return
    top = name.partition(":")[0].partition(".")[0]
    if not top or importlib.util.find_spec(top) is None:
        raise PluginError(f"{kind} {name!r} cannot be loaded: no module named {top!r}")


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(Path(name).name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}? Or " if near else ""
