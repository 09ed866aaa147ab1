"""The OpenAI-compatible endpoint, spoken to over HTTP as other programs do."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn

from agent import Answer, Question, Sentence
from agent.auth_throttle import FREE_TRIES, MAX_ADDRESSES, AuthThrottle
from agent.build import LoadedStages
from agent.llm.limits import TokenBudget
from agent.serving.openai import OpenAiEndpoint, with_budget_per_client
from agent.settings import ApiSettings, LlmSettings, Settings
from tests.language_model import Service, saying, serving
from tests.test_llm_answers import ASKED, responder

TOKEN = "secret-token"
LOST = "身份证丢了怎么补办？"


class Broken:
    """Fails after its first sentence."""

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        yield Sentence(0, "第一句。")
        raise RuntimeError(question.text)


async def serve(api: OpenAiEndpoint) -> AsyncIterator[str]:
    config = uvicorn.Config(api.app, port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/v1"
    server.should_exit = True
    await task


@pytest_asyncio.fixture(scope="module")
async def url(stages: LoadedStages) -> AsyncIterator[str]:
    async for address in serve(
        OpenAiEndpoint(stages.responder, token=TOKEN, max_question_chars=500)
    ):
        yield address


@pytest_asyncio.fixture
async def broken() -> AsyncIterator[str]:
    async for address in serve(OpenAiEndpoint(Broken(), token=TOKEN, max_question_chars=500)):
        yield address


async def post(url: str, body: object, token: str = TOKEN) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        headers = {"Authorization": f"Bearer {token}"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await client.post(f"{url}/chat/completions", content=content, headers=headers)


def asking(*texts: str, **more: Any) -> dict[str, Any]:
    """Questions and, between them, answers."""
    roles = ["user" if i % 2 == 0 else "assistant" for i in range(len(texts))]
    messages = [{"role": r, "content": t} for r, t in zip(roles, texts, strict=True)]
    return {"model": "zhengwen", "messages": messages, "temperature": 0.3, **more}


async def test_a_question_is_answered_with_its_sources(url: str) -> None:
    told = (await post(url, asking(LOST))).json()
    assert told["object"] == "chat.completion"
    [choice] = told["choices"]
    assert "派出所" in choice["message"]["content"] and choice["finish_reason"] == "stop"
    assert told["zhengwen"]["outcome"] == "answered"
    assert told["zhengwen"]["citations"][0]["url"].startswith("https://")


async def test_a_stream_brings_sentence_by_sentence_and_the_sources_at_the_end(url: str) -> None:
    response = await post(url, asking(LOST, stream=True))
    assert response.headers["content-type"].startswith("text/event-stream")
    events = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert events.pop() == "[DONE]"
    chunks = [json.loads(event) for event in events]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    pieces = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks]
    whole = (await post(url, asking(LOST))).json()
    assert "".join(pieces) == whole["choices"][0]["message"]["content"]
    assert sum(map(bool, pieces)) > 1
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["zhengwen"] == whole["zhengwen"]


async def test_the_official_client_understands_it(url: str) -> None:
    openai = pytest.importorskip("openai", reason="pip install 'zhengwen[llm]'")
    async with openai.AsyncOpenAI(base_url=url, api_key=TOKEN) as client:
        assert [model.id async for model in await client.models.list()] == ["zhengwen"]
        said = [{"role": "user", "content": LOST}]
        stream = await client.chat.completions.create(model="zhengwen", messages=said, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert "派出所" in text


class Listener:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    def respond(self, question: Question) -> Iterator[Sentence | Answer]:
        self.asked.append(question)
        yield Answer("好。", "answered")


async def test_what_was_asked_before_is_bounded_like_a_question() -> None:
    listener = Listener()
    endpoint = OpenAiEndpoint(listener, token=TOKEN, max_question_chars=500)
    async with asynccontextmanager(serve)(endpoint) as url:
        before = [text for n in range(10) for text in (f"第{n}问", "……")]
        assert (await post(url, asking(*before, "长" * 30_000, "……", LOST))).status_code == 200
    [question] = listener.asked
    assert [turn.question for turn in question.history] == [f"第{n}问" for n in range(4, 10)]


@pytest.mark.parametrize(
    "more", [{"language": "x" * 36}, {"field": "省" * 101}, {"region": "省" * 101}]
)
async def test_a_field_that_is_too_long_is_named(url: str, more: dict[str, str]) -> None:
    refused = await post(url, asking(LOST, **more))
    assert refused.status_code == 400
    [name] = more
    assert name in refused.json()["error"]["message"]


async def test_what_follows_is_read_with_what_was_asked_before(url: str) -> None:
    told = (await post(url, asking("护照怎么办理？", "……", "要多少钱？"))).json()
    assert told["zhengwen"]["outcome"] == "answered"
    assert "护照" in told["zhengwen"]["citations"][0]["question"]


async def test_what_is_not_known_is_declined_as_on_the_page(url: str) -> None:
    told = (await post(url, asking("红烧肉怎么做好吃"))).json()
    assert told["zhengwen"]["outcome"] == "refused"
    assert "12345" in told["choices"][0]["message"]["content"]


@pytest.mark.parametrize("token", ["no", "wrong-token!"])
async def test_without_the_token_nothing_is_told(token: str, url: str) -> None:
    response = await post(url, asking(LOST), token)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "invalid_api_key"


async def test_tokens_cannot_be_guessed_one_after_the_other(stages: LoadedStages) -> None:
    now = 1000.0
    throttle = AuthThrottle(lambda: now)
    endpoint = OpenAiEndpoint(
        stages.responder, token=TOKEN, max_question_chars=500, throttle=throttle
    )

    async def models(address: str, token: str) -> httpx.Response:
        transport = httpx.ASGITransport(endpoint.app, client=(address, 40_000))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(transport=transport, base_url="http://z.test") as client:
            return await client.get("/v1/models", headers=headers)

    for _ in range(20):  # a program that sends none guesses nothing
        assert (await models("192.0.2.1", "")).status_code == 401
    statuses = [(await models("192.0.2.1", f"guess-{n}")).status_code for n in range(700)]
    assert statuses == [401] * FREE_TRIES + [429] * (700 - FREE_TRIES)
    refused = await models("192.0.2.1", TOKEN)
    assert refused.status_code == 429 and refused.headers["Retry-After"] == "1"
    assert (await models("192.0.2.2", TOKEN)).status_code == 200, "others do not wait"
    pauses = []
    for _ in range(9):
        now += throttle.wait_s("192.0.2.1")
        assert (await models("192.0.2.1", "wrong")).status_code == 401
        pauses.append(throttle.wait_s("192.0.2.1"))
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60, 60]
    now += 60
    assert (await models("192.0.2.1", TOKEN)).status_code == 200
    assert (await models("192.0.2.1", "wrong")).status_code == 401
    assert throttle.wait_s("192.0.2.1") == 0


def test_addresses_of_one_network_of_ipv6_count_as_one_and_memory_is_bounded() -> None:
    throttle = AuthThrottle(lambda: 0.0)
    for n in range(FREE_TRIES):
        throttle.admits(f"2001:db8::{n}", "wrong", TOKEN)
        throttle.admits("192.0.2.1" if n % 2 else "::ffff:192.0.2.1", "wrong", TOKEN)
    assert throttle.wait_s("2001:db8::ffff") == 1 and throttle.wait_s("2001:db8:1::1") == 0
    assert throttle.wait_s("192.0.2.1") == 1 and throttle.wait_s("192.0.2.2") == 0
    for n in range(MAX_ADDRESSES + 10):
        throttle.admits(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", "wrong", TOKEN)
    assert len(throttle._wrong) == MAX_ADDRESSES


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad_request"),
        ({"messages": []}, 400, "bad_request"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 400, "no_question"),
        (asking("  "), 400, "no_question"),
        (asking("问" * 501), 400, "too_long"),
        (b"x" * 300_000, 413, "too_large"),
    ],
)
async def test_what_cannot_be_understood_is_refused_in_words(
    body: object, status: int, code: str, url: str
) -> None:
    response = await post(url, body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert response.json()["error"]["message"]


async def ask_from(endpoint: OpenAiEndpoint, address: str) -> str:
    """The outcome of a question that one client asks."""
    transport = httpx.ASGITransport(endpoint.app, client=(address, 40_000))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://zhengwen.test") as client:
        response = await client.post("/v1/chat/completions", json=asking(ASKED), headers=headers)
    return str(response.json()["zhengwen"]["outcome"])


def metered_endpoint(service: Service, budget: TokenBudget) -> OpenAiEndpoint:
    answers = responder(service, budget=budget)
    return OpenAiEndpoint(answers, token=TOKEN, max_question_chars=500)


async def test_a_client_over_its_budget_does_not_turn_the_model_off_for_others() -> None:
    with serving() as service:
        service.behave = saying("工本费每证40元[1]。", usage=(700, 100))
        endpoint = metered_endpoint(service, TokenBudget(per_session=800))
        assert await ask_from(endpoint, "192.0.2.1") == "answered"
        assert await ask_from(endpoint, "192.0.2.1") == "suggested"
        assert await ask_from(endpoint, "192.0.2.2") == "answered"


async def test_all_clients_together_have_a_budget_too() -> None:
    with serving() as service:
        service.behave = saying("工本费每证40元[1]。", usage=(700, 100))
        endpoint = metered_endpoint(service, TokenBudget(per_day=1600))
        outcomes = [await ask_from(endpoint, f"192.0.2.{number}") for number in range(1, 4)]
    assert outcomes == ["answered", "answered", "suggested"]


def test_a_client_of_the_endpoint_has_another_budget_than_a_visitor() -> None:
    settings = Settings(
        llm=LlmSettings(model="glm-4.5", tokens_per_session=10, tokens_per_day=1000),
        api=ApiSettings(tokens_per_client=500),
    )
    limited = with_budget_per_client(settings).llm
    assert limited and (limited.tokens_per_session, limited.tokens_per_day) == (500, 1000)


async def test_a_failure_is_told_and_the_log_keeps_no_words(
    broken: str, log: pytest.LogCaptureFixture
) -> None:
    response = await post(broken, asking("我的秘密"))
    assert response.status_code == 500 and response.json()["error"]["code"] == "failed"
    streamed = (await post(broken, asking("我的秘密", stream=True))).text
    assert "第一句。" in streamed and '"failed"' in streamed and "[DONE]" not in streamed
    assert "RuntimeError" in log.text and "秘密" not in log.text
