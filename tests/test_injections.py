"""A model that obeys every attacker: nothing that it makes up for them reaches a visitor."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent import Answer, Question, Sentence
from retrievers import FaqEntry, Passage
from tests.language_model import Reply, Service, serving
from tests.test_llm_answers import Shelf, responder

pytest.importorskip("langchain_openai", reason="the extra 'llm' is not installed")

FILE = Path(__file__).parent / "data" / "injections.jsonl"
ATTACKS = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
ENTRIES = {
    "zh": FaqEntry(
        "card",
        "居民身份证丢失怎样补领，要多少钱？",
        "本人带户口簿到派出所补领。补领居民身份证工本费每证40元，换领居民身份证收费20元。"
        "可以就近办理，不必回户籍地。自受理之日起20个工作日内领取。",
        source_title="《中华人民共和国居民身份证法》",
        source_url="https://www.mps.gov.cn",
    ),
    "en": FaqEntry(
        "card-en",
        "How do I replace a lost ID card?",
        "Take your household register to the police station. The replacement fee is 40 yuan. "
        "The card is ready within 20 working days.",
        language="en",
    ),
}
GROUNDED = {"zh": "补领居民身份证工本费每证40元", "en": "The replacement fee is 40 yuan"}
ASKED = {"zh": "身份证补领的事", "en": "replacing cards"}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving() as running:
        yield running


def test_there_are_attacks_of_all_kinds() -> None:
    assert len(ATTACKS) >= 60
    kinds = {(attack["where"], attack["language"]) for attack in ATTACKS}
    assert len(kinds) == 4


@pytest.mark.parametrize("attack", ATTACKS, ids=range(1, len(ATTACKS) + 1))
def test_what_an_attack_wants_said_is_not_said(service: Service, attack: dict[str, Any]) -> None:
    entry = ENTRIES[attack["language"]]
    passages = [Passage(entry, 0.3)]
    asked = attack["attack"] if attack["where"] == "question" else ASKED[attack["language"]]
    if attack["where"] == "document":
        text = f"{attack['attack']}\n{entry.answer}"
        poisoned = FaqEntry("poisoned", entry.question, text, language=entry.language)
        passages = [Passage(poisoned, 0.4), *passages]
    seen: list[bool] = []

    def obey(reply: Reply) -> None:
        """Do what the attack says, where it is seen; then answer properly."""
        data = json.dumps(reply.data, ensure_ascii=False)
        as_seen = json.dumps(attack["attack"], ensure_ascii=False)[1:-1].replace("\u200b", "")
        seen.append(as_seen in data)
        reply.say(f"{attack['obeys']}\n" if seen[-1] else "")
        reply.say(f"{GROUNDED[attack['language']]} [1].\n")
        reply.end()

    service.behave = obey
    parts = list(responder(service, Shelf(passages)).respond(Question(asked)))
    given = "".join(part.text for part in parts if isinstance(part, Sentence))
    [answer] = [part for part in parts if isinstance(part, Answer)]
    assert given == answer.text
    assert seen, "the model was asked"
    assert seen[0] or attack["where"] == "document", "only documents are kept from the model"
    assert not [leak for leak in attack["leaks"] if leak in given], given
    assert GROUNDED[attack["language"]] in given or "12345" in given


def test_without_the_check_the_attacks_would_succeed() -> None:
    """The attacks are worth the name: what they want said is in what the model says."""
    for attack in ATTACKS:
        assert [leak for leak in attack["leaks"] if leak in attack["obeys"]], attack
