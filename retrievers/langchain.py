"""Any LangChain retriever in place of ours.

retriever: {name: langchain, options: {retriever: "my_search:retriever"}}
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

from .base import EVERYWHERE, FaqEntry, FaqStore, Passage, Scope
from .text.language import language_of

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

_SCORE = "score"
_NAMES = frozenset(field.name for field in fields(FaqEntry))


class LangChainRetriever:
    """Looks with a LangChain retriever; its documents become entries.

    A document's text is the answer; metadata that are called as fields of
    :class:`~retrievers.FaqEntry` (``question``, ``source_title``, ``source_url``, ``valid_until``,
    …) become these, and ``score``, if it is there, the score.

    Args:
        store: The store of the settings, which is not asked.
        retriever: A LangChain retriever, or ``"module:name"`` of one, or of a function or class
            that makes one.
        arguments: What it is made with.
        score: Of documents without one, in [0, 1]. LangChain's retrievers give no probabilities;
            the default lies between ``suggest_from`` and ``answer_from``, so that a language model
            answers from what is found and without one nearby questions are offered.

    Raises:
        ImportError: There is no such module.
        AttributeError: The module has no such name.
        TypeError: What it names is no retriever and makes none.
    """

    def __init__(
        self,
        store: FaqStore,
        *,
        retriever: "str | BaseRetriever | Callable[..., BaseRetriever]",
        arguments: Mapping[str, Any] | None = None,
        score: float = 0.3,
    ) -> None:
        found: Any = retriever
        if isinstance(found, str):
            found = EntryPoint(found, found, "zhengwen.retriever").load()
        if not hasattr(found, "invoke") or isinstance(found, type):
            found = found(**(arguments or {}))
        if not hasattr(found, "invoke"):
            raise TypeError(f"{retriever!r} is no LangChain retriever: it has no method 'invoke'")
        self._retriever: BaseRetriever = found
        self._score = score

    def search(self, query: str, *, k: int = 5, within: Scope = EVERYWHERE) -> list[Passage]:
        """Return at most ``k`` passages, in the retriever's order."""
        found = map(self._passage, self._retriever.invoke(query))
        return [passage for passage in found if within.admits(passage.entry)][:k]

    def _passage(self, document: "Document") -> Passage:
        text, metadata = document.page_content, document.metadata
        known = {name: metadata[name] for name in _NAMES & metadata.keys()}
        entry: dict[str, Any] = {
            "faq_id": document.id or text,
            "question": text.partition("\n")[0],
            "answer": text,
            "language": language_of(text) or "zh-CN",
            "source_title": str(metadata.get("title") or metadata.get("source") or ""),
            **known,
        }
        score = float(metadata.get(_SCORE, self._score))
        return Passage(FaqEntry(**entry), min(1.0, max(0.0, score)))
