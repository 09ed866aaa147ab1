"""``python -m agent serve | run | ask | say | chat | prerender | api | mcp | doctor | plugins``."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from avatar_engine import Fragment, PresenterError
from retrievers import StoreError
from zhengwen.command_line import positive_int

from . import doctor
from .cache.reply_cache import N_ANCHORS
from .log_format import log_as_json, start_log
from .plugins import PLUGIN_KINDS, PluginError, builtin_table, check_names, installed_plugins
from .serving.process import limit_malloc_arenas
from .settings import Settings, SettingsError, read_settings
from .types import Answer, Question, ReplyError, ReplyEvent

EXPECTED_ERRORS = (SettingsError, PluginError, PresenterError, StoreError, OSError, ValueError)


def main(arguments: Sequence[str] | None = None, *, program: str = "python -m agent") -> int:
    """The command line; returns the exit code: 0 done, 1 could not, 2 wrong usage."""
    options = _parser(program).parse_args(arguments)
    start_log()
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


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
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

    chat = commands.add_parser("chat", help="talk with the agent and its tools in this terminal")
    chat.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="let the presenter speak: save videos"
    )
    chat.set_defaults(command=_chat)

    prerender = commands.add_parser(
        "prerender", help="render the answers of the knowledge base, so that they are sent at once"
    )
    prerender.add_argument(
        "--classes", type=positive_int, default=1, metavar="N",
        help=f"how many poses of the idle loop each answer can follow on, 1 to {N_ANCHORS}; "
        "more look smoother and take as many times the disk and the time (default 1)",
    )  # fmt: skip
    prerender.add_argument(
        "--limit", type=positive_int, metavar="N", help="render at most N replies in this run"
    )
    prerender.set_defaults(command=_prerender)

    api = commands.add_parser("api", help="answer as an OpenAI-compatible chat model")
    api.set_defaults(command=_api)

    mcp = commands.add_parser("mcp", help="give another model our tools, over standard input")
    mcp.add_argument("--display", metavar="URL", help="ws://…/v1?session=… of a page that speaks")
    mcp.set_defaults(command=_mcp)

    schema = commands.add_parser("protocol-schema", help="print the wire protocol as a JSON Schema")
    schema.set_defaults(command=_protocol_schema)

    examined = commands.add_parser(
        "doctor", help="look at this machine and its settings, and say what to do"
    )
    examined.add_argument("--json", action="store_true", help="for a program to read")
    examined.set_defaults(command=_doctor)

    plugins = commands.add_parser("plugins", help="list the installed backends")
    plugins.add_argument("--table", action="store_true", help="what ships, as in docs/plugins.md")
    plugins.set_defaults(command=_plugins)
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    settings = read_settings(options.settings)
    if settings.log_format == "json":
        log_as_json()
    check_names(settings)
    given = {k: v for k in ("host", "port") if (v := getattr(options, k, None)) is not None}
    return settings.model_copy(update={"server": settings.server.model_copy(update=given)})


def _serve(options: argparse.Namespace) -> int:
    limit_malloc_arenas()
    settings = _settings(options)
    return asyncio.run(_listen(settings))


async def _listen(settings: Settings) -> int:
    from .build import build  # the models take seconds to import: --help should not
    from .metrics import metrics_endpoint
    from .serving.process import LAST_MOMENT, exit_by, port_problem, use_one_blas_thread
    from .serving.websocket import WebsocketServer

    counted = settings.metrics
    taken = port_problem(settings.server.host, settings.server.port)
    if taken is None and counted.port is not None:
        taken = port_problem(counted.host, counted.port)
    if taken:
        return _fail(taken)
    stages = await asyncio.to_thread(build, settings)
    use_one_blas_thread()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = WebsocketServer(
        stages.live_pipeline(), stages.presenter, settings, problems=stages.store.problems
    )
    # Its numbers can be read until the last visitor is told goodbye.
    with metrics_endpoint(settings.metrics, stages.store) as metrics_port:
        async with server.listen() as listener:
            if metrics_port is not None:
                print(f"metrics at http://{settings.metrics.host}:{metrics_port}/metrics")
            host, port = listener.sockets[0].getsockname()[:2]
            print(f"listening on ws://{host}:{port}/v1", flush=True)
            await stop.wait()
            exit_by(LAST_MOMENT)
    return 0


def _run(options: argparse.Namespace) -> int:
    from .serving.process import run_server_and_page

    settings = _settings(options)
    page = {"host": options.host, "port": options.page_port}
    given = {k: v for k, v in page.items() if v is not None}
    settings = settings.model_copy(update={"page": settings.page.model_copy(update=given)})
    return run_server_and_page(settings, options.settings)


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


def _chat(options: argparse.Namespace) -> int:
    try:
        from .langchain.agent import create_policy_agent
        from .langchain.chat import chat
        from .langchain.tools import agent_tools
    except ImportError:
        return _fail("LangChain is missing: pip install 'zhengwen[llm]'")
    from .build import build, build_retriever, build_store
    from .llm.chat_model import visitor_chat_model

    settings = _settings(options)
    pipeline, label = None, ""
    if options.output is None:
        retriever = build_retriever(settings, build_store(settings))
    else:
        options.output.mkdir(parents=True, exist_ok=True)
        stages = build(settings)
        retriever, pipeline = stages.retriever, stages.session()
        label = stages.presenter.card.label
    tools = agent_tools(retriever, pipeline, hotline=settings.hotline)
    model = visitor_chat_model(settings.llm) if settings.llm else None
    graph = create_policy_agent(tools, model=model, answer_from=settings.answer_from)
    for line in chat(graph, _typed_questions(), videos=options.output, label=label):
        print(line, flush=True)
    return 0


def _typed_questions() -> Iterator[str]:
    """What is typed until the end of input (Ctrl-D)."""
    prompt = "› " if sys.stdin.isatty() else ""
    while True:
        try:
            yield input(prompt)
        except EOFError:
            return


def _save(events: Iterable[ReplyEvent], output: Path, label: str, answers: list[Answer]) -> None:
    from .video_file import save_mp4

    fragments: list[Fragment] = []
    for event in events:
        if isinstance(event, Fragment):
            fragments.append(event)
        elif isinstance(event, Answer):
            answers.append(event)
    seconds = save_mp4(fragments, output, label)
    print(f"{output}: {seconds:.1f} s", file=sys.stderr)


def _print_answer(answer: Answer, *, as_json: bool) -> None:
    from .protocol.responses import answer_message

    if as_json:
        print(answer_message("", answer).encode())
        return
    print(answer.text)
    print(f"[{answer.outcome}, {answer.score:.2f}]")
    for passage in answer.citations:
        entry = passage.entry
        year = f"({entry.year})" if entry.year else ""
        links = entry.links
        facts = (entry.source_title, year, links.document_url, entry.notice)
        print(f"依据：{' '.join(filter(None, facts))}")
        if links.portal:
            print(f"主管部门：{links.portal} {links.portal_url}")
    for suggestion in answer.suggestions:
        print(f"  · {suggestion}")


def _prerender(options: argparse.Namespace) -> int:
    from datetime import date

    from rich.console import Console

    from zhengwen.command_line import progress_bar

    from .build import build, make_store
    from .cache.prerender import prerender
    from .responders import DialogueResponder
    from .responders.faq import predictable_answers

    settings = _settings(options)
    if not settings.replay.max_mib:
        return _fail("nothing is kept while the setting replay.max_mib is 0")
    stages = build(settings)
    assert stages.replays
    said = stages.responder.all_texts() if isinstance(stages.responder, DialogueResponder) else ()
    texts = predictable_answers(
        make_store(settings), date.today(), hotline=settings.hotline, said=said
    )
    with progress_bar(Console(stderr=True)) as progress:
        done = prerender(
            stages.session(),
            stages.replays,
            texts,
            n_starts=options.classes,
            limit=options.limit,
            progress=progress,
        )
    print(
        f"{done.n_kept} replies are ready ({done.n_made} rendered now, {done.n_missing} missing): "
        f"{done.n_bytes / 2**20:.0f} MiB in {settings.replies}"
    )
    if done.n_made:
        print(
            f"this run took {done.wall_seconds:.0f} s; a reply costs "
            f"{done.cpu_seconds / done.n_made:.1f} s of CPU and {done.bytes_each / 2**20:.1f} MiB"
        )
    if done.is_full:
        needed = (done.n_kept + done.n_missing) * done.bytes_each / 2**20
        return _fail(
            f"the cache is full; for all of them set replay.max_mib to at least {needed:.0f}"
        )
    if done.was_interrupted:
        print("run the same command again to go on")
        return 130
    return 0


def _api(options: argparse.Namespace) -> int:
    import uvicorn

    from .build import build_responder
    from .serving.openai import OpenAiEndpoint, with_budget_per_client
    from .serving.process import GRACE, LAST_MOMENT, exit_by, port_problem

    settings = with_budget_per_client(_settings(options))
    api = settings.api
    if not api.token:
        return _fail("set api.token to what clients must send as their key; see docs/served.md")
    taken = port_problem(api.host, api.port)
    if taken:
        return _fail(taken)
    _, responder = build_responder(settings)
    longest = settings.server.max_question_chars
    app = OpenAiEndpoint(responder, token=api.token, max_question_chars=longest).app
    print(f"listening on http://{api.host}:{api.port}/v1", flush=True)
    uvicorn.run(
        app,
        host=api.host,
        port=api.port,
        log_level="warning",
        log_config=None,
        forwarded_allow_ips=[str(proxy) for proxy in settings.server.trusted_proxies],
        timeout_graceful_shutdown=GRACE,
    )
    exit_by(LAST_MOMENT - GRACE)
    return 0


def _mcp(options: argparse.Namespace) -> int:
    try:
        from .serving.mcp import mcp_server
    except ImportError:
        return _fail("the MCP library is missing: pip install 'zhengwen[mcp]'")
    from .build import build_retriever, build_store

    settings = _settings(options)
    retriever = build_retriever(settings, build_store(settings))
    mcp_server(retriever, display=options.display).run("stdio")
    return 0


def _protocol_schema(options: argparse.Namespace) -> int:
    from .protocol.schema import schema_text

    print(schema_text(), end="")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    findings = doctor.examine(read_settings(options.settings))
    print(doctor.as_json(findings) if options.json else doctor.as_text(findings))
    return int(any(finding.level == "error" for finding in findings))


def _plugins(options: argparse.Namespace) -> int:
    if options.table:
        print(builtin_table(), end="")
        return 0
    for kind in PLUGIN_KINDS:
        for name, points in sorted(installed_plugins(kind).items()):
            for point in points:
                origin = point.dist.name if point.dist else "?"
                print(f"{kind:10} {name:14} {point.value}  ({origin})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
