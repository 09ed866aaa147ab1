"""The tool ``search_policies``, which LangChain's agents and MCP's clients are given alike."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from retrievers import Passage, Retriever, Scope, language_of


def _encodable(text: str) -> str:
    """The text.

    Raises:
        ValueError: It holds half of a surrogate pair, which can be neither searched nor sent.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair, which is no character") from None
    return text


EncodableText = Annotated[str, AfterValidator(_encodable)]

SEARCH_NAME = "search_policies"
SEARCH_DESCRIPTION = "Look up published answers and policy documents of public services."
MAX_PASSAGES = 5
MAX_QUERY_CHARS = 500
"""A longer query takes a machine seconds to minutes and finds nothing better."""
MAX_REGION_CHARS = 100

Query = Annotated[
    EncodableText,
    Field(
        description="The question, standing on its own, in the visitor's language; "
        f"at most {MAX_QUERY_CHARS} characters.",
        max_length=MAX_QUERY_CHARS,
    ),
]
Region = Annotated[
    EncodableText | None,
    Field(
        description="Only what holds there or in the whole country, such as 浙江省杭州市.",
        max_length=MAX_REGION_CHARS,
    ),
]


def find_policies(retriever: Retriever, query: str, region: str | None = None) -> list[Passage]:
    """What is in force today on a question, best first; nothing for a blank one."""
    if not query.strip():
        return []
    language = language_of(query) or "zh-CN"
    scope = Scope(language, None, region, date.today(), other_languages=True)
    return retriever.search(query, k=MAX_PASSAGES, within=scope)
