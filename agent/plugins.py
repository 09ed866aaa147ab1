"""Find a backend by name."""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, get_args

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
