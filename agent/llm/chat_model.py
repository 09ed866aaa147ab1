"""The language model that the settings name: a plug-in or LangChain's, behind its interface."""

import logging
import os
import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel

from ..grounding.control_marks import readable
from ..plugins import PluginError, installed_plugins, load_plugin
from ..settings import LlmSettings, SettingsError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import Runnable

logger = logging.getLogger(__name__)
StructuredT = TypeVar("StructuredT", bound=BaseModel)
_THINKS_FIRST = re.compile(r"\br1\b|qwq|\bz1\b|thinking|reasoner", re.I)
"""Names of models whose chat template opens a thought that only they end."""
_REFUSES_TOOLS = frozenset((400, 404, 422, 500, 501))
"""HTTP statuses with which services that know no tool calling refuse a request that has tools."""


def structured_completion_function(
    settings: LlmSettings, shape: type[StructuredT]
) -> Callable[[str], StructuredT | str]:
    """A function from a prompt to an object of ``shape``, by tool calling.

    Services on one's own machine often know no tool calling: they refuse it, or write the object
    as text. So the prompt should say what the JSON looks like; text that is not of that shape is
    returned as it is.

    The function raises ConnectionError when the model cannot be reached or refuses.

    Raises:
        SettingsError: See :func:`make_chat_model`.
    """
    from langchain_core.exceptions import OutputParserException
    from langchain_core.output_parsers import PydanticOutputParser

    model = make_chat_model(settings, max_retries=2)
    parser: PydanticOutputParser[StructuredT] = PydanticOutputParser(pydantic_object=shape)
    calling = model.with_structured_output(shape, method="function_calling", include_raw=True)

    def ask(prompt: str) -> StructuredT | str:
        try:
            parsed, message = _call_or_write(calling, model, prompt)
        except Exception as error:  # every provider has errors of its own
            where = settings.base_url or settings.provider
            raise ConnectionError(
                f"the language model {settings.model!r} at {where} did not answer: {error}"
            ) from error
        if isinstance(parsed, shape):
            return parsed
        written = readable(str(message.text))
        try:
            return parser.parse(written)
        except OutputParserException:
            return written

    return ask


def _call_or_write(
    calling: "Runnable[Any, Any]", model: "BaseChatModel", prompt: str
) -> tuple[Any, "BaseMessage"]:
    """What the model filled in, None if nothing, and its message; asked again without tools."""
    try:
        answer = calling.invoke(prompt)
    except Exception as error:
        if getattr(error, "status_code", None) not in _REFUSES_TOOLS:
            raise
        return None, model.invoke(prompt)
    return answer["parsed"], answer["raw"]


def visitor_chat_model(settings: LlmSettings) -> "BaseChatModel":
    """The model as it answers visitors: its length is limited, and nothing is retried.

    A retry would only make them wait.

    Raises:
        SettingsError: See :func:`make_chat_model`.
    """
    # It logs whole requests at DEBUG, and in these are visitors' words.
    logging.getLogger("openai").setLevel(logging.INFO)
    if settings.provider != "openai":
        return make_chat_model(settings, max_tokens=settings.max_tokens)
    # LangChain calls the limit max_completion_tokens, which few services but OpenAI's know.
    body = {} if settings.base_url is None else {"max_tokens": settings.max_tokens}
    body |= settings.options.get("extra_body", {})
    limit = settings.max_tokens if settings.base_url is None else None
    return make_chat_model(
        settings, max_retries=0, stream_usage=True, max_tokens=limit, extra_body=body or None
    )


def thinks_first(settings: LlmSettings) -> bool:
    """Whether all that a model writes before ``</think>`` is a thought: as set, or by its name."""
    if settings.thinks_first is not None:
        return settings.thinks_first
    return bool(_THINKS_FIRST.search(settings.model))


def make_chat_model(settings: LlmSettings, **more: Any) -> "BaseChatModel":
    """The chat model.

    Args:
        settings: Which one; its ``options`` go to the plug-in or to LangChain's class as they are.
        **more: What else it is given.

    Raises:
        SettingsError: The variable with the key is not set, there is no such provider, neither
            among the plug-ins nor in LangChain, or it does not take the options.
    """
    key = os.environ.get(settings.api_key_env) if settings.api_key_env else "none"
    if not key:
        raise SettingsError(f"setting 'llm.api_key_env': {settings.api_key_env} is not set")
    if settings.provider == "openai" and settings.base_url is not None:
        _warn_of_path(settings.base_url)
    given = {
        "base_url": settings.base_url,
        "api_key": key,
        "timeout": settings.timeout_s,
        **settings.options,
        **more,
    }
    try:
        return _open_model(settings, given)
    except (ImportError, PluginError) as error:
        raise SettingsError(
            f"setting 'llm': {error}; for openai, pip install 'zhengwen[llm]'"
        ) from error
    except (TypeError, ValueError) as error:
        raise SettingsError(f"setting 'llm': {error}") from error


@cache
def _without_redirects() -> dict[str, Any]:
    """HTTP clients as OpenAI's library makes them, but for one thing: no redirect is followed.

    It would take visitors' words and the key to whatever address a service names.
    """
    from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

    return {
        "http_client": DefaultHttpxClient(follow_redirects=False),
        "http_async_client": DefaultAsyncHttpxClient(follow_redirects=False),
    }


def _warn_of_path(base_url: str) -> None:
    """Say so if an address lacks the path that nearly every service has."""
    if urlsplit(base_url).path in ("", "/"):
        logger.warning(
            "setting 'llm.base_url': %s has no path; the addresses of most services end in /v1",
            base_url,
        )


def _open_model(settings: LlmSettings, given: dict[str, Any]) -> "BaseChatModel":
    """From the plug-in that has the provider's name; from LangChain where there is none."""
    name = settings.provider
    if name == "openai":
        given = _without_redirects() | given
    if ":" in name or installed_plugins("llm").get(name):
        model: BaseChatModel = load_plugin("llm", name)(model=settings.model, **given)
        return model
    from langchain.chat_models import init_chat_model  # slow to import; most need no model

    found: BaseChatModel = init_chat_model(settings.model, model_provider=name, **given)
    return found
