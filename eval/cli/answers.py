"""``answers`` and ``acts``: what visitors are told, and whether what is no question is met."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from agent.llm.chat_model import structured_completion_function
from agent.settings import Settings, SettingsError, read_settings
from zhengwen.command_line import positive_int

from ..answers import report as reports
from ..answers.evaluation import evaluate_answers
from ..answers.llm_judge import AnswerJudge, JudgeVerdict
from . import FAQ, QUESTIONS, Commands

KNOWLEDGE_BASE = "knowledge-base"
VERDICTS = "verdicts.jsonl"


def add_commands(commands: Commands) -> None:
    """Add ``answers`` and ``acts``."""
    _add_answers(commands.add_parser("answers", help="measure what visitors are told"))
    _add_acts(commands.add_parser("acts", help="emergencies and dialogue acts: are they met?"))
    fit = commands.add_parser("fit-emergencies", help="fit the classifier of emergencies")
    _add_fit_emergencies(fit)


def _add_answers(parser: argparse.ArgumentParser) -> None:
    parser.description = "What visitors are told, beside what is right."
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings; by default yours")
    parser.add_argument(
        "--against",
        metavar="FILE",
        help=f"a second configuration beside it, or {KNOWLEDGE_BASE}: the same without its llm",
    )
    parser.add_argument(
        "--faq", type=Path, default=FAQ, help="*.jsonl, *.csv, or a folder of *.jsonl"
    )
    parser.add_argument(
        "--questions",
        type=Path,
        help="*.jsonl, *.csv or *.tsv: question, gold (ids or groups joined by ';'; empty: to be "
        "refused) or answer (in words), and if you like kind (in, near, off) and split; by "
        "default the project's own of the split test",
    )
    parser.add_argument("--split", help="ask only the questions of this split")
    parser.add_argument(
        "-n", "--n", type=positive_int, metavar="N", help="ask only so many of them"
    )
    parser.add_argument(
        "--media",
        choices=("video", "audio", "none"),
        default="video",
        help="what is made beside the words, until the voice is first heard (video)",
    )
    parser.add_argument(
        "--judge", action="store_true", help="let the model of the setting 'judge' compare answers"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="for report.json, answers.jsonl, verdicts.jsonl"
    )
    parser.set_defaults(command=_answers)


def _answers(options: argparse.Namespace) -> int:
    settings = read_settings(options.config)
    systems = _systems(settings, options)
    judge = _judge(settings, options.out) if options.judge else None
    result = evaluate_answers(
        options.faq,
        options.questions or QUESTIONS,
        systems=systems,
        split=options.split or (None if options.questions else "test"),
        n=options.n,
        media=options.media,
        judge=judge,
        judge_name=settings.judge.model if judge and settings.judge else "",
        progress=Console(stderr=True),
    )
    output = Console()
    for part in reports.tables(result):
        output.print(part)
    if options.out:
        reports.write(result, options.out)
    return 0


def _systems(settings: Settings, options: argparse.Namespace) -> dict[str, Settings]:
    if options.against is None:
        return {_name(settings): settings}
    if options.against == KNOWLEDGE_BASE:
        if settings.llm is None:
            raise SettingsError(f"--against {KNOWLEDGE_BASE}: the first is one already; set 'llm'")
        second = settings.model_copy(update={"llm": None})
    else:
        second = read_settings(Path(options.against))
    names = [_name(settings), _name(second)]
    if names[0] == names[1]:
        names = [str(options.config or "yours"), str(options.against)]
    if names[0] == names[1]:
        raise SettingsError(f"--against {options.against}: that is the same configuration")
    return dict(zip(names, (settings, second), strict=True))


def _name(settings: Settings) -> str:
    return settings.llm.model if settings.llm else KNOWLEDGE_BASE


def _judge(settings: Settings, out: Path | None) -> AnswerJudge:
    if settings.judge is None:
        raise SettingsError("--judge: set 'judge' as 'llm' is set, to a model of its own")
    if out is None:
        raise SettingsError("--judge: give --out FOLDER, where its verdicts are kept")
    out.mkdir(parents=True, exist_ok=True)
    ask = structured_completion_function(settings.judge, JudgeVerdict)
    return AnswerJudge(ask, settings.judge.model, out / VERDICTS)


def _add_acts(acts: argparse.ArgumentParser) -> None:
    acts.add_argument("--split", help="only the messages of this split, for instance test")
    acts.add_argument(
        "--also",
        type=Path,
        nargs="*",
        default=[QUESTIONS],
        metavar="FILE",
        help="CSV files with a column 'question' that are no emergencies (the shipped questions)",
    )
    acts.add_argument("--wrong", action="store_true", help="print the messages met wrongly")
    acts.add_argument("--json", action="store_true", help="print JSON instead of a table")
    acts.set_defaults(command=_acts)


def _acts(options: argparse.Namespace) -> int:
    from ..dialogue_acts import dialogue_table, measure_dialogue

    figures = measure_dialogue(read_settings(), split=options.split, others=options.also)
    if options.json:
        print(json.dumps([asdict(figure) for figure in figures], ensure_ascii=False))
        return 0
    Console().print(dialogue_table(figures))
    if options.wrong:
        for figure in figures:
            for message in figure.wrong:
                print(f"{figure.what}, {figure.split}: {message}")
    return 0


def _add_fit_emergencies(fit: argparse.ArgumentParser) -> None:
    fit.add_argument(
        "--harmless",
        type=Path,
        nargs="*",
        default=[],
        metavar="FILE",
        help="text files with a sentence in each line that tells of no emergency",
    )
    fit.add_argument(
        "--false-alarms",
        type=float,
        default=0.01,
        help="how many harmless messages may be taken for an emergency (default 0.01)",
    )
    fit.add_argument(
        "--out", type=Path, required=True, help="the file, such as emergency_classifier.npz"
    )
    fit.set_defaults(command=_fit_emergencies)


def _fit_emergencies(options: argparse.Namespace) -> int:
    from retrievers.encoder import shared_encoder
    from retrievers.store.chroma import SHIPPED_ENCODER

    from ..emergency_training import fit_classifier, training_messages

    if not 0 < options.false_alarms < 1:
        raise ValueError("--false-alarms must be between 0 and 1")
    messages = training_messages(options.harmless)
    classifier = fit_classifier(
        messages, shared_encoder(SHIPPED_ENCODER), false_alarms=options.false_alarms
    )
    classifier.save(options.out)
    print(
        f"fitted to {len(messages)} messages, {sum(bool(kind) for _, kind in messages)} of them "
        f"emergencies; {len(classifier.weights)} examples kept"
    )
    return 0
