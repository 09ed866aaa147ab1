"""The tool ``search_policies``, which LangChain's agents and MCP's clients are given alike."""

from datetime import date
from typing import Annotated

from pydantic import Field

from retrievers import Passage, Retriever, Scope, language_of

SEARCH_NAME = "search_policies"
SEARCH_DESCRIPTION = "Look up published answers and policy documents of public services."
MAX_PASSAGES = 5

Query = Annotated[
    str, Field(description="The question, standing on its own, in the visitor's language.")
]
Region = Annotated[
    str | None,
    Field(description="Only what holds there or in the whole country, such as 浙江省杭州市."),
]


def find_policies(retriever: Retriever, query: str, region: str | None = None) -> list[Passage]:
    """What is in force today on a question, best first; nothing for a blank one."""
    if not query.strip():
        return []
    language = language_of(query) or "zh-CN"
    scope = Scope(language, None, region, date.today(), other_languages=True)
    return retriever.search(query, k=MAX_PASSAGES, within=scope)
