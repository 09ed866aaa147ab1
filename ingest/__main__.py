"""``python -m ingest``: documents into the knowledge base, and out of it.

``add`` takes files in; ``list``, ``show`` and ``audit`` say what is there; ``remove`` withdraws a
file; ``export`` writes everything to one file; ``check`` proves that nothing is broken and
``rebuild`` makes the indexes anew; ``quarantine`` and ``release`` deal with what is held back;
``propose`` and ``accept`` make questions and answers of documents; ``backup`` and ``restore``
keep everything in one archive, while the service runs.
"""

import argparse
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.table import Table

from agent.build import SAMPLE_ORIGIN, build_store, make_store
from agent.llm.chat_model import structured_completion_function
from agent.plugins import PluginError
from agent.settings import PluginSettings, Settings, SettingsError, read_settings
from retrievers import StoreError
from retrievers.store.faq_files import to_record
from zhengwen.atomic_write import atomic_path

from . import progress
from .backup import backup, restore
from .journal import IngestJournal
from .messages import message
from .ownership import owner_name
from .pipeline import FileReport, IngestionPipeline, ReadOptions
from .qa_generation import ProposedPairs, propose_by_rule, propose_with_model
from .review_sheet import read_review, write_review

FAILED = 1
SOME_FAILED = 3


def main(arguments: Sequence[str] | None = None, *, program: str = "python -m ingest") -> int:
    """The command line; returns the exit code.

    0 done, 1 could not, 2 wrong usage, 3 some files, rows or pages could not be taken in and
    the others were.
    """
    options = _parser(program).parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="ingest: %(message)s")
    logging.getLogger("retrievers.store").setLevel(logging.INFO)  # how far indexes are made anew
    try:
        return int(options.command(options, read_settings()))
    except (SettingsError, PluginError, StoreError, OSError, ValueError) as error:
        print(f"ingest: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("ingest: stopped; what was reported is in, the rest is not", file=sys.stderr)
        return 130


def _add(options: argparse.Namespace, settings: Settings) -> int:
    missing = [path for path in options.paths if not path.exists()]
    if missing:
        raise ValueError(f"there is no {missing[0]}")
    reading = ReadOptions(
        _pairs(options.columns, "--columns question=标题 answer=内容"),
        _pairs(options.default, "--default field=身份证 region=浙江省杭州市"),
        options.longest,
        options.ocr,
        options.workers,
        options.replace,
    )
    with IngestJournal(settings.data_dir) as journal:
        intake = IngestionPipeline(build_store(settings), journal)
        reports: list[FileReport] = []
        bar = progress.IngestProgressBar(options.paths, Console(stderr=True))
        with bar, closing(intake.add(options.paths, reading, bar.step)) as coming:
            reports += coming
    if options.json:
        print(
            json.dumps([progress.report_to_json(report) for report in reports], ensure_ascii=False)
        )
    else:
        progress.print_summary(reports, Console())
    if not reports:
        print("ingest: no file was found there", file=sys.stderr)
    if all(report.outcome == "failed" for report in reports):
        return FAILED
    return SOME_FAILED if any(r.reason or r.bad_rows or r.warnings for r in reports) else 0


def _list(options: argparse.Namespace, settings: Settings) -> int:
    with IngestJournal(settings.data_dir) as journal:
        files = journal.files()
    store = build_store(settings)
    if options.json:
        print(json.dumps([to_record(entry) for entry in store], ensure_ascii=False))
        return 0
    console = Console()
    if options.entries:
        for entry in store:
            console.print(f"{entry.faq_id}\t{entry.field}\t{entry.question}", soft_wrap=True)
        return 0
    table = Table("file", "taken in", "entries", "bad rows", "held back")
    for file in files:
        counts = map(str, (file.entries, file.bad_rows, file.held_back))
        table.add_row(file.name, file.taken_in, *counts)
    console.print(table)
    n_sample = sum(1 for entry in store if entry.origin == SAMPLE_ORIGIN)
    console.print(f"{len(store)} entries in all, {n_sample} of the sample knowledge base")
    return 0


def _show(options: argparse.Namespace, settings: Settings) -> int:
    store = build_store(settings)
    found = [e for e in store if options.what in (e.faq_id, e.origin)]
    if not found:
        raise ValueError(f"{options.what!r} is neither an entry nor a file; see 'list'")
    for entry in found:
        print(json.dumps(to_record(entry), ensure_ascii=False, indent=1))
    return 0


def _remove(options: argparse.Namespace, settings: Settings) -> int:
    store = build_store(settings)
    with IngestJournal(settings.data_dir) as journal:
        intake = IngestionPipeline(store, journal)
        for name in options.names:
            done = intake.remove(name)
            print(f"{name}: {done.n_entries} entries withdrawn")
            for entry in done.restored:
                print(f"{entry.faq_id}: the entry of {owner_name(entry.origin)} is back")
    return 0


def _export(options: argparse.Namespace, settings: Settings) -> int:
    store = build_store(settings)
    with atomic_path(options.output) as partial, partial.open("w", encoding="utf-8") as file:
        for entry in store:
            file.write(json.dumps(to_record(entry), ensure_ascii=False) + "\n")
    print(f"{len(store)} entries in {options.output}")
    return 0


def _check(options: argparse.Namespace, settings: Settings) -> int:
    store = make_store(settings)
    check = getattr(store.inner, "check", None)
    if check is None:
        raise ValueError(f"the store {settings.store.name!r} has no check of its own")
    wrong = check(repair=options.repair)
    for sentence in wrong:
        print(sentence)
    if not wrong:
        print(f"{len(store)} entries, all of them whole")
    elif options.repair:
        print("repaired")
    else:
        print("run 'python -m ingest check --repair' to put it right")
    return 0 if options.repair or not wrong else FAILED


def _rebuild(options: argparse.Namespace, settings: Settings) -> int:
    backend = PluginSettings(
        name=settings.store.name, options={**settings.store.options, "rebuild": True}
    )
    store = make_store(settings.model_copy(update={"store": backend}))
    with IngestJournal(settings.data_dir) as journal:
        journal.note("rebuild", "", message("n_entries", n=len(store)))
    print(f"{len(store)} entries embedded and indexed anew")
    return 0


def _quarantine(options: argparse.Namespace, settings: Settings) -> int:
    table = Table("number", "file", "since", "why", "question")
    with IngestJournal(settings.data_dir) as journal:
        for held in journal.quarantine():
            why = "\n".join(map(str, held.reasons))
            table.add_row(str(held.number), held.origin, held.since, why, held.entry.question)
    Console().print(table if table.row_count else "nothing is held back")
    return 0


def _release(options: argparse.Namespace, settings: Settings) -> int:
    with IngestJournal(settings.data_dir) as journal:
        held = {item.number: item for item in journal.quarantine()}
        unknown = [number for number in options.numbers if number not in held]
        if unknown:
            raise ValueError(f"nothing in quarantine has the number {unknown[0]}")
        intake = IngestionPipeline(build_store(settings), journal)
        for number in options.numbers:
            intake.release(held[number])
    print(f"{len(options.numbers)} released")
    return 0


def _propose(options: argparse.Namespace, settings: Settings) -> int:
    passages = [
        entry
        for entry in build_store(settings)
        if entry.kind == "passage" and options.name in (None, entry.origin)
    ]
    proposals = list(propose_by_rule(passages))
    broken = ""
    if settings.llm:
        try:
            model = structured_completion_function(settings.llm, ProposedPairs)
            proposals.extend(propose_with_model(model, passages))
        except ConnectionError as error:  # what there is so far was paid for
            broken = str(error)
    count = write_review(options.output, proposals)
    print(f"{count} proposals from {len(passages)} passages in {options.output}; decide on each")
    if broken:
        print(f"ingest: {broken}; what it had proposed until then is in", file=sys.stderr)
    return SOME_FAILED if broken else 0


def _accept(options: argparse.Namespace, settings: Settings) -> int:
    review = read_review(options.review)
    for row in review.bad:
        print(f"ingest: {options.review}, row {row.row}: {row.reason}", file=sys.stderr)
    with IngestJournal(settings.data_dir) as journal:
        intake = IngestionPipeline(build_store(settings), journal)
        n_accepted, n_held = intake.accept(review.accepted, options.review.name)
    print(f"{n_accepted} accepted, {len(review.refused)} refused, {len(review.waiting)} waiting")
    if n_held:
        print(f"{n_held} held back for personal data; see 'python -m ingest quarantine'")
    return SOME_FAILED if review.bad else 0


def _backup(options: argparse.Namespace, settings: Settings) -> int:
    done = backup(settings.data_dir, options.archive)
    size = f"{done.n_bytes / 2**20:.1f} MiB"
    print(f"{done.n_entries} entries in {options.archive}, {size}")
    if not done.has_vectors:
        print("without vectors, which are damaged; they are made anew after 'restore'")
    return 0


def _restore(options: argparse.Namespace, settings: Settings) -> int:
    done = restore(settings.data_dir, options.archive)
    with IngestJournal(settings.data_dir) as journal:
        outcome = message("n_entries", n=done.n_entries)
        journal.note("restore", options.archive.name, outcome)
    print(f"{done.n_entries} entries of {done.made} are back")
    return 0


def _audit(options: argparse.Namespace, settings: Settings) -> int:
    table = Table("when", "who", "what", "of", "outcome")
    with IngestJournal(settings.data_dir) as journal:
        for act in journal.audit():
            table.add_row(act.at, act.who, act.action, act.subject, str(act.outcome))
    Console().print(table)
    return 0


def _pairs(texts: Sequence[str], example: str) -> Mapping[str, str]:
    if wrong := [text for text in texts if "=" not in text]:
        raise ValueError(f"{wrong[0]!r} is not of the form NAME=TEXT; for instance {example}")
    return dict(text.split("=", 1) for text in texts)


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, about: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(command=run)
        return sub

    add = command("add", _add, "take files, folders and zip archives in")
    add.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    add.add_argument("--columns", nargs="+", default=[], metavar="FIELD=HEADING")
    add.add_argument("--default", nargs="+", default=[], metavar="FIELD=TEXT")
    add.add_argument("--longest", type=int, default=400, help="characters of a passage (400)")
    add.add_argument("--ocr", action="store_true", help="recognise scanned pages (tesseract)")
    add.add_argument("--workers", type=int, default=2, help="files read side by side (2)")
    add.add_argument(
        "--replace", action="store_true", help="take the place of other files' entries, by their id"
    )
    add.add_argument("--json", action="store_true", help="report as JSON")
    listed = command("list", _list, "list what is in")
    listed.add_argument("--entries", action="store_true", help="every entry, not every file")
    listed.add_argument("--json", action="store_true", help="every entry as JSON")
    command("show", _show, "show an entry, or all of a file").add_argument("what")
    command("remove", _remove, "withdraw files or entries").add_argument("names", nargs="+")
    exported = command("export", _export, "write every entry to a JSON Lines file")
    exported.add_argument("output", type=Path)
    checked = command("check", _check, "compare the indexes with what should be in them")
    checked.add_argument("--repair", action="store_true")
    command("rebuild", _rebuild, "make vectors and words of every entry anew")
    command("quarantine", _quarantine, "list what is held back, and why")
    released = command("release", _release, "let entries out of quarantine")
    released.add_argument("numbers", nargs="+", type=int, metavar="NUMBER")
    proposed = command("propose", _propose, "propose questions and answers from documents")
    proposed.add_argument("output", type=Path, help="an .xlsx file to decide in")
    proposed.add_argument("--name", help="of this file only")
    accepted = command("accept", _accept, "take in what a person accepted in a review")
    accepted.add_argument("review", type=Path)
    backed = command("backup", _backup, "write the knowledge base to an archive, while it is used")
    backed.add_argument("archive", type=Path, metavar="FILE")
    restored = command("restore", _restore, "put an archive in the place of the knowledge base")
    restored.add_argument("archive", type=Path, metavar="FILE")
    command("audit", _audit, "list who did what when")
    return parser


if __name__ == "__main__":
    sys.exit(main())
