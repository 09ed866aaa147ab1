"""The report: tables for a person, JSON for a pipeline, every answer for who wants to look."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ..metrics import Estimate, with_intervals
from ..reporting import settings_record
from .evaluation import AnswerReport, AnswerResult
from .grading import GradedAnswer, Verdict

LABELS: dict[str, tuple[str, str]] = {
    "right": ("answered from a right entry", "答对（依据正确条目）"),
    "answered_wrong": ("answered from others", "答错"),
    "wrongly_refused": ("answerable, but refused", "误拒"),
    "suggested": ("refused, but suggestions offered", "误拒但给出建议"),
    "rouge_l": ("ROUGE-L with the right answer", "与标准答案的 ROUGE-L"),
    "gold_figures": ("figures of the right answer that are said", "标准答案中的数字被说出的比例"),
    "citation_precision": ("citations that are right", "引用准确率"),
    "citation_recall": ("answers that cite a right entry", "引用召回率"),
    "unsupported": ("answers with a figure no cited passage has", "含无出处数字的回答"),
    "rightly_refused_near": ("near misses refused", "相近问题正确拒答"),
    "rightly_refused_far": ("off topic refused", "无关问题正确拒答"),
    "judged_right": ("answers the judge calls right", "评审判为正确"),
    "judged_wrong": ("answers the judge calls wrong", "评审判为错误"),
    "asked_model": ("questions a language model was asked", "调用大模型的问题"),
    "by_model": ("questions it answered", "由大模型回答的问题"),
    "first_token_p50_ms": ("first token, median, ms", "首个词元，中位数（毫秒）"),
    "first_token_p95_ms": ("first token, 95th percentile, ms", "首个词元，95 分位（毫秒）"),
    "first_text_p50_ms": ("first words, median, ms", "首句文字，中位数（毫秒）"),
    "first_text_p95_ms": ("first words, 95th percentile, ms", "首句文字，95 分位（毫秒）"),
    "first_sound_p50_ms": ("first sound, median, ms", "首个声音，中位数（毫秒）"),
    "first_sound_p95_ms": ("first sound, 95th percentile, ms", "首个声音，95 分位（毫秒）"),
    "sound_after_sentence_p50_ms": (
        "from the model's first full sentence to sound, median, ms",
        "大模型首个整句到声音，中位数（毫秒）",
    ),
    "sound_after_sentence_p95_ms": (
        "the same, 95th percentile, ms",
        "大模型首个整句到声音，95 分位（毫秒）",
    ),
    "tokens_read": ("tokens read for a question", "每次调用读入词元"),
    "tokens_written": ("tokens written", "每次调用写出词元"),
    "cost": ("cost of a question", "每次调用费用"),
    "cost_total": ("cost of all", "总费用"),
}
"""What a figure is called, in English and Chinese."""
WORST: tuple[Verdict, ...] = ("wrongly answered", "answered wrong", "wrongly refused")
N_WORST = 3  # of each kind


def tables(report: AnswerReport) -> Iterator[RenderableType]:
    """The figures side by side, the paired test, and some of what went wrong."""
    shown = Table(title=report.test_set.summary(), box=SIMPLE)
    shown.add_column("")
    for result in report.results:
        shown.add_column(result.name, justify="right")
    for name, (english, _) in LABELS.items():
        estimates = [result.figures[name] for result in report.results]
        if any(estimate.value is not None for estimate in estimates):
            named = Text.assemble(name, (f"\n{english}", "dim"))
            shown.add_row(named, *(_cell(name, estimate) for estimate in estimates))
    yield shown
    yield Text(
        "In brackets: the 95 % confidence interval (bootstrap). Times are from the question; "
        f"sound with {report.media} made beside it.",
        style="dim",
    )
    if report.test:
        first, second = (result.name for result in report.results)
        yield Text(
            f"right: only {first} {report.test.only_first}, only {second} "
            f"{report.test.only_second}, exact McNemar p = {report.test.p:.3g}"
        )
    cases = Table(title=f"Went wrong: {report.results[0].name}", show_lines=True)
    for heading in ("question", "right", "told", "what"):
        cases.add_column(heading)
    for finding in _worst(report.results[0]):
        right = next(iter(finding.gold_answers), "none")
        what = ", ".join([finding.verdict, *finding.unsupported])
        cells = (finding.question.text, right, finding.answer.text, what)
        cases.add_row(*map(Text, cells))
    if cases.row_count:
        yield cases


def write(report: AnswerReport, folder: Path) -> None:
    """Write ``report.json`` and, a line for each question and system, ``answers.jsonl``."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = json.dumps(record(report), ensure_ascii=False, indent=1)
    (folder / "report.json").write_text(whole + "\n", "utf-8")
    with (folder / "answers.jsonl").open("w", encoding="utf-8") as file:
        for result in report.results:
            for finding in result.findings:
                line = {"system": result.name, **_answer(finding)}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")


def record(report: AnswerReport) -> dict[str, Any]:
    """The object of ``report.json``: figures are keys of each system, intervals beside them."""
    return {
        "systems": [_system(result) for result in report.results],
        "mcnemar_right": None
        if report.test is None
        else {
            "only_first": report.test.only_first,
            "only_second": report.test.only_second,
            "p": report.test.p,
        },
        "media": report.media,
        "judge": report.judge or None,
    } | report.test_set.record()


def _system(result: AnswerResult) -> dict[str, Any]:
    llm = result.settings.llm
    model = {"model": llm.model, "base_url": llm.base_url} if llm else None
    return {
        "name": result.name,
        **with_intervals(result.figures),
        "n_unsupported": sum(len(finding.unsupported) for finding in result.findings),
        "settings": settings_record(result.settings) | {"llm": model},
    }


def _answer(finding: GradedAnswer) -> dict[str, Any]:
    told, answer = finding.told, finding.answer
    return {
        "question": finding.question.text,
        "kind": finding.question.kind,
        "gold": sorted(finding.gold_ids),
        "verdict": finding.verdict,
        "outcome": answer.outcome,
        "is_verbatim": answer.is_verbatim,
        "answer": answer.text,
        "cited": [passage.entry.faq_id for passage in answer.citations],
        "rouge_l": round(finding.overlap, 4) if finding.gold_answers else None,
        "unsupported": finding.unsupported,
        "opinion": finding.opinion,
        "first_token_ms": told.first_token_ms,
        "first_text_ms": told.first_text_ms,
        "sentence_ms": told.sentence_ms,
        "first_sound_ms": told.first_sound_ms,
        "total_ms": told.total_ms,
        "tokens": [answer.usage.input_tokens, answer.usage.output_tokens] if answer.usage else None,
        "cost": answer.usage.cost if answer.usage else None,
    }


def _cell(name: str, estimate: Estimate) -> Text:
    if estimate.value is None:
        return Text("–")
    if name.endswith("_ms") or name.startswith("tokens"):
        return Text(f"{estimate.value:.0f}")
    if name.startswith("cost"):
        return Text(f"{estimate.value:.4g}")
    interval = f"\n[{estimate.low:.3f}, {estimate.high:.3f}]" if estimate.low is not None else ""
    return Text.assemble(f"{estimate.value:.3f}", (interval, "dim"))


def _worst(result: AnswerResult) -> Iterator[GradedAnswer]:
    made_up = [finding for finding in result.findings if finding.unsupported]
    yield from made_up[:N_WORST]
    for verdict in WORST:
        cases = [f for f in result.findings if f.verdict == verdict and f not in made_up]
        yield from cases[:N_WORST]
