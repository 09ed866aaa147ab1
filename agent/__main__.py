"""``python -m agent serve | run | ask | say | plugins``."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from avatar_engine import Fragment, PresenterError
from retrievers import StoreError

from .base import Answer, Question, ReplyError
from .plugins import KINDS, PluginError, installed
from .session import Event
from .settings import Settings, SettingsError, read

EXPECTED_ERRORS = (SettingsError, PluginError, PresenterError, StoreError, OSError, ValueError)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code: 0 done, 1 could not, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    for noisy in ("websockets", "chromadb", "httpx", "sentence_transformers", "text2vec"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        return int(options.command(options))
    except ReplyError as error:
        return _fail(f"{error}: {error.__cause__}")
    except EXPECTED_ERRORS as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def _fail(message: str) -> int:
    print(f"agent: {message}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m agent", description=__doc__)
    parser.add_argument("--settings", type=Path, help="a YAML file; default zhengwen.yaml, if any")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="start the websocket server")
    serve.add_argument("--host", help="address to listen on")
    serve.add_argument("--port", type=int, help="port to listen on")
    serve.set_defaults(command=_serve)

    run = commands.add_parser("run", help="start the websocket server and the page")
    run.add_argument("--host", help="address that both listen on")
    run.add_argument("--port", type=int, help="port of the websocket server")
    run.add_argument("--page-port", type=int, help="port of the page")
    run.set_defaults(command=_run)

    ask = commands.add_parser("ask", help="answer one question")
    ask.add_argument("text", help="the question")
    ask.add_argument("-o", "--output", type=Path, help="save a talking video (.mp4)")
    ask.add_argument("--json", action="store_true", help="print the answer as JSON")
    ask.set_defaults(command=_ask)

    say = commands.add_parser("say", help="make a talking video of a text")
    say.add_argument("text", help="what to say")
    say.add_argument("-o", "--output", type=Path, required=True, help="the video (.mp4)")
    say.set_defaults(command=_say)

    plugins = commands.add_parser("plugins", help="list the installed backends")
    plugins.set_defaults(command=_plugins)
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    settings = read(options.settings)
    given = {k: v for k in ("host", "port") if (v := getattr(options, k, None)) is not None}
    return settings.model_copy(update={"server": settings.server.model_copy(update=given)})


def _serve(options: argparse.Namespace) -> int:
    settings = _settings(options)
    return asyncio.run(_listen(settings))


async def _listen(settings: Settings) -> int:
    from .build import build  # the models take seconds to import: --help should not
    from .launch import busy_port
    from .server import Server

    taken = busy_port(settings.server.host, settings.server.port)
    if taken:
        return _fail(taken)
    stages = await asyncio.to_thread(build, settings)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = Server(stages.session(), stages.presenter, settings)
    async with server.listen() as listener:
        host, port = listener.sockets[0].getsockname()[:2]
        print(f"listening on ws://{host}:{port}/v1", flush=True)
        await stop.wait()
    return 0


def _run(options: argparse.Namespace) -> int:
    from .launch import launch

    settings = _settings(options)
    page = {"host": options.host, "port": options.page_port}
    given = {k: v for k, v in page.items() if v is not None}
    settings = settings.model_copy(update={"page": settings.page.model_copy(update=given)})
    return launch(settings, options.settings)


def _ask(options: argparse.Namespace) -> int:
    from .build import build, build_responder

    settings = _settings(options)
    question = Question(options.text.strip())
    if not question.text:
        return _fail("the question is blank")
    if options.output is None:
        _, responder = build_responder(settings)
        answer = next(part for part in responder.respond(question) if isinstance(part, Answer))
        _print_answer(answer, as_json=options.json)
        return 0
    stages = build(settings)
    answers: list[Answer] = []
    events = stages.session().reply(question)
    _save(events, options.output, stages.presenter.card.label, answers)
    _print_answer(answers[0], as_json=options.json)
    return 0


def _say(options: argparse.Namespace) -> int:
    from .build import build

    if not options.text.strip():
        return _fail("there is nothing to say: the text is blank")
    stages = build(_settings(options))
    _save(stages.session().say(options.text), options.output, stages.presenter.card.label, [])
    return 0


def _save(events: Iterable[Event], output: Path, label: str, answers: list[Answer]) -> None:
    from .film import save

    fragments: list[Fragment] = []
    for event in events:
        if isinstance(event, Fragment):
            fragments.append(event)
        elif isinstance(event, Answer):
            answers.append(event)
    seconds = save(fragments, output, label)
    print(f"{output}: {seconds:.1f} s", file=sys.stderr)


def _print_answer(answer: Answer, *, as_json: bool) -> None:
    from . import wire

    if as_json:
        print(wire.answer("", answer))
        return
    print(answer.text)
    print(f"[{answer.outcome}, {answer.score:.2f}]")
    for passage in answer.citations:
        entry = passage.entry
        print(f"来源：{entry.source_title} {entry.source_url} ({entry.year}) {entry.notice}")
    for suggestion in answer.suggestions:
        print(f"  · {suggestion}")


def _plugins(options: argparse.Namespace) -> int:
    for kind in KINDS:
        for name, points in sorted(installed(kind).items()):
            for point in points:
                origin = point.dist.name if point.dist else "?"
                print(f"{kind:10} {name:14} {point.value}  ({origin})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
