"""How the store behaves as it grows, from a thousand entries to a million.

The entries are made from the shipped ones: every question is asked in every one of 2,400
invented districts, so that all are different and many are alike, as they are in a province.
"""

import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agent.build import build_retriever, make_store
from agent.settings import Settings
from retrievers import FaqEntry, Scope
from retrievers.store.faq_files import read_folder

from ..machine import resident_mib

N_QUERIES = 200
_CITIES = (
    "杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 南京 苏州 无锡 常州 扬州 徐州 合肥 "
    "芜湖 福州 厦门 泉州 南昌 赣州 济南 青岛 烟台 郑州 洛阳 武汉 宜昌 长沙 株洲 广州 深圳 佛山 "
    "东莞 珠海 南宁 桂林 海口 成都 绵阳 贵阳 昆明 西安 兰州 西宁 银川 太原"
).split()
_FIRST = "东 西 南 北 新 长 永 安 清 和 大 太".split()
_SECOND = "山 湖 桥 塘".split()


@dataclass(frozen=True, slots=True)
class StoreGrowth:
    """The store at one size."""

    entries: int
    build_s: float
    """To add the entries since the size before."""
    memory_mib: float
    """Resident memory of the whole process, the sentence encoder included."""
    disk_mib: float
    p50_ms: float
    p95_ms: float


def measure_growth(
    settings: Settings, *, exponents: range, progress: Console
) -> Iterator[StoreGrowth]:
    """Fill a store step by step and ask it at each step.

    Args:
        settings: Which store, encoder and retriever.
        exponents: Sizes as powers of ten.
        progress: Where a bar is shown, if it is a terminal.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = settings.model_copy(update={"data_dir": Path(folder)})
        store = make_store(settings)
        entries = invented_entries(list(read_folder(settings.faq)))
        for exponent in exponents:
            started = time.perf_counter()
            some = itertools.islice(entries, 10**exponent - len(store))
            about = f"adding up to {10**exponent:,} entries"
            total = 10**exponent - len(store)
            store.add(track(some, about, total, console=progress, transient=True))
            build_s = time.perf_counter() - started
            retriever = build_retriever(settings, store)
            asked = _queries(list(itertools.islice(store, 5000)))
            retriever.search(asked[0])  # what is loaded at the first question is not its fault
            times = []
            about = f"asking {len(store):,} entries"
            for question in track(asked, about, console=progress, transient=True):
                started = time.perf_counter()
                retriever.search(question, within=Scope("zh-CN"))
                times.append(1000 * (time.perf_counter() - started))
            p50, p95 = np.percentile(times, [50, 95])
            disk = sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file())
            yield StoreGrowth(
                len(store), build_s, resident_mib(), disk / 2**20, float(p50), float(p95)
            )


def invented_entries(entries: list[FaqEntry]) -> Iterator[FaqEntry]:
    """Different entries without end to speak of: every entry in every invented district."""
    places = ("".join(parts) for parts in itertools.product(_FIRST, _SECOND, _CITIES))
    for n, place in enumerate(places):
        district, city = place[:2], place[2:]
        for entry in entries:
            if entry.language == "zh-CN":
                yield replace(
                    entry,
                    faq_id=f"{entry.faq_id}-{n}",
                    question=f"{city}市{district}区{entry.question}",
                    wordings=(),
                    region=f"{city}市{district}区",
                )


def print_growth_table(measured: list[StoreGrowth], console: Console) -> None:
    """Print the table."""
    table = Table(title="one store, growing")
    for heading in ("entries", "build s", "memory MiB", "disk MiB", "p50 ms", "p95 ms"):
        table.add_column(heading, justify="right")
    for row in measured:
        table.add_row(
            f"{row.entries:,}",
            f"{row.build_s:.1f}",
            f"{row.memory_mib:.0f}",
            f"{row.disk_mib:.0f}",
            f"{row.p50_ms:.1f}",
            f"{row.p95_ms:.1f}",
        )
    console.print(table)


def _queries(entries: list[FaqEntry]) -> list[str]:
    """Questions that leave something out and turn something round, as people's do."""
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(entries), N_QUERIES, replace=len(entries) < N_QUERIES)
    asked = []
    for index in chosen:
        place, rest = entries[index].question[:5], entries[index].question[5:]
        cut = int(rng.integers(1, max(2, len(rest) // 3)))
        asked.append(f"请问{rest[cut:].rstrip('？?')}，{place}")
    return asked
