"""The store's growth, measured small."""

import io
import itertools
from pathlib import Path

import pytest
from rich.console import Console

from agent.settings import Settings
from eval.performance.store_growth import (
    StoreGrowth,
    invented_entries,
    measure_growth,
    print_growth_table,
)
from retrievers.store.faq_files import read_folder


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("deployment")


@pytest.fixture(scope="module")
def measured(data_dir: Path) -> list[StoreGrowth]:
    settings, quiet = Settings(data_dir=data_dir), Console(quiet=True)
    return list(measure_growth(settings, exponents=range(1, 3), progress=quiet))


def test_a_store_is_filled_and_asked_at_each_size(
    measured: list[StoreGrowth], data_dir: Path
) -> None:
    assert [row.entries for row in measured] == [10, 100]
    assert measured[0].disk_mib < measured[1].disk_mib
    assert all(0 < row.p50_ms <= row.p95_ms for row in measured)
    assert not list(data_dir.iterdir()), "it fills a store of its own, not the deployment's"


def test_the_table_shows_each_size(measured: list[StoreGrowth]) -> None:
    console = Console(record=True, width=100, file=io.StringIO())
    print_growth_table(measured, console)
    text = console.export_text()
    assert all(f" {row.entries} " in text for row in measured)


def test_a_hundred_thousand_invented_entries_are_all_different(faq_folder: Path) -> None:
    entries = list(itertools.islice(invented_entries(list(read_folder(faq_folder))), 100_000))
    assert len({entry.faq_id for entry in entries}) == len(entries)
    assert len({entry.question for entry in entries}) == len(entries)
