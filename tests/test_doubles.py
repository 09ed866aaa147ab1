"""The doubles that tests use keep every promise of what they stand for."""

from avatar_engine.checks import check_avatar
from avatar_engine.testing import StillAvatar
from retrievers.testing import MemoryStore, check_store
from tts_engine.checks import check_voice
from tts_engine.testing import ToneVoice


def test_the_tone_is_a_voice() -> None:
    check_voice(ToneVoice())


def test_a_tone_lasts_as_long_as_its_text() -> None:
    voice = ToneVoice(seconds_per_character=0.1)
    assert round(sum(piece.seconds for piece in voice.speak("您好。")), 6) == 0.3


def test_the_still_picture_is_an_avatar() -> None:
    check_avatar(StillAvatar())


def test_the_dictionary_is_a_store() -> None:
    check_store(MemoryStore())
