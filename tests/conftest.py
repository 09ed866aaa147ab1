"""What many tests share: one loaded system, and one running server."""

import logging
import multiprocessing
import sys
from collections.abc import AsyncIterator, Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
import pytest_asyncio
from absl import logging as absl_logging

from agent.build import LoadedStages, build
from agent.serving.websocket import WebsocketServer
from agent.settings import ReplaySettings, Settings

# TensorBoard brings absl, whose handler closes the stream it found when it was imported as soon as
# logging is configured anew, which uvicorn does: pytest's own file, and all later tests fail.
absl_logging.get_absl_handler().python_handler.stream = sys.__stderr__


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """As shipped, but for a folder and a port of its own, and with nothing replayed.

    What a test sees does not depend on what another one asked before.
    """
    replay = ReplaySettings(max_mib=0)
    shipped = Settings(data_dir=tmp_path_factory.mktemp("var"), replay=replay)
    return shipped.model_copy(update={"server": shipped.server.model_copy(update={"port": 0})})


@pytest.fixture(scope="session")
def stages(settings: Settings) -> LoadedStages:
    """The whole system, loaded once: encoder, Chroma store, voice and presenter."""
    return build(settings)


@pytest_asyncio.fixture(scope="session")
async def address(stages: LoadedStages, settings: Settings) -> AsyncIterator[str]:
    """Where a server with the whole system listens, as ``ws://…/v1``."""
    server = WebsocketServer(stages.live_pipeline(), stages.presenter, settings)
    async with server.listen() as listener:
        port = listener.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/v1"


@pytest.fixture(scope="session")
def quick_starts() -> ForkServerContext:
    """For processes of their own that need a store: what takes seconds to import is there."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "text2vec",
            "retrievers.store.chroma",
            "ingest.pipeline",
            "tests.warm",
        ]
    )
    first = context.Process(target=int)  # which waits for what all others find done
    first.start()
    first.join()
    return context


@pytest.fixture(autouse=True)
def the_main_module_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that Streamlit's ``AppTest`` ran would otherwise remain ``__main__``.

    Processes that later tests start would then import the page instead of what they need.
    """
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything any logger says, at every level."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


@pytest.fixture
def faq_folder() -> Path:
    return Path(__file__).parent.parent / "assets" / "faq"
