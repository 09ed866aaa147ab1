"""Ours in LangChain, and any LangChain retriever in place of ours.

:func:`as_langchain` makes a LangChain retriever of one of ours, for a chain of anybody's;
:class:`EncoderEmbeddings` lets ``langchain-chroma`` open the collection of a store; and
:class:`LangChainRetriever` is the plug-in that looks with somebody else's retriever::

    retriever: {name: langchain, options: {retriever: "my_search:retriever"}}
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import date
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from .base import EVERYWHERE, FaqEntry, FaqStore, Passage, Retriever, Scope
from .encoder import SentenceEncoder
from .text.language import language_of

_SCORE = "score"
_NAMES = frozenset(field.name for field in fields(FaqEntry))


class PolicyRetriever(BaseRetriever):
    """One of our retrievers as LangChain's: LCEL, ``RunnableConfig``, callbacks and tracing.

    A document is an entry: its text the answer, its ``id`` the ``faq_id``, and its metadata
    whatever else the entry says, with ``score``, in [0, 1], higher is closer.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    retriever: Any
    """A :class:`~retrievers.Retriever`."""
    k: int = 5
    """The most documents that are found."""
    region: str | None = None
    """Only what holds there or in the whole country, e.g. ``"浙江省杭州市"``."""
    min_score: float = 0.0
    """Documents with a lower score are left out."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        # What is valid today, in the language of the question, as the visitors' page looks.
        scope = Scope(language_of(query), None, self.region, date.today())
        found = self.retriever.search(query, k=self.k, within=scope)
        return [_to_document(passage) for passage in found if passage.score >= self.min_score]


def as_langchain(
    retriever: Retriever, *, k: int = 5, region: str | None = None, min_score: float = 0.0
) -> PolicyRetriever:
    """One of our retrievers as a LangChain retriever; see :class:`PolicyRetriever`."""
    return PolicyRetriever(retriever=retriever, k=k, region=region, min_score=min_score)


def _to_document(passage: Passage) -> Document:
    said = {name: value for name, value in asdict(passage.entry).items() if value not in ("", None)}
    answer, faq_id = said.pop("answer"), said.pop("faq_id")
    said["wordings"] = list(said["wordings"])
    return Document(answer, id=faq_id, metadata={**said, _SCORE: passage.score})


class EncoderEmbeddings(Embeddings):
    """Our sentence encoder as LangChain's embeddings.

    The collection of a store opens with it. What it holds is one document for each wording, its
    ``faq_id`` among the metadata; the answers are in the store's catalogue::

        Chroma(
            "zhengwen", EncoderEmbeddings(SHIPPED_ENCODER), persist_directory=f"{data_dir}/chroma"
        )

    Args:
        encoder: The encoder, or the folder of one; that which filled the store.
    """

    def __init__(self, encoder: SentenceEncoder | Path | str) -> None:
        self._encoder = (
            encoder if isinstance(encoder, SentenceEncoder) else SentenceEncoder(encoder)
        )

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A vector of length 1 for each text."""
        vectors: list[list[float]] = self._encoder.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """A vector of length 1."""
        return self.embed_documents([text])[0]


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
        retriever: str | BaseRetriever | Callable[..., BaseRetriever],
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

    def _passage(self, document: Document) -> Passage:
        text, metadata = document.page_content, document.metadata
        known = {name: metadata[name] for name in _NAMES & metadata.keys()}
        if "wordings" in known:
            known["wordings"] = tuple(known["wordings"])
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
