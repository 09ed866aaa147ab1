"""Replies that are kept: found again as they were, bounded, and only what anybody may hear."""

import asyncio
import errno
import logging
import os
import shutil
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console
from websockets.asyncio.client import connect

from agent import (
    Answer,
    AnswerPipeline,
    Caption,
    Opening,
    Question,
    ReplyError,
    ReplyEvent,
    Sentence,
)
from agent.build import LoadedStages, make_store
from agent.cache.disk_cache import DiskCache
from agent.cache.fingerprint import fingerprint
from agent.cache.prerender import PrerenderSummary, prerender
from agent.cache.reply_cache import N_ANCHORS, IdleLoopAnchors, ReplyCache
from agent.responders import DialogueResponder
from agent.responders.faq import entry_answer, predictable_answers, spoken_sentences
from agent.serving.websocket import WebsocketServer
from agent.settings import ServerSettings, Settings
from avatar_engine import Avatar, Fragment, Frames, Presenter
from avatar_engine.adaptive import LoadMonitor
from avatar_engine.viseme.avatar import VisemeAvatar
from retrievers import FaqEntry
from tests.test_server import Client
from tts_engine import Speech, Voice
from tts_engine.espeak.voice import EspeakVoice
from zhengwen.command_line import progress_bar

MIB = 2**20
SUIT = Path(__file__).parent.parent / "assets" / "presenters" / "suit"


@pytest.fixture(scope="module")
def avatar() -> VisemeAvatar:
    return VisemeAvatar(Presenter(SUIT))


@pytest.fixture(scope="module")
def voice() -> EspeakVoice:
    return EspeakVoice(gender="male")


class Reciter:
    """Answers every question with the same words, which are known to be anybody's, or not."""

    def __init__(self, text: str, *, is_verbatim: bool = True) -> None:
        self._answer = Answer(text, "answered", 1.0, is_verbatim=is_verbatim)

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        yield replace(self._answer, suggestions=(question.text,))
        yield from spoken_sentences(self._answer.text)


class QuestionEcho:
    """Says what it was asked, as a language model may."""

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        yield Sentence(0, question.text)
        yield Answer(question.text, "answered")


@pytest.fixture
def replays(tmp_path: Path, avatar: VisemeAvatar) -> ReplyCache:
    return replays_in(tmp_path / "replies", avatar)


def replays_in(folder: Path, avatar: VisemeAvatar, max_bytes: int = 50 * MIB) -> ReplyCache:
    return ReplyCache(DiskCache(folder, max_bytes), "suit", IdleLoopAnchors(avatar.presenter.faces))


def kept(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def media(events: list[ReplyEvent]) -> list[ReplyEvent]:
    return [event for event in events if isinstance(event, Caption | Fragment)]


# A reply and its replay


def test_a_replay_is_the_first_rendering_byte_for_byte(
    replays: ReplyCache, avatar: Avatar, voice: Voice
) -> None:
    session = AnswerPipeline(Reciter("请带身份证。谢谢！"), voice, avatar, replays)
    first = list(session.reply(Question("护照？"), first=137))
    again = list(session.reply(Question("怎么办护照？"), first=137))
    assert [type(event) for event in first[:4]] == [Answer, Opening, Caption, Fragment]
    assert media(first) == media(again)
    assert isinstance(first[1], Opening) and isinstance(again[1], Opening)
    assert (first[1].is_replay, again[1].is_replay) == (False, True)
    assert first[1].loop_frame == again[1].loop_frame
    assert isinstance(again[0], Answer)
    assert again[0].suggestions == ("怎么办护照？",)  # each visitor's own


class SilentAfter:
    """A voice that can no longer speak after some sentences."""

    def __init__(self, voice: Voice, n: int, error: BaseException) -> None:
        self._voice, self._left, self._error = voice, n, error
        self.sample_rate = voice.sample_rate

    def speak(self, text: str) -> Generator[Speech, None, None]:
        if not self._left:
            raise self._error
        self._left -= 1
        yield from self._voice.speak(text)


def test_a_replay_needs_neither_voice_nor_avatar(
    replays: ReplyCache, avatar: Avatar, voice: Voice
) -> None:
    session = AnswerPipeline(Reciter("好。"), SilentAfter(voice, 1, ValueError()), avatar, replays)
    assert media(list(session.reply(Question("？")))) == media(list(session.reply(Question("？"))))


def test_sound_alone_is_kept_apart_from_pictures(
    replays: ReplyCache, avatar: Avatar, voice: Voice
) -> None:
    session = AnswerPipeline(Reciter("好。"), voice, avatar, replays)
    made = [media(list(session.reply(Question("？"), media=kind))) for kind in ("video", "audio")]
    again = [media(list(session.reply(Question("？"), media=kind))) for kind in ("video", "audio")]
    assert made == again
    assert made[0] != made[1]


def test_another_text_presenter_or_voice_is_not_found(
    tmp_path: Path, replays: ReplyCache, avatar: VisemeAvatar, voice: Voice
) -> None:
    said = list(spoken_sentences("好。"))
    list(AnswerPipeline(QuestionEcho(), voice, avatar, replays).record(said))
    assert replays.find(said, "video", 0)
    assert not replays.find(list(spoken_sentences("好！")), "video", 0)
    assert not replays.find(list(spoken_sentences("好。好。")), "video", 0)
    assert not replays.find(said, "audio", 0)
    other = ReplyCache(replays.cache, "blouse", IdleLoopAnchors(avatar.presenter.faces))
    assert not other.find(said, "video", 0)


def test_a_reply_begins_at_the_pose_nearest_to_the_page_or_at_one_that_is_kept(
    replays: ReplyCache, avatar: Avatar, voice: Voice
) -> None:
    session = AnswerPipeline(Reciter("好。"), voice, avatar, replays)
    near, *_, far = replays.starts.nearest_first(60)
    list(session.record(list(spoken_sentences("好。")), first=far))
    assert replays.holds(list(spoken_sentences("好。")), "video", near) is None
    assert opening(session, 60) == Opening(far, is_replay=True)
    list(session.record(list(spoken_sentences("好。")), first=near))
    assert opening(session, 60) == Opening(near, is_replay=True)
    assert opening(session, far) == Opening(far, is_replay=True)


def opening(session: AnswerPipeline, first: int) -> Opening:
    return next(e for e in session.reply(Question("？"), first=first) if isinstance(e, Opening))


def test_the_first_poses_are_the_most_typical_and_more_are_never_farther_off(
    avatar: VisemeAvatar,
) -> None:
    faces = avatar.presenter.faces
    chosen = [IdleLoopAnchors(faces, n) for n in (1, 2, 4, N_ANCHORS)]
    apart = [
        sum(abs(face - faces[few.nearest_first(i)[0]]).mean() for i, face in enumerate(faces))
        for few in chosen
    ]
    assert apart == sorted(apart, reverse=True)
    assert apart[-1] < apart[0] / 2
    assert chosen[-1].frames[:2] == chosen[1].frames
    two = IdleLoopAnchors(faces[[0, 0, 60, 0, 60, 0]])
    assert [len(IdleLoopAnchors(faces[[0, 0, 0]]).frames), len(two.frames)] == [1, 2]
    assert two.nearest_first(3)[0] in (0, 1, 3, 5)


# What is not kept

TWO = "请携带本人居民身份证办理。\n请在工作日的上午办理。"


def test_a_reply_that_is_interrupted_or_fails_is_not_kept(
    tmp_path: Path, replays: ReplyCache, avatar: Avatar, voice: Voice
) -> None:
    reply = AnswerPipeline(Reciter(TWO), voice, avatar, replays).reply(Question("？"))
    while not isinstance(next(reply), Fragment):
        pass
    reply.close()
    broken = AnswerPipeline(Reciter(TWO), SilentAfter(voice, 1, OSError()), avatar, replays)
    with pytest.raises(ReplyError):
        list(broken.reply(Question("？")))
    assert not kept(tmp_path / "replies")


class Eased:
    """An avatar on a machine that could not keep up in the end."""

    def __init__(self, avatar: Avatar) -> None:
        self._avatar, self.fps, self.size = avatar, avatar.fps, avatar.size

    def render(self, speech: Iterable[Speech], *, first: int = 0) -> Generator[Frames, None, None]:
        for n, frames in enumerate(self._avatar.render(speech, first=first)):
            yield replace(frames, is_degraded=n == 2)


def test_a_reply_that_was_drawn_simpler_than_usual_is_not_kept(
    tmp_path: Path, replays: ReplyCache, avatar: Avatar, voice: Voice
) -> None:
    list(AnswerPipeline(Reciter("好。"), voice, Eased(avatar), replays).reply(Question("？")))
    assert not kept(tmp_path / "replies")


def test_a_reply_without_pictures_that_should_have_some_is_told_and_not_kept(
    tmp_path: Path, replays: ReplyCache, avatar: Avatar, voice: Voice
) -> None:
    load_monitor = LoadMonitor(levels=("sound",))
    exhausted = AnswerPipeline(Reciter("好。"), voice, avatar, replays, load_monitor)
    fragments = [e for e in exhausted.reply(Question("？")) if isinstance(e, Fragment)]
    assert fragments[0].mime.startswith("audio/mp4")
    assert sum(f.n_degraded for f in fragments) == sum(f.n_frames for f in fragments) > 0
    assert not kept(tmp_path / "replies")
    heard = exhausted.reply(Question("？"), media="audio")
    assert not any(isinstance(e, Fragment) and e.n_degraded for e in heard), (
        "who asked for sound alone misses nothing"
    )


def test_a_visitors_own_words_never_reach_the_disk(
    tmp_path: Path, replays: ReplyCache, avatar: Avatar, voice: Voice
) -> None:
    name = "张三丰"
    list(AnswerPipeline(QuestionEcho(), voice, avatar, replays).reply(Question(name)))
    list(AnswerPipeline(QuestionEcho(), voice, avatar, replays).say(name))
    list(
        AnswerPipeline(Reciter(name, is_verbatim=False), voice, avatar, replays).reply(
            Question("？")
        )
    )
    assert not kept(tmp_path / "replies")
    list(AnswerPipeline(Reciter("好。"), voice, avatar, replays).reply(Question(name)))
    (only,) = kept(tmp_path / "replies")
    assert "好。".encode() in only.read_bytes()
    assert name.encode() not in only.read_bytes()


def test_a_disk_that_takes_nothing_costs_one_warning_and_no_reply(
    tmp_path: Path, avatar: VisemeAvatar, voice: Voice, log: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "replies").write_text("a file where the folder should be")
    replays = replays_in(tmp_path / "replies", avatar)
    session = AnswerPipeline(Reciter("请带身份证。"), voice, avatar, replays)
    for _ in range(2):
        assert media(list(session.reply(Question("？"))))
    warnings = [r.getMessage() for r in log.records if r.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "身份证" not in log.text


# The folder


@pytest.fixture
def cache(tmp_path: Path) -> DiskCache:
    return DiskCache(tmp_path / "replies", 3000)


def age(path: Path, seconds: int) -> None:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def test_what_was_used_longest_ago_makes_room(cache: DiskCache, tmp_path: Path) -> None:
    for seconds, name in ((30, "a"), (20, "b"), (10, "c")):
        cache.put(name, name.encode() * 900)
        age(tmp_path / "replies" / name, seconds)
    assert cache.get("a") == b"a" * 900
    cache.put("d", b"d" * 900)
    assert [bool(cache.get(name)) for name in "abcd"] == [True, False, True, True]
    assert sum(path.stat().st_size for path in kept(tmp_path / "replies")) <= 3000


def test_what_is_larger_than_everything_may_be_pushes_nothing_out(cache: DiskCache) -> None:
    cache.put("a", b"a")
    cache.put("b", b"b" * 3000)
    assert (cache.get("a"), cache.get("b")) == (b"a", None)


@pytest.mark.parametrize("damaged", [b"", b"\0" * 40, None])
def test_what_is_damaged_is_as_good_as_none_and_goes(
    cache: DiskCache, tmp_path: Path, damaged: bytes | None
) -> None:
    cache.put("a", b"a" * 900)
    path = tmp_path / "replies" / "a"
    path.write_bytes(path.read_bytes()[:-1] + b"b" if damaged is None else damaged)
    assert cache.get("a") is None
    assert not path.exists()
    cache.put("a", b"a")
    assert cache.get("a") == b"a"


def test_what_is_kept_is_found_on_a_disk_where_nothing_can_be_changed(
    cache: DiskCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.put("good", b"a" * 10)
    cache.put("bad", b"b" * 10)
    [path] = tmp_path.rglob("bad")
    path.write_bytes(path.read_bytes()[:-1] + b"c")

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "utime", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    assert cache.get("good") == b"a" * 10
    assert cache.get("bad") is None


def test_an_unfinished_file_is_never_taken_for_a_reply_and_goes_when_its_process_is_gone(
    cache: DiskCache, tmp_path: Path
) -> None:
    cache.put("a", b"a")
    others = [tmp_path / "replies" / f".{name}.partial.reply" for name in ("running", "dead")]
    for other in others:
        other.write_bytes(b"x" * 5000)
    age(others[1], 7200)
    cache.put("b", b"b")
    assert [other.exists() for other in others] == [True, False]
    assert (cache.get("a"), cache.get("b")) == (b"a", b"b")


# What a rendering depends on


def test_the_fingerprint_tells_options_presenter_and_files_apart(tmp_path: Path) -> None:
    weights = tmp_path / "some.weights"
    weights.write_bytes(b"1")

    def printed(presenter: Path = SUIT, **options: object) -> str:
        return fingerprint(presenter, {EspeakVoice: options})

    same = {printed(), printed(), printed(pitch=70), printed(cache=str(tmp_path))}
    assert len(same) == 1
    mine = printed(weights=str(weights))
    moved = tmp_path / "elsewhere"
    moved.write_bytes(b"1")
    assert printed(weights=moved) == mine
    weights.write_bytes(b"2")
    shutil.copytree(SUIT, tmp_path / "suit")
    with (tmp_path / "suit" / "idle.mp4").open("ab") as film:
        film.write(b"\0")
    others = [
        mine, printed(weights=str(weights)), printed(pitch=71), printed(gender="male"),
        printed(tmp_path / "suit"), fingerprint(SUIT, {VisemeAvatar: {}}),
    ]  # fmt: skip
    assert len({*same, *others}) == 7


# Over the wire


@asynccontextmanager
async def served(
    session: AnswerPipeline, avatar: VisemeAvatar, **limits: int
) -> AsyncIterator[str]:
    settings = Settings(server=ServerSettings(port=0, **limits))
    async with WebsocketServer(session, avatar.presenter, settings).listen() as listener:
        yield f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"


LONG = "请携带本人居民身份证和户口簿到公安机关办理，工作日上午九点到下午五点受理。"


async def test_a_replay_says_that_it_is_one_and_where_it_begins(
    replays: ReplyCache, avatar: VisemeAvatar, voice: Voice
) -> None:
    async with (
        served(AnswerPipeline(Reciter("好。"), voice, avatar, replays), avatar) as address,
        connect(address, max_size=None, proxy=None) as connection,
    ):
        client = Client(connection)
        ended, films, begun = [], [], []
        await client.until_media(1)
        for _ in range(2):
            ended.append(await client.ask("？", reply="same"))
            films.append(client.film().getvalue())
            begun.append(client.media[0][0]["loop_frame"])
    assert [end["replayed"] for end in ended] == [False, True]
    assert ended[0]["frames"] == ended[1]["frames"] > 0
    assert films[0] == films[1]
    assert begun[0] == begun[1] in replays.starts.frames


async def test_a_replay_is_not_sent_faster_than_it_may_be(
    replays: ReplyCache, avatar: VisemeAvatar, voice: Voice
) -> None:
    list(
        AnswerPipeline(QuestionEcho(), voice, avatar, replays).record(list(spoken_sentences(LONG)))
    )
    async with (
        served(AnswerPipeline(Reciter(LONG), voice, avatar, replays), avatar) as address,
        connect(address, max_size=None, proxy=None) as connection,
    ):
        client = Client(connection)
        await client.until_media(1)
        await client.send("played", reply="r", position_ms=0)
        await client.send("ask", text="？", reply="r")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await client.until("ended")
        assert 2000 < client.media[-1][0]["pts_ms"] <= 3000
        await client.send("played", reply="r", position_ms=60_000)
        assert (await client.until("ended"))["replayed"]


async def test_a_replay_is_sent_while_nothing_more_can_be_rendered(
    replays: ReplyCache, avatar: VisemeAvatar, voice: Voice
) -> None:
    list(
        AnswerPipeline(QuestionEcho(), voice, avatar, replays).record(
            list(spoken_sentences("好。"))
        )
    )
    session = AnswerPipeline(Reciter("好。"), voice, avatar, replays)
    async with (
        served(session, avatar, max_replies=1) as address,
        connect(address, max_size=None, proxy=None) as one,
        connect(address, max_size=None, proxy=None) as two,
    ):
        first, second = Client(one), Client(two)
        await first.send("say", text=LONG, reply="long")
        await first.until_media(3)  # the idle loop, and it has begun
        await first.send("played", reply="long", position_ms=0)
        assert (await second.ask("？"))["replayed"] is True
        assert not [event for event in first.texts if event["type"] == "ended"]


# Beforehand


def rendered(
    session: AnswerPipeline,
    replays: ReplyCache,
    texts: list[str],
    *,
    n_starts: int = 1,
    limit: int | None = None,
) -> PrerenderSummary:
    quiet = progress_bar(Console(quiet=True))
    return prerender(session, replays, texts, n_starts=n_starts, limit=limit, progress=quiet)


TEXTS = ["一。", "二。", "三。"]


def test_prerendering_goes_on_where_it_was_stopped(
    replays: ReplyCache, avatar: Avatar, voice: Voice, tmp_path: Path
) -> None:
    stopped = AnswerPipeline(
        QuestionEcho(), SilentAfter(voice, 2, KeyboardInterrupt()), avatar, replays
    )
    done = rendered(stopped, replays, TEXTS)
    assert (done.n_made, done.n_missing, done.was_interrupted) == (2, 1, True)
    assert len(kept(tmp_path / "replies")) == 2
    done = rendered(AnswerPipeline(QuestionEcho(), voice, avatar, replays), replays, TEXTS)
    assert (done.n_there, done.n_made, done.n_missing) == (2, 1, 0)
    assert done.n_bytes == sum(path.stat().st_size for path in kept(tmp_path / "replies"))
    for text in TEXTS:
        assert opening(AnswerPipeline(Reciter(text), voice, avatar, replays), 0).is_replay


def test_a_limit_and_more_poses_add_to_what_is_there(
    replays: ReplyCache, avatar: Avatar, voice: Voice
) -> None:
    session = AnswerPipeline(QuestionEcho(), voice, avatar, replays)
    done = rendered(session, replays, TEXTS[:2], limit=1)
    assert (done.n_made, done.n_missing) == (1, 1)
    done = rendered(session, replays, TEXTS[:2], n_starts=2)
    assert (done.n_there, done.n_made, done.n_missing) == (1, 3, 0)
    said = list(spoken_sentences(TEXTS[0]))
    assert [bool(replays.holds(said, "video", s)) for s in replays.starts.frames[:3]] == [
        True, True, False,
    ]  # fmt: skip


def test_prerendering_ends_before_it_pushes_out_what_it_made(
    avatar: VisemeAvatar, voice: Voice, tmp_path: Path
) -> None:
    replays = replays_in(tmp_path / "replies", avatar, 250_000)
    session = AnswerPipeline(QuestionEcho(), voice, avatar, replays)
    for _ in range(2):
        done = rendered(session, replays, [f"这是第{i}句话。" for i in "一二三四五六七八"])
        assert done.is_full
        assert 0 < done.n_kept < 8
        assert done.n_kept == len(kept(tmp_path / "replies"))
    assert done.n_made == 0


def test_prerendering_says_when_nothing_is_kept(
    avatar: VisemeAvatar, voice: Voice, tmp_path: Path
) -> None:
    replays = replays_in(tmp_path / "replies", avatar, 100)
    with pytest.raises(OSError, match="max_mib"):
        rendered(AnswerPipeline(QuestionEcho(), voice, avatar, replays), replays, TEXTS)


def test_what_can_be_known_beforehand_is_every_answer_that_holds_and_the_phrases() -> None:
    entry = FaqEntry("a", "问？", "答。")
    gone = FaqEntry("b", "问？", "旧。", valid_until="2020-01-01")
    part = FaqEntry("c", "问？", "条文。", kind="passage", source_title="办法", place="第一条")
    texts = list(
        predictable_answers(
            [entry, gone, part, replace(entry, faq_id="d")], date.today(), hotline="1"
        )
    )
    assert texts[-2:] == ["答。", entry_answer(part)]
    assert any("拨打1热线" in text for text in texts)
    assert "旧。" not in texts


def test_what_the_responder_answers_is_what_was_rendered(
    stages: LoadedStages, settings: Settings
) -> None:
    assert isinstance(stages.responder, DialogueResponder)
    said = stages.responder.all_texts()
    day, hotline = date.today(), settings.hotline
    texts = list(predictable_answers(make_store(settings), day, hotline=hotline, said=said))
    for question in ("身份证丢了怎么补办？", "你好", "今天股票涨不涨", "thanks"):
        answer, *parts = stages.responder.respond(Question(question))
        assert isinstance(answer, Answer)
        assert answer.is_verbatim and (answer.spoken or answer.text) in texts
        assert parts == list(spoken_sentences(answer.text))
