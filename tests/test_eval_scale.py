"""The store's growth, measured small."""

import itertools
from pathlib import Path

from rich.console import Console

from agent.settings import Settings
from eval.performance.store_growth import invented_entries, measure_growth, print_growth_table
from retrievers.store.faq_files import read_folder


def test_a_store_is_filled_and_asked_at_each_size(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    measured = list(measure_growth(settings, exponents=range(1, 3), progress=Console(quiet=True)))
    assert [row.entries for row in measured] == [10, 100]
    assert measured[0].disk_mib < measured[1].disk_mib
    assert all(0 < row.p50_ms <= row.p95_ms for row in measured)
    assert not list(tmp_path.iterdir()), "it fills a store of its own, not the deployment's"


def test_the_table_shows_each_size(tmp_path: Path) -> None:
    console = Console(record=True, width=100, quiet=False, file=(tmp_path / "out").open("w"))
    settings = Settings(data_dir=tmp_path)
    print_growth_table(
        list(measure_growth(settings, exponents=range(1, 2), progress=Console(quiet=True))), console
    )
    assert "10" in console.export_text()


def test_a_hundred_thousand_invented_entries_are_all_different(faq_folder: Path) -> None:
    entries = list(itertools.islice(invented_entries(list(read_folder(faq_folder))), 100_000))
    assert len({entry.faq_id for entry in entries}) == len(entries)
    assert len({entry.question for entry in entries}) == len(entries)
