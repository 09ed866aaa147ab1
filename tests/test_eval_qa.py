"""``python -m eval qa``: real questions to the real store, and what the reports say of them."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from agent.settings import read_settings
from eval.__main__ import main
from eval.retrieval.evaluation import RetrievalReport, evaluate_retrieval
from eval.retrieval.html_report import write_html
from eval.testset import TestSetError, read_knowledge_base, read_questions

ENTRIES: list[dict[str, Any]] = [
    {"id": "id-1", "question": "身份证丢了怎么补办？", "answer": "到派出所补领。",
     "wordings": ["身份证遗失补领"]},
    {"id": "pass-1", "question": "第一次办护照要带什么材料？", "answer": "带身份证和照片。"},
    {"id": "fund-1", "question": "公积金怎么提取？", "answer": "在网上提交申请。"},
    {"id": "fund-2", "question": "住房公积金提取流程", "answer": "线上申请。"},
    {"id": "en-1", "question": "How do I renew my visa?", "answer": "Apply early."},
]  # fmt: skip
QUESTIONS = """question,gold,kind,split
身份证丢了怎么补办,id-1,in,dev
身份证遗失补领,id-1,in,test
公积金怎么提取,fund-1;fund-2,in,test
How do I renew my visa,en-1,in,test
第一次办护照要带什么材料,fund-1,in,test
你好,pass-1,in,test
护照丢了去哪里挂失,,near,test
今天天气怎么样,,off,test
红烧肉怎么做,,far,test
讲个笑话,,off-topic,dev
"""
SYSTEM_KEYS = {
    *("top1", "recall5", "mrr10", "answered_right", "answered_wrong", "wrongly_refused"),
    *("suggested", "rightly_refused_near", "rightly_refused_far"),
    *("suggested_near", "suggested_far"),
    *("auroc_near", "auroc_far", "refused_at_95_far", "ece", "latency_p50_ms", "latency_p95_ms"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("qa")
    faq, questions = folder / "faq.jsonl", folder / "questions.csv"
    faq.write_text("\n".join(json.dumps(entry, ensure_ascii=False) for entry in ENTRIES), "utf-8")
    questions.write_text(QUESTIONS, "utf-8")
    return faq, questions


@pytest.fixture(scope="module")
def report(files: tuple[Path, Path]) -> RetrievalReport:
    faq, questions = files
    return evaluate_retrieval(
        faq, questions, settings=read_settings(), progress=Console(quiet=True)
    )


@pytest.fixture(scope="module")
def out(files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the reports of a whole run, one configuration beside another."""
    faq, questions = files
    folder = tmp_path_factory.mktemp("out") / "report"
    arguments = ["--faq", str(faq), "--questions", str(questions), "--out", str(folder)]
    assert main(["qa", *arguments, "--compare", "nearest", "--min-top1", "0.5"]) == 0
    return folder


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def test_what_became_of_each_question(report: RetrievalReport) -> None:
    findings = {finding.question.text: finding for finding in report.result.findings}
    assert findings["身份证丢了怎么补办"].rank == 1
    assert findings["身份证丢了怎么补办"].verdict == "answered right"
    assert findings["第一次办护照要带什么材料"].verdict == "answered wrong"
    assert findings["你好"].outcome == "greeted"
    assert findings["你好"].verdict == "wrongly refused"
    assert findings["你好"].found == ()
    assert findings["今天天气怎么样"].verdict == "rightly refused"


def test_the_figures_follow_from_the_verdicts(report: RetrievalReport) -> None:
    verdicts = [f.verdict for f in report.result.findings]
    kinds = [f.question.kind for f in report.result.findings]
    figures = {name: estimate.value for name, estimate in report.result.figures.items()}
    assert (kinds.count("in"), kinds.count("near"), kinds.count("off")) == (6, 1, 3)
    assert figures["answered_right"] == pytest.approx(verdicts.count("answered right") / 6)
    assert figures["answered_wrong"] == pytest.approx(verdicts.count("answered wrong") / 6)
    off = [v for v, kind in zip(verdicts, kinds, strict=True) if kind == "off"]
    assert figures["rightly_refused_far"] == pytest.approx(off.count("rightly refused") / 3)
    parts = [figures[name] or 0 for name in ("answered_right", "answered_wrong", "wrongly_refused")]
    assert sum(parts) == pytest.approx(1)
    ranks = [f.rank for f in report.result.findings if f.question.kind == "in"]
    assert figures["top1"] == pytest.approx(ranks.count(1) / 6)
    assert figures["mrr10"] == pytest.approx(sum(1 / rank for rank in ranks if rank) / 6)


def test_a_baseline_answers_from_the_score_that_refuses_nineteen_in_twenty_off_topic(
    report: RetrievalReport,
) -> None:
    for baseline in report.baselines:
        off = [f for f in baseline.findings if f.question.kind == "off"]
        assert baseline.figures["rightly_refused_far"].value == 1
        assert max(f.score for f in off) < baseline.settings.answer_from
        assert baseline.settings.answer_from == pytest.approx(max(f.score for f in off))


def test_a_suggestion_is_not_an_answer(files: tuple[Path, Path]) -> None:
    settings = read_settings().model_copy(update={"answer_from": 1.01, "suggest_from": 0.0})
    found = evaluate_retrieval(*files, settings=settings, progress=Console(quiet=True))
    figures = {name: estimate.value for name, estimate in found.result.figures.items()}
    assert figures["answered_right"] == 0
    assert figures["wrongly_refused"] == 1
    assert figures["suggested"] == pytest.approx(5 / 6), "the sixth is a greeting"
    assert figures["suggested_far"] == figures["rightly_refused_far"] == 1


def test_without_off_topic_questions_a_baseline_always_answers(tmp_path: Path) -> None:
    faq = write(tmp_path / "faq.jsonl", *ENTRIES)
    questions = write(tmp_path / "q.jsonl", {"query": "公积金怎么提取", "gold": ["fund-1"]})
    found = evaluate_retrieval(
        faq, questions, settings=read_settings(), progress=Console(quiet=True)
    )
    assert [baseline.settings.answer_from for baseline in found.baselines] == [0, 0]
    assert found.result.figures["auroc_far"].value is None
    assert found.result.figures["rightly_refused_near"].value is None


def test_any_member_of_a_group_is_right(tmp_path: Path) -> None:
    faq = write(
        tmp_path / "kb.jsonl",
        {"id": "k0", "question": "I am still waiting on my card?", "group": "card_arrival"},
        {"id": "k1", "question": "When will my card arrive?", "group": "card_arrival"},
        {"id": "k2", "question": "Why was I charged twice?", "group": "charged_twice"},
    )
    questions = write(
        tmp_path / "queries.jsonl",
        {"query": "When will my card arrive", "gold": ["card_arrival"], "kind": "in"},
        {"query": "I am still waiting on my card", "gold": ["card_arrival"], "kind": "in"},
        {"query": "I am still waiting on my card", "gold": ["k1"], "kind": "in"},
    )
    found = evaluate_retrieval(
        faq, questions, settings=read_settings(), k=1, progress=Console(quiet=True)
    )
    assert [f.rank for f in found.result.findings] == [1, 1, 2]
    assert found.result.figures["recall1"].value == pytest.approx(2 / 3)


def test_the_json_report_holds_every_figure_of_every_system(out: Path) -> None:
    record = json.loads((out / "report.json").read_text("utf-8"))
    for system in (record, record["keyword"], record["nearest"], record["comparison"]):
        assert system.keys() >= SYSTEM_KEYS
        assert system["top1_ci"][0] <= system["top1"] <= system["top1_ci"][1]
    assert record["name"] == read_settings().retriever.name
    assert record["n_questions"] == {"in": 6, "near": 1, "off": 3}
    assert sum(bin_["n"] for bin_ in record["reliability"]) == 10
    assert set(record["comparison"]["mcnemar"]) == {"top1", "answered_right"}
    assert re.fullmatch(r"[0-9a-f]{64}", record["data"]["faq"]["sha256"])
    assert record["models"]["encoder"]
    assert record["settings"]["retriever"]["name"] == record["name"]


def test_the_hash_of_the_data_follows_its_content(report: RetrievalReport, tmp_path: Path) -> None:
    faq = write(tmp_path / "faq.jsonl", *ENTRIES[:4], {**ENTRIES[4], "answer": "Apply late."})
    (tmp_path / "questions.csv").write_text(QUESTIONS.replace("en-1", "fund-1"), "utf-8")
    other = evaluate_retrieval(
        faq, tmp_path / "questions.csv", settings=read_settings(), progress=Console(quiet=True)
    )
    assert other.test_set.data["faq"] != report.test_set.data["faq"]
    assert other.test_set.data["questions"] != report.test_set.data["questions"]
    assert other.result.models == report.result.models


def test_the_table_has_a_row_for_every_question(out: Path) -> None:
    with (out / "questions.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["question"] for row in rows] == [
        line.split(",")[0] for line in QUESTIONS.splitlines()[1:]
    ]
    first = rows[0]
    assert (first["verdict"], first["rank"], first["found1"]) == ("answered right", "1", "id-1")
    assert first["found_question"] == "身份证丢了怎么补办？"
    assert first["keyword"] and first["nearest"]


def test_the_page_needs_nothing_from_elsewhere(out: Path) -> None:
    page = (out / "report.html").read_text("utf-8")
    names = re.compile(r'xmlns(:\w+)?="[^"]*"')  # names of formats: nothing is fetched from there
    fetched = re.search(r"https?://|//[a-z]|src=|@import|url\(|<link|<script", names.sub("", page))
    assert fetched is None
    assert page.count("<svg") == 3
    assert "第一次办护照要带什么材料" in page
    assert "首条正确率" in page


def test_the_page_shows_what_visitors_typed_as_text(tmp_path: Path) -> None:
    faq = write(tmp_path / "faq.jsonl", {"id": "<b>", "question": "<script>alert(1)</script>"})
    questions = write(tmp_path / "q.jsonl", {"query": "alert(1) <script>", "gold": []})
    found = evaluate_retrieval(
        faq, questions, settings=read_settings(), progress=Console(quiet=True)
    )
    write_html(found, tmp_path / "report.html")
    assert "<script" not in (tmp_path / "report.html").read_text("utf-8")


def test_without_the_extra_for_charts_a_page_says_what_is_missing(
    report: RetrievalReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eval.html_pages.find_spec", lambda name: None)
    write_html(report, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<svg" not in page and "zhengwen[report]" in page
    assert "首条正确率" in page, "the figures are there all the same"


def test_a_chart_draws_every_system_with_its_name(out: Path) -> None:
    finding, calibration, threshold = re.findall(
        r"<svg.*?</svg>", (out / "report.html").read_text("utf-8"), re.DOTALL
    )
    assert "keyword" in finding and "nearest" in finding and "recall5" in finding
    assert "predicted probability" in calibration
    assert "off topic answered" in threshold


@pytest.mark.parametrize(
    ("gate", "complaint"),
    [
        (("--min-top1", "1"), "top1 is"),
        (("--max-answered-wrong", "0"), "answered_wrong is"),
        (("--max-answered_wrong", "0"), "answered_wrong is"),
        (("--k", "2", "--min-recall2", "1"), "recall2 is"),
        (("--split", "dev", "--min-auroc-near", "0"), "cannot measure it"),
    ],
)
def test_a_figure_beyond_its_limit_fails_the_run(
    files: tuple[Path, Path],
    gate: tuple[str, ...],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--faq", str(files[0]), "--questions", str(files[1])]
    assert main(["qa", *arguments, *gate]) == 3
    assert complaint in capsys.readouterr().err


def test_a_limit_on_a_figure_that_does_not_exist_is_wrong_usage() -> None:
    for unknown in ("--min-top2", "--min-recall7"):
        with pytest.raises(SystemExit) as stopped:
            main(["qa", unknown, "0.5"])
        assert stopped.value.code == 2


def test_a_split_keeps_its_own_questions(files: tuple[Path, Path]) -> None:
    assert [q.text for q in read_questions(files[1], "dev")] == ["身份证丢了怎么补办", "讲个笑话"]
    with pytest.raises(TestSetError, match="its splits are dev, test"):
        read_questions(files[1], "train")


def test_another_settings_file_can_be_compared(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "strict.yaml"
    other.write_text("answer_from: 1.0\nretriever: {name: nearest}\n", "utf-8")
    arguments = ["--faq", str(files[0]), "--questions", str(files[1])]
    assert main(["qa", *arguments, "--compare", str(other), "--out", str(tmp_path)]) == 0
    comparison = json.loads((tmp_path / "report.json").read_text("utf-8"))["comparison"]
    assert comparison["settings"]["answer_from"] == 1
    assert comparison["mcnemar"]["answered_right"]["only_second"] == 0
    assert "exact McNemar p =" in capsys.readouterr().out


def test_a_rival_that_does_not_exist_is_named(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--faq", str(files[0]), "--questions", str(files[1])]
    assert main(["qa", *arguments, "--compare", "no-such-retriever"]) == 1
    assert "no-such-retriever" in capsys.readouterr().err


def test_a_table_of_questions_and_answers_is_a_knowledge_base(tmp_path: Path) -> None:
    path = tmp_path / "faq.csv"
    path.write_text(
        "question,answer,wordings\n怎么落户？,带户口本。,落户材料;迁户口\n", "utf-8-sig"
    )
    [entry] = read_knowledge_base(path).entries
    assert (entry.faq_id, entry.answer) == ("1", "带户口本。")
    assert entry.wordings == ("落户材料", "迁户口")
    assert entry.language == "zh-CN"


def test_the_shipped_files_can_be_read(faq_folder: Path) -> None:
    knowledge = read_knowledge_base(faq_folder)
    questions = read_questions(faq_folder / "questions.csv")
    knowledge.check(questions, faq_folder)
    assert {question.kind for question in questions} == {"in", "near", "off"}


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("q.csv", "frage,gold\n什么,a\n", "no 'question'; it has 'frage', 'gold'"),
        ("q.csv", "question,antwort\n什么,a\n", "no 'gold'; it has 'question', 'antwort'"),
        ("q.csv", "question,gold\n", "holds no questions"),
        ("q.csv", "question,gold\n什么,a,b\n", "row 1 has more or fewer cells"),
        ("q.csv", "question,gold\n ,a\n", "row 1: the question is blank"),
        ("q.csv", "question,gold,kind\n什么,a,far out\n", "unknown kind 'far out'"),
        ("q.csv", "question,gold,kind\n什么,a,near\n", "kind is 'near', but gold names 'a'"),
        ("q.csv", "question,gold,kind\n什么,,in\n", "names no entry that answers"),
        ("q.jsonl", '{"query": "什么", "gold": []}\n{"query"\n', "line 2 is not JSON"),
        ("q.jsonl", "[1]\n", "line 1 must hold a JSON object"),
        ("q.xlsx", "PK", r"must be a file \*.jsonl, \*.csv or \*.tsv"),
    ],
)
def test_a_bad_file_of_questions_says_what_is_wrong(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    with pytest.raises(TestSetError, match=complaint):
        read_questions(path)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([], "holds no entries"),
        ([{"id": "a", "question": "问"}, {"id": "a", "question": "答"}], "more than once: 'a'"),
        ([{"id": "a"}], "line 1 has no 'question'; it has 'id'"),
        ([{"id": "a", "question": " "}], "line 1: 'question' is missing or blank"),
    ],
)
def test_a_bad_knowledge_base_says_what_is_wrong(
    tmp_path: Path, rows: list[dict[str, str]], complaint: str
) -> None:
    with pytest.raises(TestSetError, match=complaint):
        read_knowledge_base(write(tmp_path / "kb.jsonl", *rows))


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_bytes("question,gold\n身份证,a\n".encode("gb18030"))
    with pytest.raises(TestSetError, match="UTF-8"):
        read_questions(path)


def test_gold_that_is_not_in_the_knowledge_base_stops_the_run(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = write(tmp_path / "q.jsonl", {"query": "补办", "gold": ["id-1", "id-9"]})
    assert main(["qa", "--faq", str(files[0]), "--questions", str(questions)]) == 1
    complaint = capsys.readouterr().err
    assert "'id-9'" in complaint and "'id-1'" in complaint
    assert str(questions) in complaint


def test_files_that_are_missing_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qa", "--faq", "nowhere.jsonl"]) == 1
    assert "nowhere.jsonl" in capsys.readouterr().err
