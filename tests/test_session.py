"""The pipeline: streamed, pulled, interruptible."""

from collections.abc import Generator, Iterator

import pytest

from agent import Answer, AnswerPipeline, Caption, Opening, Question, ReplyError, Sentence
from agent.build import LoadedStages
from avatar_engine import Fragment, SoundOnly
from tts_engine import Speech

QUESTION = Question("驾驶证丢失了怎么补领？")  # the reply takes more than twenty seconds to say
GREETING = Question("你好")  # thirteen
THANKS = Question("谢谢")  # four


def test_text_comes_first_then_a_caption_then_its_pictures(stages: LoadedStages) -> None:
    events = list(stages.session().reply(THANKS))
    assert isinstance(events[0], Answer)
    assert [type(event) for event in events[1:4]] == [Opening, Caption, Fragment]
    assert sum(isinstance(e, Answer) for e in events) == 1


def test_captions_say_where_in_the_film_their_sentence_begins(stages: LoadedStages) -> None:
    made_ms = 0
    n_captions = 0
    for event in stages.session().reply(GREETING):
        if isinstance(event, Caption):
            n_captions += 1
            assert event.start_ms is not None
            assert made_ms <= event.start_ms <= made_ms + 200  # at most a fragment is pending
        elif isinstance(event, Fragment):
            made_ms = event.pts_ms + event.duration_ms
    assert n_captions > 1


class CountingVoice:
    """A voice that remembers how much it was asked to say."""

    def __init__(self, voice) -> None:  # type: ignore[no-untyped-def]
        self._voice = voice
        self.sample_rate = voice.sample_rate
        self.n_sentences = 0

    def speak(self, text: str) -> Generator[Speech, None, None]:
        self.n_sentences += 1
        yield from self._voice.speak(text)


def test_the_first_sentence_leaves_before_the_second_is_spoken(stages: LoadedStages) -> None:
    voice = CountingVoice(stages.voice)
    reply = AnswerPipeline(stages.responder, voice, stages.avatar).reply(QUESTION)
    while not isinstance(fragment := next(reply), Fragment) or fragment.pts_ms < 200:
        pass
    assert voice.n_sentences == 1
    reply.close()


def test_closing_a_reply_stops_every_stage(stages: LoadedStages) -> None:
    voice = CountingVoice(stages.voice)
    reply = AnswerPipeline(stages.responder, voice, stages.avatar).reply(QUESTION)
    for _ in range(6):
        next(reply)
    reply.close()
    assert voice.n_sentences == 1
    assert next(reply, None) is None


def test_without_media_only_text_is_made(stages: LoadedStages) -> None:
    events = list(stages.session().reply(QUESTION, media="none"))
    assert not any(isinstance(e, Fragment) for e in events)
    assert all(e.start_ms is None for e in events if isinstance(e, Caption))


def test_audio_alone_has_no_pictures(stages: LoadedStages) -> None:
    media = [e for e in stages.session().reply(QUESTION, media="audio") if isinstance(e, Fragment)]
    assert media[0].mime.startswith("audio/mp4")


class BrokenVoice:
    sample_rate = 16_000

    def __init__(self, error: Exception) -> None:
        self._error = error

    def speak(self, text: str) -> Generator[Speech, None, None]:
        raise self._error
        yield


@pytest.mark.parametrize(("error", "retryable"), [(TimeoutError(), True), (ValueError(), False)])
def test_a_failure_names_its_stage_and_whether_to_try_again(
    stages: LoadedStages, error: Exception, retryable: bool
) -> None:
    session = AnswerPipeline(stages.responder, BrokenVoice(error), SoundOnly(25))
    with pytest.raises(ReplyError) as caught:
        list(session.reply(QUESTION))
    assert (caught.value.stage, caught.value.retryable) == ("speak", retryable)
    assert caught.value.__cause__ is error


class MuteResponder:
    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        yield Answer("", "refused")


def test_a_reply_without_sentences_has_no_media(stages: LoadedStages) -> None:
    session = AnswerPipeline(MuteResponder(), stages.voice, stages.avatar)
    assert [type(e) for e in session.reply(QUESTION)] == [Answer]


def test_a_voice_that_does_not_fit_the_frame_rate_is_refused(stages: LoadedStages) -> None:
    voice = CountingVoice(stages.voice)
    voice.sample_rate = 22_051
    with pytest.raises(ValueError, match="does not divide"):
        AnswerPipeline(stages.responder, voice, stages.avatar)
