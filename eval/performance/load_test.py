"""``python -m eval load``: visitors who all ask at the same time, and keep asking."""

import argparse
import asyncio
import json
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from agent.settings import Settings, read_settings
from retrievers.store.faq_files import read_folder
from zhengwen.command_line import natural_int, positive_int

from . import avatar_choice
from .server_process import ServerProcess, ServerUsage, running_server
from .simulated_visitor import ReceivedReply, idle, visit

N_QUESTIONS = 8
RESTING = 20.0  # s over which idle players are watched, at most; they say something every 10 s
SETTLING = 2.0  # s after which the server has done what connecting and leaving takes


@dataclass(frozen=True, slots=True)
class VisitSummary:
    """What one session got."""

    n_replies: int
    """With media."""
    n_replayed: int
    n_text_only: int
    """Because the server rendered as much as it may."""
    n_failed: int
    first_media_ms: float | None
    """Median over the replies; None without media."""
    worst_first_media_ms: float | None
    n_stalls: int
    stalled_s: float
    fps: float | None
    """Frames for a second of playing, stalls included."""
    eased: float
    """Share of the frames that are fewer or simpler than usual."""
    av_start_ms: float | None
    """Sound behind picture at the beginning of a film, as read back; the worst of them."""
    av_end_ms: float | None
    """The same at the end, where the codec's last frame may be filled up or missing."""
    av_gap_ms: float | None
    """The longest gap or overlap within a track."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """Everything one run measured. CPU is in percent of one core."""

    avatar: str
    seconds: float
    replay: bool
    visits: tuple[VisitSummary, ...]
    cpu: float
    cpu_per_media_s: float | None
    """CPU seconds for a second of media that was sent."""
    n_idle: int
    idle_cpu: float | None
    """Of all idle players together."""
    alone_mib: float
    """Resident memory with nobody there."""
    busy_mib: float
    """The most while visitors were asking."""
    left_mib: float
    """When all had left."""
    growth_mib: float
    """Of memory of its own, for each session, while they were asking."""
    idle_growth_mib: float | None
    """The same for each idle player."""
    second_half_mib: float
    """What memory of its own grew by in the second half of the asking: of what grows without
    end there would be much."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.description = (
        "A server is started as a process of its own, on the settings as they are but in a "
        "temporary folder; clients play in real time what they are sent, and then ask again."
    )
    parser.add_argument("--sessions", type=positive_int, default=4, metavar="N", help="(4)")
    parser.add_argument("--seconds", type=positive_int, default=60, metavar="S", help="(60)")
    parser.add_argument(
        "--idle", type=natural_int, default=0, metavar="M",
        help="players that are connected and ask nothing (0)",
    )  # fmt: skip
    parser.add_argument(
        "--replay", action=argparse.BooleanOptionalAction, default=False,
        help="whether what is asked was rendered before (no)",
    )  # fmt: skip
    avatar_choice.add_avatar_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(options: argparse.Namespace) -> None:
    """Measure, and print."""
    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings, title = avatar_choice.chosen_avatar(read_settings(), options, folder)
        settings = settings.model_copy(
            update={
                "data_dir": folder / "var",
                "server": settings.server.model_copy(update={"token": None}),
                "replay": settings.replay.model_copy(
                    update={"max_mib": settings.replay.max_mib if options.replay else 0}
                ),
            }
        )
        questions = _questions(settings)
        if options.replay:
            if not settings.replay.max_mib:
                raise ValueError("nothing is replayed while the setting replay.max_mib is 0")
            progress.print(f"rendering the answers to {len(questions)} questions")
            # In a process of its own: what it loads would be measured on the clients' side.
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                pool.submit(render, settings, questions).result()
        progress.print("starting the server")
        with running_server(settings, folder) as server:
            report = asyncio.run(
                measure(
                    server,
                    questions,
                    title,
                    n_sessions=options.sessions,
                    seconds=options.seconds,
                    n_idle=options.idle,
                    replay=options.replay,
                    progress=progress,
                )
            )
    if options.json:
        print(json.dumps(asdict(report), ensure_ascii=False))
    else:
        for shown in tables(report):
            Console().print(shown)


def render(settings: Settings, questions: Sequence[str]) -> None:
    """Render answers, so that they can be replayed."""
    from agent.build import build
    from agent.types import Question

    session = build(settings).session()
    for question in questions:
        for _ in session.reply(Question(question)):
            pass


async def measure(
    server: ServerProcess,
    questions: Sequence[str],
    avatar: str,
    *,
    n_sessions: int,
    seconds: float,
    n_idle: int = 0,
    replay: bool = False,
    progress: Console,
) -> LoadReport:
    """Visit a server that is running.

    Args:
        server: It has just started.
        questions: Each session begins with another one.
        avatar: What the report calls it.
        n_sessions: Visitors who ask.
        seconds: How long they ask.
        n_idle: Players that are there all the while and ask nothing.
        replay: Whether the answers were rendered before; for the report.
        progress: Is told what is going on.
    """
    alone = server.read()
    idle_cpu = idle_growth = None
    joined, leave = [asyncio.Event() for _ in range(n_idle)], asyncio.Event()
    idlers = [asyncio.create_task(idle(server.url, event, leave)) for event in joined]
    if n_idle:
        resting = min(RESTING, seconds)
        progress.print(f"{n_idle} players are idle for {resting:.0f} s")
    for event in joined:
        await event.wait()
    if n_idle:
        await asyncio.sleep(SETTLING)
        before = server.read()
        await asyncio.sleep(resting)
        after = server.read()
        idle_cpu = _percent(before, after)
        idle_growth = (after.own_mib - alone.own_mib) / n_idle
    progress.print(f"{n_sessions} visitors ask for {seconds:.0f} s")
    until = time.monotonic() + seconds
    readings = [server.read()]
    visitors = [
        asyncio.create_task(visit(server.url, cycle([*questions[i:], *questions[:i]]), until))
        for i in (n % len(questions) for n in range(n_sessions))
    ]
    while time.monotonic() < until:
        await asyncio.sleep(min(1.0, max(0.0, until - time.monotonic())))
        readings.append(server.read())
    takes = await asyncio.gather(*visitors)
    leave.set()
    await asyncio.gather(*idlers)
    await asyncio.sleep(SETTLING)
    first, last, half = readings[0], readings[-1], readings[len(readings) // 2]
    media = sum(take.media_s for session in takes for take in session)
    return LoadReport(
        avatar=avatar,
        seconds=seconds,
        replay=replay,
        visits=tuple(map(summary, takes)),
        cpu=_percent(first, last),
        cpu_per_media_s=(last.cpu_s - first.cpu_s) / media if media else None,
        n_idle=n_idle,
        idle_cpu=idle_cpu,
        alone_mib=alone.resident_mib,
        busy_mib=max(reading.resident_mib for reading in readings),
        left_mib=server.read().resident_mib,
        growth_mib=(max(r.own_mib for r in readings) - first.own_mib) / n_sessions,
        idle_growth_mib=idle_growth,
        second_half_mib=last.own_mib - half.own_mib,
    )


def summary(takes: Sequence[ReceivedReply]) -> VisitSummary:
    """What one session got, from all of its replies."""
    first = [take.first_media_ms for take in takes if take.first_media_ms is not None]
    tracks = [take.tracks for take in takes if take.tracks]
    n_frames = sum(take.n_frames for take in takes)
    playing = sum(take.media_s + take.stalled_s for take in takes)
    return VisitSummary(
        n_replies=len(first),
        n_replayed=sum(take.is_replay for take in takes),
        n_text_only=sum(take.is_busy for take in takes),
        n_failed=sum(take.has_failed for take in takes),
        first_media_ms=statistics.median(first) if first else None,
        worst_first_media_ms=max(first, default=None),
        n_stalls=sum(take.n_stalls for take in takes),
        stalled_s=sum(take.stalled_s for take in takes),
        fps=sum(t.n_pictures for t in tracks) / playing if playing and tracks else None,
        eased=sum(take.n_degraded for take in takes) / n_frames if n_frames else 0.0,
        av_start_ms=max((t.start_ms for t in tracks), key=abs, default=None),
        av_end_ms=max((t.end_ms for t in tracks), key=abs, default=None),
        av_gap_ms=max((t.gap_ms for t in tracks), default=None),
    )


def tables(report: LoadReport) -> Iterator[Table]:
    """The figures as a person reads them."""
    kind = "rendered before" if report.replay else "rendered when asked"
    visits = Table(
        title=f"{len(report.visits)} visitors ask for {report.seconds:.0f} s; {kind}; "
        f"avatar {report.avatar}",
        caption="text: in writing alone, because the server was busy; first: media, from the "
        "question; s: waited in stalls; A/V: sound behind picture at the beginning and end, worst",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    visits.add_column("")
    headings = (
        "seen", "replay", "text", "failed", "first ms", "stalls", "s", "fps", "eased", "A/V ms",
    )  # fmt: skip
    for heading in headings:
        visits.add_column(heading, justify="right", no_wrap=True)
    for number, got in enumerate(report.visits, 1):
        visits.add_row(
            str(number),
            *map(str, (got.n_replies, got.n_replayed, got.n_text_only, got.n_failed)),
            _number(got.first_media_ms),
            str(got.n_stalls),
            f"{got.stalled_s:.1f}",
            _number(got.fps, 1),
            f"{got.eased:.0%}",
            f"{_number(got.av_start_ms)}/{_number(got.av_end_ms)}",
        )
    yield visits
    server = Table(title="The server", show_header=False)
    server.add_column("")
    server.add_column("", justify="right")
    server.add_row("CPU, of one core", f"{report.cpu:.0f} %")
    server.add_row("CPU for a second of media", f"{_number(report.cpu_per_media_s, 2)} s")
    if report.n_idle:
        server.add_row(f"CPU of {report.n_idle} idle players", f"{_number(report.idle_cpu, 1)} %")
        server.add_row("memory of one", f"{_number(report.idle_growth_mib, 2)} MiB")
    server.add_row("memory with nobody there", f"{report.alone_mib:.0f} MiB")
    server.add_row("the most it was", f"{report.busy_mib:.0f} MiB")
    server.add_row("when all had left", f"{report.left_mib:.0f} MiB")
    server.add_row("growth for each session", f"{report.growth_mib:.1f} MiB")
    server.add_row("growth in the second half", f"{report.second_half_mib:.1f} MiB")
    yield server


def _questions(settings: Settings) -> list[str]:
    """A few of the sample knowledge base, always the same."""
    found = read_folder(settings.faq)
    entries = [e for e in found if e.language.startswith("zh") and e.wordings]
    n = min(N_QUESTIONS, len(entries))
    return [entry.wordings[0] for entry in random.Random(0).sample(entries, n)]


def _percent(before: ServerUsage, after: ServerUsage) -> float:
    return 100 * (after.cpu_s - before.cpu_s) / (after.at - before.at)


def _number(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:.{digits}f}"
