"""Errors that a program can tell apart, and say in any language."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar


class CodedError(ValueError):
    """An error with a code and parameters; ``str`` of it is an English sentence.

    Whoever shows it to people who do not read English picks a text by ``code`` and fills in
    ``params``. Every code of a class stands in its ``MESSAGES``, so a test can demand a text in
    every language.

    Args:
        code: A key of ``MESSAGES``.
        params: What the sentence names; numbers, strings or paths.

    Raises:
        KeyError: The class has no such code, or a parameter of its sentence is missing.
    """

    MESSAGES: ClassVar[Mapping[str, str]] = {}
    """By code, an English sentence with ``{parameters}``: what is wrong, and what to do."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(self.MESSAGES[code].format(**params))
        self.code, self.params = code, params

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[()]]:
        """For workers in other processes: pickled by code and parameters, not by the sentence."""
        return partial(type(self), self.code, **self.params), ()
