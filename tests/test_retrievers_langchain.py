"""Ours in LangChain's chains and vector stores, and any LangChain retriever in place of ours."""

from typing import Any

import pytest
from langchain_chroma import Chroma
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import ConfigurableField, RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore

from agent import Answer, Question
from agent.responders import FaqResponder
from retrievers import FaqEntry, Scope
from retrievers.langchain import EncoderEmbeddings, LangChainRetriever, as_langchain
from retrievers.ranking.retrievers import HybridRetriever, NearestRetriever
from retrievers.store.chroma import SHIPPED_ENCODER, ChromaStore
from retrievers.store.vector_index import COLLECTION, client_settings
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


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ChromaStore:
    store = ChromaStore(tmp_path_factory.mktemp("langchain"))
    store.add(
        [
            FaqEntry("id-1", "身份证丢了怎么补办？", "到派出所补领。", ("身份证遗失",), year=2024),
            FaqEntry("pass-1", "护照怎么换发？", "到出入境窗口。", source_title="《护照法》"),
            FaqEntry("old-1", "旧护照怎么办？", "已停办。", valid_until="2020-01-01"),
            FaqEntry("en-1", "How do I renew a passport?", "Apply early.", language="en"),
        ]
    )
    return store


class Tracer(BaseCallbackHandler):
    def __init__(self) -> None:
        self.seen: list[tuple[str, list[str] | None]] = []

    def on_retriever_start(self, serialized: Any, query: str, **kwargs: Any) -> None:
        self.seen.append((query, kwargs["tags"]))

    def on_retriever_end(self, documents: Any, **kwargs: Any) -> None:
        self.seen.append((documents[0].id, None))


def test_a_chain_of_somebody_else_looks_with_our_retriever_and_is_traced(
    store: ChromaStore,
) -> None:
    retriever = as_langchain(HybridRetriever(store), k=2)
    assert isinstance(retriever, BaseRetriever)
    prompt = ChatPromptTemplate.from_template("{found}\n问：{asked}")
    model = GenericFakeChatModel(messages=iter(["到派出所补领。"]))
    chain = (
        {"found": retriever | (lambda found: found[0].page_content), "asked": RunnablePassthrough()}
        | prompt
        | model
        | StrOutputParser()
    )
    tracer = Tracer()
    said = chain.invoke("身份证丢了", config={"callbacks": [tracer], "tags": ["visit"]})
    assert said == "到派出所补领。"
    (asked, tags), (found, _) = tracer.seen
    assert asked == "身份证丢了" and tags is not None and "visit" in tags and found == "id-1"


def test_documents_say_what_entries_say_and_only_what_is_valid_is_found(
    store: ChromaStore,
) -> None:
    [card] = as_langchain(HybridRetriever(store), k=1).invoke("身份证丢了怎么补办？")
    assert (card.id, card.page_content) == ("id-1", "到派出所补领。")
    assert card.metadata["question"] == "身份证丢了怎么补办？"
    assert card.metadata["year"] == 2024 and card.metadata["score"] == 1.0
    passports = as_langchain(HybridRetriever(store)).batch(["旧护照怎么办？", "passport"])
    assert "old-1" not in [document.id for document in passports[0]]
    assert [document.id for document in passports[1]] == ["en-1"]
    assert as_langchain(HybridRetriever(store), min_score=1.1).invoke("护照") == []


def test_k_can_be_set_by_the_configuration_of_a_run(store: ChromaStore) -> None:
    retriever = as_langchain(NearestRetriever(store)).configurable_fields(
        k=ConfigurableField(id="n_found")
    )
    assert len(retriever.invoke("护照", config={"configurable": {"n_found": 1}})) == 1
    assert len(retriever.invoke("护照")) == 2


def test_there_and_back_an_entry_is_the_same(store: ChromaStore) -> None:
    ours = HybridRetriever(store)
    back = LangChainRetriever(store, retriever=as_langchain(ours))
    [passage] = back.search("身份证丢了怎么补办？", k=1)
    assert passage == ours.search("身份证丢了怎么补办？", k=1)[0]


def test_langchain_chroma_opens_the_collection_with_our_embeddings(store: ChromaStore) -> None:
    opened = Chroma(
        COLLECTION,
        EncoderEmbeddings(SHIPPED_ENCODER),
        persist_directory=str(store.collection_folder),
        client_settings=client_settings(),
    )
    [(found, distance)] = opened.similarity_search_with_score("身份证遗失", k=1)
    assert found.page_content == "身份证遗失" and found.metadata["faq_id"] == "id-1"
    assert distance < 0.01
    chinese = opened.as_retriever(search_kwargs={"k": 9, "filter": {"language": "zh-CN"}})
    assert {document.metadata["faq_id"] for document in chinese.invoke("passport")} == {
        "id-1",
        "pass-1",
        "old-1",
    }
