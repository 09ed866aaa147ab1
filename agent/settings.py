"""What a deployment may choose. Anything else in the file is an error.

Read from ``zhengwen.yaml`` in the working directory, or from the file that
``ZHENGWEN_SETTINGS`` names; then ``ZHENGWEN_SERVER__PORT=9000`` and the like
override single values (two underscores go one level down, values are YAML).
"""

import difflib
import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from zhengwen.assets import asset

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "ZHENGWEN_"
FILE_VARIABLE = "ZHENGWEN_SETTINGS"
SECRETS = frozenset(("token", "staff_password"))
"""Keys whose values no error may repeat."""
SHORTEST_PASSWORD = 8


class SettingsError(ValueError):
    """The settings cannot be used; the text names the key and the remedy."""


class StrictModel(BaseModel):
    """A group of settings: unknown keys are refused, and values stay out of pydantic's errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PluginSettings(StrictModel):
    """A plug-in and the keyword arguments it is made with."""

    name: str
    options: dict[str, Any] = Field(default_factory=dict)


class ServerSettings(StrictModel):
    """The websocket server."""

    host: str = "127.0.0.1"
    port: int = Field(8765, ge=0, le=65535)
    token: str | None = None
    """When set, clients must give it as ``?token=``."""
    origins: tuple[str, ...] = ()
    """Web origins that may connect beside pages of the same host name."""
    trusted_proxies: tuple[IPvAnyNetwork, ...] = (ip_network("127.0.0.0/8"), ip_network("::1"))
    """Addresses or networks of proxies; server, page and API believe theirs when
    ``X-Forwarded-For`` says who a client is."""
    max_replies: int = Field(4, ge=1)
    """Replies rendered at the same time, at most half of them for one client address; one more
    waits a little, then is sent as text alone."""
    max_question_chars: int = Field(500, ge=1)
    allow_say: bool = True
    """Whether clients may have any text spoken."""


class LlmSettings(StrictModel):
    """A language model, reached through LangChain; none unless it is named here."""

    model: str
    """E.g. ``"glm-4.5"``, as the service calls it."""
    provider: str = "openai"
    """A plug-in of the group ``zhengwen.llm``, or what LangChain calls the kind of service;
    ``openai`` is whatever speaks its protocol."""
    base_url: str | None = None
    """E.g. ``"http://127.0.0.1:8000/v1"``; by default the provider's own."""
    api_key_env: str | None = None
    """The environment variable that holds the key; services of your own often need none."""
    system_role: bool = True
    """Whether the model takes a message of the system; if not, its rules begin the first of the
    visitor's."""
    thinks_first: bool | None = None
    """Whether the chat template opens a thought for the model, so that all before ``</think>`` is
    one and nothing is spoken until then. By default its name decides (r1, QwQ, Z1, thinking)."""
    timeout_s: float = Field(60, gt=0)
    """Of one request, when no visitor waits for it."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Further keyword arguments of LangChain's model, e.g. ``{temperature: 0.1}``."""
    patience_s: float = Field(8, gt=0)
    """How long a visitor waits for a sentence before the knowledge base answers instead."""
    max_tokens: int = Field(800, ge=1)
    """What the model may write for one answer."""
    tokens_per_session: int | None = Field(50_000, ge=1)
    """Read and written in one visitor's session; then the knowledge base answers."""
    tokens_per_day: int | None = Field(None, ge=1)
    """Read and written for all visitors in a day."""
    max_requests: int = Field(8, ge=1)
    """Requests at the same time; who comes then waits a little, and the knowledge base answers."""
    prices: tuple[float, float] | None = None
    """Of a million tokens read and of a million written; costs are then shown."""
    currency: str = "元"
    """Of the prices, as visitors read it."""


class MemorySettings(StrictModel):
    """What visitors asked before, so that what they ask next can be understood."""

    keep_hours: float = Field(0, ge=0, le=24 * 30)
    """How long a conversation outlives its session on disk, so that a visitor who comes back
    finds it; 0 keeps nothing."""


class ReplaySettings(StrictModel):
    """Answers that were rendered once and are sent again as they are."""

    max_mib: int = Field(2048, ge=0)
    """What they may take up on disk, MiB; 0 keeps none."""


class ApiSettings(StrictModel):
    """The endpoint for other programs, ``python -m agent api``."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    token: str | None = None
    """What clients must send as their key; without one the endpoint does not start."""
    tokens_per_client: int | None = Field(500_000, ge=1)
    """What a language model may read and write in a day for one client address; then the
    knowledge base answers it. ``llm.tokens_per_day`` limits all clients together."""


class MetricsSettings(StrictModel):
    """What is counted, for Prometheus, by ``python -m agent serve`` and ``run``."""

    host: str = "127.0.0.1"
    port: int | None = Field(None, ge=0, le=65535)
    """Of ``/metrics``; without one nothing is served. 0 is any free one."""


class PageSettings(StrictModel):
    """The Streamlit page."""

    host: str = "127.0.0.1"
    port: int = Field(8501, ge=1, le=65535)
    server_url: str | None = None
    """The websocket server as the visitor's browser reaches it, for instance
    ``wss://service.example.cn/avatar/v1`` behind a proxy; by default the host name
    of the page with the server's port."""
    staff_password: SecretStr | None = None
    """Opens the staff page at ``/staff``; without one that page is off."""

    @field_validator("staff_password", mode="before")
    @classmethod
    def _is_a_password(cls, password: object) -> object:
        text = password.get_secret_value() if isinstance(password, SecretStr) else password
        if text is not None and not isinstance(text, str):
            raise ValueError(
                "YAML reads it as a number, a date or a switch; put it in quotes, and in a "
                "variable in two pairs: '\"…\"'"
            )
        if text is not None and len(text.strip()) < SHORTEST_PASSWORD:
            raise ValueError(
                f"it needs at least {SHORTEST_PASSWORD} characters; leave it out to keep the "
                "staff page off"
            )
        return password


class Settings(StrictModel):
    """The whole file."""

    data_dir: Path = Path("var")
    """Everything a running system writes."""
    faq: Path = asset("faq")
    """JSON Lines files that fill an empty store."""
    dialogue: Path | None = None
    """A folder whose tables add to those of what is said beside questions; see
    docs/dialogue.md."""
    store: PluginSettings = PluginSettings(name="chroma")
    retriever: PluginSettings = PluginSettings(name="hybrid")
    tts: PluginSettings | None = None
    """Without one, the voice that suits the presenter."""
    avatar: PluginSettings = PluginSettings(name="viseme")
    llm: LlmSettings | None = None
    judge: LlmSettings | None = None
    """Compares answers with what is right in ``python -m eval answers --judge``."""
    presenter: str = "suit"
    """A folder in ``assets/presenters``, or a path to one elsewhere."""
    answer_from: float = Field(0.5, ge=0, le=1)
    """The score of a passage, its probability to be right, from which its answer is given."""
    suggest_from: float = Field(0.15, ge=0, le=1)
    """The score from which the nearest questions are offered; below it a question is declined."""
    hotline: str = "12345"
    """Whom to call when there is no answer."""
    memory: MemorySettings = MemorySettings()
    replay: ReplaySettings = ReplaySettings()
    server: ServerSettings = ServerSettings()
    page: PageSettings = PageSettings()
    api: ApiSettings = ApiSettings()
    metrics: MetricsSettings = MetricsSettings()
    log_format: Literal["text", "json"] = "text"
    """How server, API and page write their log: lines for people, or an object a line."""

    @property
    def replies(self) -> Path:
        """The folder of the replies that are kept for replay."""
        return self.data_dir / "cache" / "replies"

    @property
    def conversations(self) -> Path:
        """The folder of the conversations that outlive their session."""
        return self.data_dir / "conversations"

    @property
    def dialogue_folders(self) -> tuple[Path, ...]:
        """Where the tables of what is said beside questions lie, the shipped ones first."""
        shipped = asset("dialogue")
        return (shipped,) if self.dialogue is None else (shipped, self.dialogue)

    @property
    def presenter_folder(self) -> Path:
        shipped = asset("presenters") / self.presenter
        return shipped if shipped.is_dir() else Path(self.presenter)


def read_settings(
    path: Path | None = None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """The settings of this deployment.

    Args:
        path: A YAML file; by default the one ``ZHENGWEN_SETTINGS`` names, or
            ``zhengwen.yaml`` in the working directory if there is one.
        environment: Where overrides are looked for.

    Raises:
        SettingsError: A key is unknown, a value is of the wrong kind, or a named
            file is missing.
    """
    named = path or (Path(environment[FILE_VARIABLE]) if FILE_VARIABLE in environment else None)
    if named is not None and not named.is_file():
        raise SettingsError(f"the settings file {named} cannot be read: there is no such file")

    class Deployment(Settings, BaseSettings):
        model_config = SettingsConfigDict(extra="forbid")

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: Any, **__: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            """The first that names a value decides it; groups are merged."""
            return (
                EnvironmentSource(settings_cls, environment),
                SettingsFileSource(settings_cls, named or Path("zhengwen.yaml")),
            )

    try:
        found = Deployment()
    except ValidationError as error:
        raise SettingsError("\n".join(map(_validation_message, error.errors()))) from error
    return Settings.model_construct(found.model_fields_set, **dict(found))


class SettingsFileSource(YamlConfigSettingsSource):
    """A YAML file, with errors in words that quote nothing of it: it may hold passwords."""

    def _read_file(self, file_path: Any) -> dict[str, Any]:
        return _read_yaml(file_path)


class EnvironmentSource(PydanticBaseSettingsSource):
    """Environment variables whose values are YAML.

    pydantic-settings' own source reads JSON, and passes over variables that name no setting;
    here a misspelt one is refused like a misspelt key.
    """

    def __init__(self, settings_cls: type[BaseSettings], environment: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._environment = environment

    def __call__(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for variable, text in self._environment.items():
            if variable.startswith(PREFIX) and variable != FILE_VARIABLE:
                _set_value(values, variable, text)
        return values

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of one setting, its name, and whether it has still to be parsed."""
        return self().get(field_name), field_name, False


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text("utf-8")) or {}
    except OSError as error:
        raise SettingsError(f"the settings file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"the settings file {path} is not UTF-8: {error}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"the settings file {path} is not YAML: {_place(error)}") from None
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise SettingsError(f"the settings file {path} must hold keys and values")
    return values


def _set_value(values: dict[str, Any], variable: str, text: str) -> None:
    *groups, key = variable.removeprefix(PREFIX).lower().split("__")
    for group in groups:
        inner = values.setdefault(group, {})
        if not isinstance(inner, dict):
            raise SettingsError(f"{variable}: {group!r} is a single value, not a group of settings")
        values = inner
    try:
        values[key] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{variable} is not a YAML value: {_place(error)}") from None


def _place(error: yaml.YAMLError) -> str:
    """Where it goes wrong; what goes wrong there is not quoted, for it may be a password."""
    mark = getattr(error, "problem_mark", None)
    return f"see line {mark.line + 1}, column {mark.column + 1}" if mark else type(error).__name__


def _validation_message(error: Any) -> str:
    where = ".".join(map(str, error["loc"]))
    if error["type"] != "extra_forbidden":
        message = error["msg"].removeprefix("Value error, ")
        is_secret = not SECRETS.isdisjoint(error["loc"])
        return f"setting {where!r}: {message}" + (
            "" if is_secret else f" (it is {error['input']!r})"
        )
    *groups, key = error["loc"]
    model: type[BaseModel] = Settings
    for group in groups:
        annotation = model.model_fields[group].annotation
        kinds = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
        model = next(kind for kind in kinds if issubclass(kind, BaseModel))
    near = difflib.get_close_matches(str(key), model.model_fields, n=1, cutoff=0.5)
    hint = (
        f"did you mean {'.'.join([*map(str, groups), near[0]])!r}?"
        if near
        else (f"known here: {', '.join(model.model_fields)}")
    )
    return f"unknown setting {where!r}; {hint}"
