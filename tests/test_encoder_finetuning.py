"""Fine-tuning a pre-trained BERT, in miniature."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import BertModel

from retrievers.training import __main__ as training
from retrievers.training import loop
from retrievers.training.finetune import (
    FinetuningData,
    Matter,
    TextBatch,
    asked_by_test_half,
    batch_loss,
    freeze_bottom,
    matters_to_train_on,
    mine_look_alikes,
    read_matters,
    read_wordings,
    right_and_wrong,
    write_matters,
)
from retrievers.training.model import average, embed, load, new_config, save
from retrievers.training.pairs import LabelledPair, is_held_out, read_faq
from retrievers.training.tokenizer import TokenisedTexts, build_tokenizer, build_vocabulary

FAQ = Path(__file__).parent.parent / "assets" / "faq"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two tiny layers that stands for the pre-trained one."""
    vocabulary = build_vocabulary([("怎么办理第一项手续", 5.0)], n_words=5, n_pieces=10, fewest=1)
    torch.manual_seed(0)
    model = BertModel(new_config(len(vocabulary), hidden=16, layers=2, heads=2))
    folder = tmp_path_factory.mktemp("models") / "base"
    save(model, build_tokenizer(vocabulary, longest=32), folder)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    lines = ["s1\ts2\tlabel\tsource"]
    lines += [f"怎么办理第{n}项\t如何办第{n}项手续\t{n % 2}\tbq_train" for n in range(20)]
    lines += [f"第{n}项怎么理\t理第{n}项\t{n % 2}\toppo_dev" for n in range(20)]
    (tmp_path / "pairs.tsv").write_text("\n".join(lines), encoding="utf-8")
    write_matters(
        [
            Matter("a", ("一项怎么办", "办一项"), ("b",)),
            Matter("b", ("二项怎么办", "办二项"), ("a",)),
        ],
        tmp_path / "matters.jsonl",
    )
    return tmp_path


def finetune(base: Path, data: Path, out: Path) -> dict[str, torch.Tensor]:
    command = ["finetune", "--init", str(base), "--out", str(out), "--steps", "5", "--frozen", "1"]
    command += ["--pairs", str(data / "pairs.tsv"), "--matters", str(data / "matters.jsonl")]
    assert training.main([*command, "--checkpoint-seconds", "0"]) == 0
    weights: dict[str, torch.Tensor] = load(out)[0].state_dict()
    return weights


def test_only_the_upper_layers_are_changed(base: Path, data: Path) -> None:
    before, after = load(base)[0].state_dict(), finetune(base, data, data / "tuned")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all(name.startswith("encoder.layer.1.") for name in changed)


def test_an_interrupted_fine_tuning_ends_with_the_same_weights(base: Path, data: Path) -> None:
    whole = finetune(base, data, data / "whole")
    kept = loop._save_checkpoint

    def keep_and_stop(*arguments: object) -> None:
        kept(*arguments)  # type: ignore[arg-type]
        if arguments[3] == 3:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "_save_checkpoint", keep_and_stop)
        with pytest.raises(KeyboardInterrupt):
            finetune(base, data, data / "halves")
    assert not (data / "halves").exists()
    halves = finetune(base, data, data / "halves")
    for name, weight in whole.items():
        torch.testing.assert_close(halves[name], weight, rtol=0, atol=0)


def test_the_mixture_lies_where_its_shares_say(base: Path, data: Path) -> None:
    finetune(base, data, data / "tuned")
    command = ["export", "--init", str(base), str(data / "tuned"), "--out", str(data / "mixed")]
    assert training.main([*command, "--shares", "0.25", "0.75"]) == 0
    name = "encoder.layer.1.output.dense.weight"
    first, second, mixed = (
        load(folder)[0].state_dict()[name] for folder in (base, data / "tuned", data / "mixed")
    )
    torch.testing.assert_close(mixed, first + 0.75 * (second - first), atol=1e-3, rtol=0)
    with pytest.raises(ValueError, match="adding up to 1"):
        average(load(base)[0], [base, data / "tuned"], [0.5, 0.6])


def test_no_layer_left_to_train_is_refused(base: Path) -> None:
    with pytest.raises(ValueError, match="of 2 layers, 2"):
        freeze_bottom(load(base)[0], 2)


def test_a_token_with_the_id_zero_is_read_like_any_other(base: Path) -> None:
    model, tokenizer = load(base)
    texts = TokenisedTexts(["办理手续", "办"], tokenizer, longest=32)
    texts._flat[0] = 0  # as in vocabularies that do not put the padding first
    [(_, _, mask)] = texts.chunks(np.arange(2), rows=2)
    assert sorted(mask.sum(1).tolist()) == sorted(len(texts[i]) for i in range(2))
    with torch.inference_mode():
        model.eval()  # type: ignore[no-untyped-call]
        alone = embed(model, texts, np.array([1]), rows=1)
        together = embed(model, texts, np.arange(2), rows=2)[1:]
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=0)


def test_entries_of_the_test_half_and_held_out_ones_are_left_out(tmp_path: Path) -> None:
    entries = [{"id": f"e{n}", "question": f"問{n}", "wordings": [f"说法{n}"]} for n in range(40)]
    with (tmp_path / "questions.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerows([["split", "gold"], ["test", "e1;e2"], ["dev", "e3"], ["test", ""]])
    unseen = asked_by_test_half(tmp_path / "questions.csv")
    assert unseen == {"e1", "e2"}
    (tmp_path / "more.tsv").write_text("# comment\ne4\tquestion four\ne1\tone\n", "utf-8")
    matters = matters_to_train_on(entries, read_wordings(tmp_path / "more.tsv"), unseen)
    held_out = {e["id"] for e in entries if is_held_out(str(e["id"]), parts=5)}
    assert {m.topic for m in matters} == {e["id"] for e in entries} - unseen - held_out
    texts = {m.topic: m.texts for m in matters}
    assert "e4" in texts and texts["e4"] == ("问4", "说法4", "question four")


def test_a_broken_line_of_wordings_is_named(tmp_path: Path) -> None:
    (tmp_path / "more.tsv").write_text("e4 question four\n", "utf-8")
    with pytest.raises(ValueError, match="line 1"):
        read_wordings(tmp_path / "more.tsv")


def test_look_alikes_are_the_nearest_in_the_same_script(tmp_path: Path) -> None:
    angles = {"护照": 0.0, "护照丢了": 0.1, "公司": 1.5, "passport": 0.01, "company": 1.4}

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        turned = np.array([angles[text] for text in texts], np.float32)
        return np.stack([np.cos(turned), np.sin(turned)], axis=1)

    matters = mine_look_alikes([Matter(text, (text,)) for text in angles], encode)
    near = {matter.topic: matter.look_alikes for matter in matters}
    assert near["护照"] == ("护照丢了", "公司")
    assert near["passport"] == ("company",)
    write_matters(matters, tmp_path / "matters.jsonl")
    assert read_matters(tmp_path / "matters.jsonl") == matters


def test_the_command_writes_matters_of_the_sample_base(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "matters.jsonl"
    command = ["matters", "--init", str(base), "--faq", str(FAQ), "--out", str(out)]
    command += ["--test", str(FAQ / "questions.csv")]
    command += ["--wordings", str(FAQ / "translations.tsv")]
    assert training.main(command) == 0
    matters = read_matters(out)
    assert len(matters) > 100
    assert all(matter.look_alikes and matter.topic not in matter.look_alikes for matter in matters)
    assert sum(text.isascii() for m in matters for text in m.texts) > 150


def test_translations_are_for_known_entries_that_the_test_half_does_not_ask_for() -> None:
    translated = read_wordings(FAQ / "translations.tsv")
    assert sum(map(len, translated.values())) > 300
    assert set(translated) <= {entry["id"] for entry in read_faq(FAQ)}
    assert not set(translated) & asked_by_test_half(FAQ / "questions.csv")


def test_a_batch_has_look_alikes_close_pairs_and_others() -> None:
    labelled = [LabelledPair(f"问{n}", f"答{n}", float(n % 2), "bq_train") for n in range(20)]
    matters = [Matter(f"m{n}", (f"事{n}", f"说{n}"), (f"m{n ^ 1}",)) for n in range(20)]
    answers = [LabelledPair("几点开门", "九点", 1.0, "answers")]
    data = FinetuningData(labelled, matters, answers, n_matters=4)
    batch = data.draw(np.random.default_rng(3))
    assert batch.texts == data.draw(np.random.default_rng(3)).texts
    assert len(set(batch.texts)) == len(batch.texts)
    assert sorted(label for _, _, label, _ in batch.pairs) == [0.0] * 4 + [1.0] * 4
    topics = {topic for topic in batch.topics if topic.startswith("m")}
    assert len(topics) == 4
    assert any(f"m{int(topic[1:]) ^ 1}" in topics for topic in topics)
    with pytest.raises(ValueError, match="no labelled pairs"):
        FinetuningData([LabelledPair("甲", "乙", 1.0, "elsewhere")])


def test_what_may_mean_the_same_is_no_negative() -> None:
    batch = TextBatch()
    for text in ("还款日", "哪天还钱"):
        batch.add(text, source="bq_train")
    loan = batch.add("贷款", source="bq_train")
    ask, same, other = (
        batch.add("补证", topic="a"),
        batch.add("证丢了", topic="a"),
        batch.add("天气"),
    )
    batch.pairs = [(0, 1, 1.0, "bq_train"), (0, loan, 0.0, "bq_train")]
    right, wrong = right_and_wrong(batch)
    assert right[0, 1] and right[ask, same] and not right[ask, other]
    assert wrong[0, loan], "labelled as not the same"
    assert not wrong[1, loan], "one narrow data set, and nobody said that they differ"
    assert wrong[ask, other] and wrong[0, ask]
    assert not (right & wrong).any()


def test_the_loss_falls_when_meanings_come_together() -> None:
    batch = TextBatch()
    for text, topic in (("补证", "a"), ("证丢了", "a"), ("开公司", "b"), ("注册企业", "b")):
        batch.add(text, topic=topic)
    together = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    crossed = together[[0, 2, 1, 3]]
    assert batch_loss(together, batch, scale=30) < 0.1 < batch_loss(crossed, batch, scale=30)
