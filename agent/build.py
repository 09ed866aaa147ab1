"""From settings to loaded stages."""

import inspect
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from avatar_engine import Avatar, Presenter
from retrievers import FaqStore, Retriever
from retrievers.faq_files import read_folder
from tts_engine import Voice

from .base import Question
from .plugins import load
from .responders import FaqResponder
from .session import Session
from .settings import Backend, Settings, SettingsError

SAMPLE = "sample"
"""Where the entries of the sample knowledge base say they come from."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stages:
    """Everything a deployment has loaded."""

    retriever: Retriever
    responder: FaqResponder
    voice: Voice
    avatar: Avatar
    presenter: Presenter

    def session(self) -> Session:
        return Session(self.responder, self.voice, self.avatar)


def make_store(settings: Settings) -> FaqStore:
    """The store as it is."""
    store: FaqStore = _make(load("store", settings.store.name), settings.store, settings.data_dir)
    return store


def build_store(settings: Settings) -> FaqStore:
    """The store, filled with the sample knowledge base when it is empty."""
    store = make_store(settings)
    if not len(store):
        with _timed("embedding the sample knowledge base"):
            store.add(replace(e, origin=SAMPLE) for e in read_folder(settings.faq))
    return store


def build_retriever(settings: Settings, store: FaqStore) -> Retriever:
    """What finds entries in a store."""
    factory = load("retriever", settings.retriever.name)
    retriever: Retriever = _make(factory, settings.retriever, store)
    return retriever


def build_responder(settings: Settings) -> tuple[Retriever, FaqResponder]:
    """What answers in words; no voice or face is loaded."""
    retriever = build_retriever(settings, build_store(settings))
    responder = FaqResponder(
        retriever,
        answer_from=settings.answer_from,
        suggest_from=settings.suggest_from,
        hotline=settings.hotline,
    )
    return retriever, responder


def build(settings: Settings) -> Stages:
    """Load every stage, and use each once: the first visitor should not pay for warming up.

    Raises:
        PluginError: A name in the settings is unknown.
        PresenterError: The presenter's folder is missing or damaged.
        SettingsError: A backend refuses its options.
    """
    with _timed("loading the knowledge base"):
        retriever, responder = build_responder(settings)
    with _timed("loading presenter and voice"):
        presenter = Presenter(settings.presenter_folder)
        avatar: Avatar = _make(load("avatar", settings.avatar.name), settings.avatar, presenter)
        factory = load("tts", settings.tts.name)
        voice: Voice = _make(factory, _with_gender(factory, settings.tts, presenter.card.voice))
    stages = Stages(retriever, responder, voice, avatar, presenter)
    with _timed("warming up"):
        for _ in stages.session().reply(Question("您好")):
            pass
        list(responder.respond(Question("身份证")))
    return stages


def _with_gender(factory: Callable[..., Any], backend: Backend, gender: str) -> Backend:
    """A voice that can choose its gender takes the presenter's, unless the settings say else."""
    if "gender" not in inspect.signature(factory).parameters:
        return backend
    return Backend(name=backend.name, options={"gender": gender, **backend.options})


def _make(factory: Callable[..., Any], backend: Backend, *context: Any) -> Any:
    try:
        inspect.signature(factory).bind(*context, **backend.options)
    except TypeError as error:
        raise SettingsError(f"{backend.name!r} does not take these options: {error}") from error
    return factory(*context, **backend.options)


@contextmanager
def _timed(what: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    logger.info("%s took %.1f s", what, time.monotonic() - start)
