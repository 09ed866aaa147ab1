"""A voice as a folder: ``voice.yaml`` says which engine speaks, with whose voice, and why
that may be used."""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .espeak.voice import EspeakVoice
from .external.gpt_sovits import GptSovitsVoice, Language, check_reference
from .external.openai_speech import OpenAISpeechVoice
from .external.sherpa import SherpaVoice
from .voice import Voice

VOICE_CARD = "voice.yaml"

Engine = Literal["espeak", "gpt_sovits", "neural", "openai_speech", "sherpa"]


def _neural(**options: Any) -> Voice:
    from .neural import NeuralVoice  # torch takes seconds to import; other voices need none

    return NeuralVoice(**options)


ENGINES: dict[Engine, Callable[..., Voice]] = {
    "espeak": EspeakVoice,
    "gpt_sovits": GptSovitsVoice,
    "neural": _neural,
    "openai_speech": OpenAISpeechVoice,
    "sherpa": SherpaVoice,
}


class VoiceFolderError(ValueError):
    """The folder describes no voice that can be used; the text names the key and the remedy."""


class _VoiceFolderModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReferenceClip(_VoiceFolderModel):
    """The clip whose voice is imitated."""

    audio: Path
    """In the voice's folder; 3 to 10 seconds."""
    text: str = Field(min_length=1)
    """What is said in it."""
    language: Language = "zh"


class VoiceCard(_VoiceFolderModel):
    """What ``voice.yaml`` says."""

    name: str = Field(min_length=1)
    engine: Engine
    reference: ReferenceClip | None = None
    """For ``gpt_sovits``, and only there."""
    language: Language = "zh"
    speed: float = Field(1.0, ge=0.5, le=2)
    options: dict[str, Any] = Field(default_factory=dict)
    """Further keyword arguments of the engine: address, model, time limits."""
    licence: str = Field(min_length=3)
    """Under which the voice may be used."""
    consent: str = Field(min_length=3)
    """Who agreed that this voice is imitated, when, and where that is kept."""

    @model_validator(mode="after")
    def _only_clones_have_a_reference(self) -> "VoiceCard":
        if (self.engine == "gpt_sovits") != (self.reference is not None):
            raise ValueError("'reference' belongs to the engine gpt_sovits, which needs one")
        return self


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
        if card.reference:
            check_reference(folder / card.reference.audio)
    except ValidationError as error:
        reasons = [f"{path}: {_explain(detail)}" for detail in error.errors()]
        raise VoiceFolderError("\n".join(reasons)) from error
    except ValueError as error:
        raise VoiceFolderError(f"{path}: reference.audio: {error}") from error
    return card


def open_voice(folder: str | Path) -> Voice:
    """Return the voice that a folder describes.

    Raises:
        VoiceFolderError: The card is missing or wrong, or the engine refuses its options.
        ImportError: The engine is an extra that is not installed.
    """
    folder = Path(folder)
    card = read_card(folder)
    options: dict[str, Any] = dict(card.options)
    if card.engine != "espeak":
        options["speed"] = card.speed
    if card.engine == "sherpa" and "model" in options:
        options["model"] = str(folder / options["model"])
    if card.reference:
        options |= {
            "reference_audio": str(folder / card.reference.audio),
            "reference_text": card.reference.text,
            "reference_language": card.reference.language,
            "language": card.language,
        }
    try:
        return ENGINES[card.engine](**options)
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
    for point in entry_points(group="zhengwen.tts", name=name):
        try:
            voice: Voice = point.load()()
        except TypeError as error:
            raise VoiceFolderError(
                f"{name} needs options; describe the voice in a folder (docs/voices.md): {error}"
            ) from error
        return voice
    return open_voice(name)


def installed_engines() -> dict[str, str]:
    """Return what can be named as ``tts`` in the settings, and where it comes from."""
    ours = {name: f"{make.__module__}:{make.__qualname__}" for name, make in ENGINES.items()}
    return ours | {point.name: point.value for point in entry_points(group="zhengwen.tts")}


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
