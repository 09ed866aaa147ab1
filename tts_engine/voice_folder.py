"""A voice as a folder.

``voice.yaml`` says which engine speaks, with whose voice, and why that may be used. Engines are
the entry points of the group ``zhengwen.tts``.
"""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

import soundfile  # type: ignore[import-untyped]
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from .voice import Voice, voice_capabilities

VOICE_CARD = "voice.yaml"

Language = Literal["zh", "yue", "en", "auto"]
"""Mandarin, Cantonese, English, or whichever of them it is; as GPT-SoVITS names them."""

_FOLDER = "folder"  # the engine that reads these cards, which no card can name


class VoiceFolderError(ValueError):
    """The folder describes no voice that can be used; the text names the key and the remedy."""


class _VoiceFolderModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReferenceClip(_VoiceFolderModel):
    """The clip whose voice is imitated."""

    audio: Path
    """In the voice's folder; as long as the engine wants it."""
    text: str = Field(min_length=1)
    """What is said in it."""
    language: Language = "zh"


class VoiceCard(_VoiceFolderModel):
    """What ``voice.yaml`` says."""

    name: str = Field(min_length=1)
    engine: str
    """The name of an installed engine."""
    reference: ReferenceClip | None = None
    """For an engine that imitates a clip (``gpt_sovits``), and only there."""
    language: Language = "zh"
    speed: float = Field(1.0, ge=0.5, le=2)
    options: dict[str, Any] = Field(default_factory=dict)
    """Further keyword arguments of the engine: address, model, time limits."""
    licence: str = Field(min_length=3)
    """Under which the voice may be used."""
    consent: str = Field(min_length=3)
    """Who agreed that this voice is imitated, when, and where that is kept."""

    @field_validator("engine")
    @classmethod
    def _is_installed(cls, name: str) -> str:
        known = sorted(installed_engines().keys() - {_FOLDER})
        if name not in known:
            raise ValueError(
                f"there is no engine {name!r}; installed: {', '.join(map(repr, known))}"
            )
        return name


def read_card(folder: Path) -> VoiceCard:
    """Return the card of a voice; its reference clip is there and can be used.

    Raises:
        VoiceFolderError: It is missing or wrong.
    """
    path = folder / VOICE_CARD
    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise VoiceFolderError(
            f"{path} cannot be read ({error.strerror}); docs/voices.md says what it holds"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise VoiceFolderError(f"{path} is not YAML in UTF-8: {error}") from error
    if not isinstance(values, dict):
        raise VoiceFolderError(f"{path} must hold keys and values; see docs/voices.md")
    try:
        card = VoiceCard.model_validate(values)
    except ValidationError as error:
        reasons = [f"{path}: {_explain(detail)}" for detail in error.errors()]
        raise VoiceFolderError("\n".join(reasons)) from error
    try:
        seconds = voice_capabilities(_engine(card.engine)).reference_seconds
    except (ImportError, AttributeError) as error:
        raise VoiceFolderError(
            f"{path}: engine: {card.engine} cannot be loaded: {error}"
        ) from error
    if seconds and not card.reference:
        raise VoiceFolderError(f"{path}: the engine {card.engine} needs the key 'reference'")
    if card.reference and not seconds:
        raise VoiceFolderError(
            f"{path}: 'reference' is for engines that imitate a clip; {card.engine} does not"
        )
    if card.reference and seconds:
        try:
            check_reference(folder / card.reference.audio, *seconds)
        except ValueError as error:
            raise VoiceFolderError(f"{path}: reference.audio: {error}") from error
    return card


def check_reference(path: Path, shortest_s: float, longest_s: float) -> None:
    """Refuse a reference clip that the engine would refuse.

    Raises:
        ValueError: It is missing, no audio file, or too short or too long.
    """
    try:
        seconds = soundfile.info(path).duration
    except (OSError, soundfile.LibsndfileError) as error:
        raise ValueError(f"the reference clip {path} cannot be read: {error}") from error
    if not shortest_s <= seconds <= longest_s:
        raise ValueError(
            f"the reference clip {path} lasts {seconds:.1f} s; "
            f"cut it to between {shortest_s:g} and {longest_s:g} s"
        )


def open_voice(folder: str | Path) -> Voice:
    """Return the voice that a folder describes.

    Raises:
        VoiceFolderError: The card is missing or wrong, or the engine refuses its options.
        ImportError: The engine is an extra that is not installed.
    """
    folder = Path(folder)
    card = read_card(folder)
    engine = _engine(card.engine)
    capabilities = voice_capabilities(engine)
    options: dict[str, Any] = dict(card.options)
    if capabilities.takes_speed:
        options["speed"] = card.speed
    for name in capabilities.folder_paths & options.keys():
        options[name] = str(folder / options[name])
    if card.reference:
        options |= {
            "reference_audio": str(folder / card.reference.audio),
            "reference_text": card.reference.text,
            "reference_language": card.reference.language,
            "language": card.language,
        }
    try:
        return engine(**options)
    except (TypeError, ValueError) as error:
        raise VoiceFolderError(
            f"{folder / VOICE_CARD}: {card.engine} refuses this: {error}"
        ) from error


def find_voice(name: str) -> Voice:
    """Return a voice by the name of its engine, with that engine's defaults, or by its folder.

    Raises:
        VoiceFolderError: There is none, or the engine cannot do without options.
        ImportError: The engine is an extra that is not installed.
    """
    if name not in installed_engines():
        return open_voice(name)
    try:
        return _engine(name)()
    except TypeError as error:
        raise VoiceFolderError(
            f"{name} needs options; describe the voice in a folder (docs/voices.md): {error}"
        ) from error


def installed_engines() -> dict[str, str]:
    """Return what can be named as ``tts`` in the settings, and where it comes from."""
    return {name: point.value for name, point in _entry_points().items()}


def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="zhengwen.tts")}


def _engine(name: str) -> Callable[..., Voice]:
    engine: Callable[..., Voice] = _entry_points()[name].load()
    return engine


def _explain(detail: Any) -> str:
    where = ".".join(map(str, detail["loc"]))
    known = ", ".join(VoiceCard.model_fields)
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key {where!r}; known here: {known}"
        case "missing":
            return f"the key {where!r} is missing; docs/voices.md says what to write there"
        case _:
            message = detail["msg"].removeprefix("Value error, ")
            return f"{where}: {message}" if where else message
