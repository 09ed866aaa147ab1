"""Any LangChain retriever can replace ours."""

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import InMemoryVectorStore

from agent import Answer, Question
from agent.responders import FaqResponder
from retrievers import Scope
from retrievers.langchain import LangChainRetriever
from tests.test_llm_answers import both

NO_STORE = None


def vectors(
    *, texts: tuple[str, ...] = ("护照每本120元。", "Passports cost 120 yuan.")
) -> BaseRetriever:
    """A LangChain vector store with a text that was told its place in our world, and others."""
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
    store.add_documents(
        [
            Document(
                "本人带户口簿到派出所补领。",
                id="card",
                metadata={"question": "身份证丢了怎么办？", "score": 0.9, "page": 3},
            ),
            *map(Document, texts),
        ]
    )
    return store.as_retriever(search_kwargs={"k": 10})


def test_documents_become_entries() -> None:
    found = LangChainRetriever(NO_STORE, retriever=vectors()).search("身份证")  # type: ignore[arg-type]
    card = next(passage for passage in found if passage.entry.faq_id == "card")
    assert card.entry.question == "身份证丢了怎么办？" and card.score == 0.9
    assert {passage.score for passage in found if passage is not card} == {0.3}


def test_it_is_named_by_module_and_made_with_arguments() -> None:
    name = f"{__name__}:vectors"
    retriever = LangChainRetriever(NO_STORE, retriever=name, arguments={"texts": ("港澳通行证",)})  # type: ignore[arg-type]
    assert "港澳通行证" in {passage.entry.answer for passage in retriever.search("通行证")}
    assert len(retriever.search("通行证", k=1)) == 1


def test_only_what_the_visitor_may_be_told_is_found() -> None:
    retriever = LangChainRetriever(NO_STORE, retriever=vectors)  # type: ignore[arg-type]
    english = retriever.search("passport", within=Scope(language="en"))
    assert [passage.entry.answer for passage in english] == ["Passports cost 120 yuan."]


def test_a_responder_answers_from_it() -> None:
    retriever = LangChainRetriever(NO_STORE, retriever=vectors(texts=()))  # type: ignore[arg-type]
    faq = FaqResponder(retriever, answer_from=0.5, suggest_from=0.15, hotline="12345")
    answer = next(p for p in faq.respond(Question("身份证丢了")) if isinstance(p, Answer))
    assert answer.text == "本人带户口簿到派出所补领。"


def test_what_is_no_retriever_is_refused() -> None:
    with pytest.raises(TypeError, match="invoke"):
        LangChainRetriever(NO_STORE, retriever=both)  # type: ignore[arg-type]
