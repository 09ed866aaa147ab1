"""The sentence encoder: what ships, what it refuses, and how it is trained."""

import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertModel

from retrievers.encoder import SentenceEncoder, Text2VecModel
from retrievers.training import __main__ as training
from retrievers.training.contrastive import cosent, info_nce, right_answers
from retrievers.training.model import (
    add_layers,
    init_words_from_characters,
    load,
    new_config,
    pool,
    save,
)
from retrievers.training.pairs import (
    LabelledPair,
    dictionary_pairs,
    faq_pairs,
    intent_pairs,
    is_held_out,
    noisy_pairs,
    split,
)
from retrievers.training.tokenizer import build_tokenizer, build_vocabulary, split_characters

SHIPPED = Path(__file__).parent.parent / "assets" / "encoder"


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder(SHIPPED)


def test_vectors_are_float32_of_length_one(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode(["怎么办身份证？", "", "How do I register?"])
    assert vectors.shape == (3, encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_vectors(encoder: SentenceEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_a_paraphrase_is_closer_than_another_matter(encoder: SentenceEncoder) -> None:
    asked, same, other = encoder.encode(
        ["身份证丢了怎么补办", "居民身份证遗失如何补领", "注册公司需要什么材料"]
    )
    assert asked @ same > asked @ other + 0.03


def test_traditional_and_full_width_text_mean_the_same(encoder: SentenceEncoder) -> None:
    plain, traditional, wide = encoder.encode(["补办ID证件？", "補辦ID證件？", "补办ＩＤ证件?"])
    np.testing.assert_allclose(plain @ traditional, 1, atol=1e-3)
    np.testing.assert_allclose(plain @ wide, 1, atol=1e-3)


def test_a_text_does_not_depend_on_its_neighbours(encoder: SentenceEncoder) -> None:
    texts = ["护照", "户口迁移需要多长时间才能办完，要不要本人到场？", "社保卡怎么激活"]
    together = encoder.encode(texts)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose((together * alone).sum(1), 1, atol=1e-3)


def test_vectors_are_those_of_text2vec(encoder: SentenceEncoder) -> None:
    texts = ["护照", "户口迁移需要多长时间才能办完，要不要本人到场？", "How?", "办事指南" * 100]
    theirs = Text2VecModel(SHIPPED, 256).embed(texts)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    assert (encoder.encode(texts) * theirs).sum(1).min() > 0.995


def test_a_very_long_text_is_cut_and_not_refused(encoder: SentenceEncoder) -> None:
    assert np.isfinite(encoder.encode(["办事指南" * 500])).all()


def test_threads_get_their_own_answers(encoder: SentenceEncoder) -> None:
    texts = [f"第{n}号窗口办什么业务" for n in range(24)]
    expected = encoder.encode(texts)
    found = np.zeros_like(expected)

    def ask(at: int) -> None:
        found[at] = encoder.encode([texts[at]])[0]

    threads = [threading.Thread(target=ask, args=(at,)) for at in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_loading_and_encoding_print_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    SentenceEncoder(SHIPPED).encode(["你好"])
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_the_fingerprint_follows_the_weights(encoder: SentenceEncoder, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(SHIPPED, copy)
    assert SentenceEncoder(copy).fingerprint == encoder.fingerprint
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    assert SentenceEncoder(copy).fingerprint != encoder.fingerprint


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        SentenceEncoder(tmp_path / "nowhere")


def test_a_folder_without_weights_says_what_it_lacks(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "half", ignore=shutil.ignore_patterns("*.safetensors"))
    with pytest.raises(FileNotFoundError, match=r"lacks weights \(model.safetensors\)"):
        SentenceEncoder(tmp_path / "half")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(SHIPPED, folder)
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="cannot be loaded"):
        SentenceEncoder(folder)


def test_the_shipped_folder_is_small() -> None:
    size = sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file())
    assert size <= 40 * 2**20


def test_development_sentences_are_never_trained_on() -> None:
    pairs = [
        LabelledPair("甲", "乙", 1.0, "lcqmc_dev"),
        LabelledPair("甲", "丙", 1.0, "oppo_dev"),
        LabelledPair("丁", "戊", 0.0, "oppo_dev"),
        *(LabelledPair(f"问{n}", f"答{n}", 1.0, "afqmc_train") for n in range(200)),
    ]
    kept, development = split([*pairs, LabelledPair("己", "庚", 1.0, "oppo_dev")], ["庚"])
    seen = {text for pair in kept for text in (pair.first, pair.second)}
    held_out = {text for pair in development for text in (pair.first, pair.second)}
    assert "丁" in seen
    assert "己" not in seen, "its partner is a question of a development set"
    assert not seen & held_out
    assert 5 < sum(pair.source == "afqmc_train" for pair in development) < 50


def test_wordings_of_held_out_entries_are_never_trained_on() -> None:
    entries: list[dict[str, Any]] = [
        {"id": f"e{n}", "question": f"问{n}", "wordings": [f"说法{n}"]} for n in range(100)
    ]
    topics = {pair.topic for pair in faq_pairs(entries)}
    assert topics == {entry["id"] for entry in entries if not is_held_out(entry["id"], parts=5)}
    assert 60 < len(topics) < 95


def test_frequent_words_are_tokens_and_others_are_spelt() -> None:
    vocabulary = build_vocabulary(
        [("办理身份证 passport", 20.0), ("麒麟臂", 1.0)], n_words=2, n_pieces=20, fewest=1
    )
    tokenizer = build_tokenizer(vocabulary, longest=32)
    assert tokenizer.tokenize("办理身份证") == ["办理", "身份证"]
    assert tokenizer.tokenize("麒麟身份证") == ["麒", "麟", "身份证"]
    assert tokenizer.tokenize(split_characters("身份证")) == ["身", "份", "证"]
    assert "[UNK]" not in tokenizer.tokenize("办理 ID passports 麒麟臂")


def test_a_word_starts_as_the_mean_of_its_characters() -> None:
    vocabulary = build_vocabulary([("护照 护 照", 20.0)], n_words=1, n_pieces=5, fewest=1)
    tokenizer = build_tokenizer(vocabulary, longest=32)
    model = BertModel(new_config(len(vocabulary), hidden=16, layers=1, heads=2))
    init_words_from_characters(model, tokenizer)
    table = model.embeddings.word_embeddings.weight
    word, first, second = (tokenizer.convert_tokens_to_ids(token) for token in ["护照", "护", "照"])
    torch.testing.assert_close(table[word], (table[first] + table[second]) / 2)


def test_domain_pairs_come_from_entries_intents_dictionary_and_statutes(tmp_path: Path) -> None:
    (tmp_path / "intents.jsonl").write_text(
        "".join(f'{{"question": "q{n}", "group": "g{n % 2}"}}\n' for n in range(6)), "utf-8"
    )
    pairs = list(intent_pairs(tmp_path / "intents.jsonl", each=1))
    assert len(pairs) == 6
    assert all(int(p.first[1]) % 2 == int(p.second[1]) % 2 for p in pairs), "groups do not mix"
    (tmp_path / "dictionary.txt").write_text(
        "# comment\n垃圾 垃圾 [la1 ji1] /trash/refuse/CL:袋[dai4]/\n王 王 [Wang2] /surname Wang/\n",
        "utf-8",
    )
    found = {(p.first, p.second) for p in dictionary_pairs(tmp_path / "dictionary.txt")}
    assert found == {("垃圾", "trash"), ("垃圾", "refuse"), ("trash", "refuse")}
    [noisy] = noisy_pairs(["身份证丢了怎么补办"])
    assert noisy.second != noisy.first and set(noisy.second) <= set(noisy.first)


def test_a_grown_model_starts_from_the_same_vectors() -> None:
    model, tokenizer = load(SHIPPED)
    grown = add_layers(model, model.config.num_hidden_layers + 2)
    tokens = tokenizer(["户口怎么迁"], return_tensors="pt")
    with torch.no_grad():
        before = pool(model, tokens["input_ids"], tokens["attention_mask"])
        after = pool(grown, tokens["input_ids"], tokens["attention_mask"])
    torch.testing.assert_close(before, after, rtol=0, atol=1e-4)


def test_what_is_exported_of_two_folders_is_their_mean(tmp_path: Path) -> None:
    encoder, tokenizer = load(SHIPPED)
    other = tmp_path / "other"
    with torch.no_grad():
        for weight in encoder.parameters():
            weight.add_(0.5)
    save(encoder, tokenizer, other)
    mean = tmp_path / "mean"
    assert training.main(["export", "--init", str(SHIPPED), str(other), "--out", str(mean)]) == 0
    first, both = (load(folder)[0].embeddings.word_embeddings.weight for folder in (SHIPPED, mean))
    torch.testing.assert_close(both, first + 0.25, atol=1e-3, rtol=0)


def test_ranking_compares_pairs_of_one_source_only() -> None:
    similarity = torch.tensor([0.9, 0.1])
    label = torch.tensor([0.0, 1.0])
    assert cosent(similarity, label, torch.tensor([0, 0])) > 10
    assert cosent(similarity, label, torch.tensor([0, 1])) == 0


def test_another_wording_of_the_same_topic_is_no_wrong_answer() -> None:
    close = np.array([True, True, False])
    alike = right_answers(np.array([0, 1, 0]), np.array([3, 4, 5]), close, np.array([7, 7, -1]))
    assert alike[0, 1] and alike[1, 0]
    assert not alike[0, 2], "the negative of a sentence has to stay among its candidates"
    vectors = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]))
    spared = info_nce(vectors, vectors, torch.from_numpy(close), alike)
    counted = info_nce(vectors, vectors, torch.from_numpy(close), torch.zeros(3, 3) > 1)
    assert spared < counted


def test_an_interrupted_training_ends_like_one_in_a_single_go(tmp_path: Path) -> None:
    lines = ["s1\ts2\tlabel\tsource"]
    lines += [f"怎么办理第{n}项\t如何办第{n}项\t{n % 2}\toppo_dev" for n in range(60)]
    (tmp_path / "pairs.tsv").write_text("\n".join(lines), encoding="utf-8")
    pairs = ["--pairs", str(tmp_path / "pairs.tsv")]
    small = ["--hidden", "16", "--heads", "2", "--layers", "1", "--words", "20", "--pieces", "20"]
    assert training.main(["tokenizer", *pairs, *small, "--out", str(tmp_path / "new")]) == 0

    def train(name: str) -> torch.Tensor:
        command = ["train", *pairs, "--init", str(tmp_path / "new"), "--out", str(tmp_path / name)]
        command += ["--steps", "6", "--batch", "8", "--checkpoint-seconds", "0"]
        assert training.main(command) == 0
        return load(tmp_path / name)[0].embeddings.word_embeddings.weight.data

    whole = train("whole")
    with pytest.MonkeyPatch.context() as patch:
        _stop_after(3, patch)
        with pytest.raises(KeyboardInterrupt):
            train("halves")
    torch.testing.assert_close(train("halves"), whole, rtol=0, atol=0)


def test_pretraining_learns_what_is_under_the_mask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = tmp_path / "pairs.tsv"
    rows = [f"身份证怎么办理\t户口本怎么办理呢\t1\toppo_dev{n}" for n in range(5)]
    pairs.write_text("\n".join(["s1\ts2\tlabel\tsource", *rows]), encoding="utf-8")
    new, out = str(tmp_path / "new"), str(tmp_path / "pretrained")
    small = ["--hidden", "32", "--heads", "2", "--layers", "1", "--words", "20", "--pieces", "20"]
    assert training.main(["tokenizer", "--pairs", str(pairs), *small, "--out", new]) == 0

    def final_loss(steps: int, folder: str) -> float:
        command = ["pretrain", "--pairs", str(pairs), "--init", new, "--out", folder]
        speed = ["--batch", "16", "--learning-rate", "1e-2"]
        assert training.main([*command, *speed, "--steps", str(steps)]) == 0
        return float(capsys.readouterr().out.rsplit("loss ", 1)[1].split()[0])

    assert final_loss(60, out) < 0.7 * final_loss(1, out + "1")


def _stop_after(steps: int, patch: pytest.MonkeyPatch) -> None:
    from retrievers.training import loop

    kept = loop._save_checkpoint

    def keep_and_stop(*arguments: object) -> None:
        kept(*arguments)  # type: ignore[arg-type]
        if arguments[3] == steps:
            raise KeyboardInterrupt

    patch.setattr(loop, "_save_checkpoint", keep_and_stop)
