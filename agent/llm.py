"""The language model that the settings name, through LangChain's own interface."""

import os
from collections.abc import Callable

from .settings import LlmSettings, SettingsError


def asking(settings: LlmSettings) -> Callable[[str], str]:
    """A function from a prompt to what the model writes.

    It raises ConnectionError when the model cannot be reached or refuses.

    Raises:
        SettingsError: The variable with the key is not set, or LangChain has no such provider.
    """
    from langchain.chat_models import init_chat_model  # slow to import; most need no model

    key = os.environ.get(settings.api_key_env) if settings.api_key_env else "none"
    if not key:
        raise SettingsError(f"setting 'llm.api_key_env': {settings.api_key_env} is not set")
    try:
        model = init_chat_model(
            settings.model,
            model_provider=settings.provider,
            base_url=settings.base_url,
            api_key=key,
            timeout=settings.timeout_s,
            max_retries=2,
        )
    except ImportError as error:
        raise SettingsError(f"setting 'llm': {error}; for openai, pip install '.[llm]'") from error
    except ValueError as error:
        raise SettingsError(f"setting 'llm': {error}") from error

    def ask(prompt: str) -> str:
        try:
            return str(model.invoke(prompt).text)
        except Exception as error:  # every provider has errors of its own
            where = settings.base_url or settings.provider
            raise ConnectionError(
                f"the language model {settings.model!r} at {where} did not answer: {error}"
            ) from error

    return ask
