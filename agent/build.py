"""From settings to loaded stages."""

import inspect
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from avatar_engine import Avatar, Presenter, capabilities_of
from avatar_engine.adaptive import (
    LEVELS_WITHOUT_LIGHT,
    AdaptiveAvatar,
    FrameSkippingAvatar,
    LoadMonitor,
)
from avatar_engine.viseme.avatar import VisemeAvatar
from retrievers import FaqStore, Retriever
from retrievers.store.faq_files import read_folder
from retrievers.store.screened import ScreenedStore
from tts_engine import Voice, voice_capabilities
from tts_engine.espeak.voice import EspeakVoice
from tts_engine.fallback import FallbackVoice
from zhengwen.model_files import check_model

from .cache.disk_cache import DiskCache
from .cache.fingerprint import fingerprint
from .cache.reply_cache import IdleLoopAnchors, ReplyCache
from .dialogue.acts import DialogueActs
from .dialogue.emergencies import EmergencyRecogniser, shipped_recogniser
from .dialogue.matters import named_topic
from .llm.chat_model import thinks_first, visitor_chat_model
from .llm.limits import CircuitBreaker, TokenBudget
from .pipeline import AnswerPipeline
from .plugins import load_plugin
from .responders import DialogueResponder, FaqResponder, GroundedResponder
from .settings import PluginSettings, Settings, SettingsError
from .types import Question, Responder

SAMPLE_ORIGIN = "sample"
"""Where the entries of the sample knowledge base say they come from."""

DEFAULT_VOICES = {"female": "neural", "male": "espeak"}
"""Which of our own voices suits a presenter: the neural one was learnt from a woman."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedStages:
    """Everything a deployment has loaded."""

    retriever: Retriever
    responder: Responder
    voice: Voice
    avatar: Avatar
    presenter: Presenter
    replays: ReplyCache | None
    """Answers that were rendered before; None where none are kept."""
    store: ScreenedStore
    """Where the retriever looks."""

    def session(self) -> AnswerPipeline:
        """For films, which may take the time they need."""
        return AnswerPipeline(self.responder, self.voice, self.avatar, self.replays)

    def live_pipeline(self) -> AnswerPipeline:
        """For visitors, who would rather see simpler pictures than wait."""
        live = _adaptive_avatar(self.avatar, self.presenter)
        if live is None:
            return self.session()
        return AnswerPipeline(self.responder, self.voice, live, self.replays, live.load_monitor)


def make_store(settings: Settings) -> ScreenedStore:
    """The store as it is, behind the gate that keeps personal data out.

    Raises:
        DamagedModelError: The encoder that ships is wanted, and damaged.
    """
    if "encoder" not in settings.store.options:
        check_model("encoder")
    store: FaqStore = _make_backend(
        load_plugin("store", settings.store.name), settings.store, settings.data_dir
    )
    return ScreenedStore(store)


def build_store(settings: Settings) -> ScreenedStore:
    """The store, filled with the sample knowledge base when it is empty.

    Entries of it that hold personal data stay out, with a warning that names them.
    """
    store = make_store(settings)
    if not len(store):
        with _log_duration("embedding the sample knowledge base"):
            sample = (replace(e, origin=SAMPLE_ORIGIN) for e in read_folder(settings.faq))
            clean, held = store.screen(sample)
            store.add(clean)
        for entry, findings in held:
            kinds = ", ".join(sorted({found.kind for found in findings}))
            logger.warning("entry %s stays out: personal data (%s)", entry.faq_id, kinds)
    return store


def build_retriever(settings: Settings, store: FaqStore) -> Retriever:
    """What finds entries in a store."""
    factory = load_plugin("retriever", settings.retriever.name)
    retriever: Retriever = _make_backend(factory, settings.retriever, store)
    return retriever


def build_faq_responder(settings: Settings, retriever: Retriever) -> FaqResponder:
    """What answers in the knowledge base's own words alone."""
    return FaqResponder(
        retriever,
        answer_from=settings.answer_from,
        suggest_from=settings.suggest_from,
        hotline=settings.hotline,
    )


def with_dialogue(settings: Settings, responder: Responder) -> DialogueResponder:
    """A responder that is asked only what is a question: all else is met before.

    Raises:
        TableError: A table of the settings' folder cannot be used.
        DamagedModelError: The classifier of emergencies that ships is damaged.
    """
    check_model("emergency classifier")
    emergencies, acts = _dialogue_tables(settings.dialogue_folders, settings.hotline)
    return DialogueResponder(responder, emergencies, acts)


@cache
def _dialogue_tables(
    folders: tuple[Path, ...], hotline: str
) -> tuple[EmergencyRecogniser, DialogueActs]:
    return shipped_recogniser(folders), DialogueActs(folders, hotline=hotline)


def build_responder(
    settings: Settings, store: FaqStore | None = None
) -> tuple[Retriever, Responder]:
    """What answers in words, with a language model if one is named; no voice or face is loaded.

    Args:
        settings: Of the deployment.
        store: Where to look; the deployment's own, which is then opened, if None.
    """
    retriever = build_retriever(settings, build_store(settings) if store is None else store)
    faq = build_faq_responder(settings, retriever)
    llm = settings.llm
    if llm is None:
        return retriever, with_dialogue(settings, faq)
    with _log_duration("loading LangChain"):
        model = visitor_chat_model(llm)
    grounded = GroundedResponder(
        faq,
        model,
        sentence_timeout_s=llm.patience_s,
        most_tokens=llm.max_tokens,
        budget=TokenBudget(per_session=llm.tokens_per_session, per_day=llm.tokens_per_day),
        breaker=CircuitBreaker(),
        most_requests=llm.max_requests,
        prices=llm.prices,
        has_system_role=llm.system_role,
        thinks_first=thinks_first(llm),
    )
    return retriever, with_dialogue(settings, grounded)


def build(settings: Settings) -> LoadedStages:
    """Load every stage, and use each once: the first visitor should not pay for warming up.

    Raises:
        PluginError: A name in the settings is unknown.
        PresenterError: The presenter's folder is missing or damaged.
        SettingsError: A backend refuses its options.
        DamagedModelError: A model that ships and is wanted is damaged.
    """
    if settings.avatar.name == "wav2lip384" and "weights" not in settings.avatar.options:
        check_model("lip-sync generator")
    with _log_duration("[1/4] sentence encoder and knowledge base"):
        store = build_store(settings)
        retriever, responder = build_responder(settings, store)
    with _log_duration("[2/4] presenter"):
        presenter = Presenter(settings.presenter_folder)
        chosen = settings.tts or PluginSettings(name=DEFAULT_VOICES[presenter.card.voice])
        if chosen.name == "neural" and "weights" not in chosen.options:
            check_model("voice")  # before the face, which may take minutes the first time
        make_avatar = load_plugin("avatar", settings.avatar.name)
        drawing = _with_cache(make_avatar, settings.avatar, settings.data_dir / "cache" / "faces")
        avatar: Avatar = _make_backend(make_avatar, drawing, presenter)
    with _log_duration("[3/4] voice"):
        make_voice = load_plugin("tts", chosen.name)
        speaking = _with_gender(make_voice, chosen, presenter.card.voice)
        voice: Voice = _make_backend(make_voice, speaking)
        if make_voice is not EspeakVoice:
            voice = FallbackVoice(voice, EspeakVoice(gender=presenter.card.voice))
    replays = None
    if settings.replay.max_mib:
        made_by = {make_avatar: settings.avatar.options, make_voice: speaking.options}
        cache = DiskCache(settings.replies, settings.replay.max_mib * 2**20)
        replays = ReplyCache(
            cache, fingerprint(presenter.folder, made_by), IdleLoopAnchors(presenter.faces)
        )
    stages = LoadedStages(retriever, responder, voice, avatar, presenter, replays, store)
    with _log_duration("[4/4] warming up"):  # what is kept would warm nothing
        for _ in AnswerPipeline(responder, voice, avatar).reply(Question("谢谢")):
            pass
        retriever.search("身份证")
        named_topic("身份证")  # loads the dictionary of parts of speech
    return stages


def _adaptive_avatar(avatar: Avatar, presenter: Presenter) -> AdaptiveAvatar | None:
    """The avatar with lower quality under load; None if it cannot skip frames."""
    capabilities = capabilities_of(avatar)
    if not capabilities.frame_skipping:
        return None
    skipping = cast(FrameSkippingAvatar, avatar)
    fits = (avatar.fps, avatar.size) == (presenter.card.fps, presenter.size)
    has_mouths = (presenter.folder / "viseme").is_dir()
    if capabilities.lightweight or not fits or not has_mouths:
        return AdaptiveAvatar(skipping, None, LoadMonitor(levels=LEVELS_WITHOUT_LIGHT))
    return AdaptiveAvatar(skipping, VisemeAvatar(presenter), LoadMonitor())


def _with_gender(
    factory: Callable[..., Any], backend: PluginSettings, gender: str
) -> PluginSettings:
    """A voice that declares to choose its gender takes the presenter's, if none is set."""
    if not voice_capabilities(factory).chooses_gender:
        return backend
    return PluginSettings(name=backend.name, options={"gender": gender, **backend.options})


def _with_cache(
    factory: Callable[..., Any], backend: PluginSettings, folder: Path
) -> PluginSettings:
    """An avatar with a feature cache keeps it in the data folder, unless the settings say else."""
    if not capabilities_of(factory).feature_cache:
        return backend
    return PluginSettings(name=backend.name, options={"cache": str(folder), **backend.options})


def _make_backend(factory: Callable[..., Any], backend: PluginSettings, *context: Any) -> Any:
    try:
        inspect.signature(factory).bind(*context, **backend.options)
    except TypeError as error:
        raise SettingsError(f"{backend.name!r} does not take these options: {error}") from error
    return factory(*context, **backend.options)


@contextmanager
def _log_duration(what: str) -> Iterator[None]:
    """Log that something begins, and how long it took."""
    start = time.monotonic()
    logger.info("%s …", what)
    yield
    logger.info("%s took %.1f s", what, time.monotonic() - start)
