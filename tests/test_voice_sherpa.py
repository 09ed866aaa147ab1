"""sherpa-onnx: any model folder; run for real with a model too small to speak."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tts_engine.checks import check_voice
from tts_engine.external.sherpa import SherpaVoice, find_model


def folder_with(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        if name.endswith("/"):
            path.mkdir()
        else:
            path.touch()
    return folder


@pytest.mark.parametrize(
    ("names", "kind", "keys"),
    [
        (["vits-zh.onnx", "tokens.txt", "lexicon.txt", "dict/"], "vits",
         {"model", "tokens", "lexicon", "dict_dir"}),
        (["zh_CN-huayan.onnx", "tokens.txt", "espeak-ng-data/"], "vits",
         {"model", "tokens", "data_dir"}),
        (["model-steps-3.onnx", "hifigan_v2.onnx", "tokens.txt", "lexicon.txt"], "matcha",
         {"acoustic_model", "vocoder", "tokens", "lexicon"}),
        (["model.onnx", "model.int8.onnx", "voices.bin", "tokens.txt", "lexicon-zh.txt",
          "lexicon-us-en.txt", "lexicon-gb-en.txt", "espeak-ng-data/"], "kokoro",
         {"model", "voices", "tokens", "lexicon", "data_dir"}),
    ],
)  # fmt: skip
def test_the_kind_of_model_is_seen_from_its_files(
    tmp_path: Path, names: list[str], kind: str, keys: set[str]
) -> None:
    found, files = find_model(folder_with(tmp_path, *names))
    assert (found, set(files)) == (kind, keys)
    if kind == "kokoro":
        lexicons = [Path(name).name for name in files["lexicon"].split(",")]
        assert lexicons == ["lexicon-us-en.txt", "lexicon-zh.txt"]
        assert files["model"].endswith("model.onnx")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "no tokens.txt"),
        (["tokens.txt"], "found: none"),
        (["tokens.txt", "a.onnx", "b.onnx"], "a.onnx, b.onnx"),
        (["tokens.txt", "model-steps-3.onnx"], "no vocoder"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SherpaVoice(model=str(folder_with(tmp_path, *names)))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the VITS kind that hums 150 ms for each token."""
    pytest.importorskip("sherpa_onnx", reason="the extra sherpa is not installed")
    onnx = pytest.importorskip("onnx", reason="onnx writes the model")
    folder = tmp_path_factory.mktemp("hum")
    _write_hum(onnx, folder / "model.onnx")
    syllables = "请到政务大厅办理业您好问要什么携带身份证原件"
    tokens = ["_", "，", "。", "？", *dict.fromkeys(syllables)]
    numbered = (f"{token} {number}\n" for number, token in enumerate(tokens))
    (folder / "tokens.txt").write_text("".join(numbered), "utf-8")
    lexicon = (f"{syllable} {syllable}\n" for syllable in dict.fromkeys(syllables))
    (folder / "lexicon.txt").write_text("".join(lexicon), "utf-8")
    return folder


def test_a_real_model_keeps_the_contract(model: Path) -> None:
    voice = SherpaVoice(model=str(model), threads=1)
    assert voice.sample_rate == 16_000
    check_voice(voice, "您好，请问要办理什么业务？")
    pieces = list(voice.speak("请到政务大厅办理业务。"))
    assert sum(piece.seconds for piece in pieces) > 1


def test_a_speaker_it_does_not_have_is_refused(model: Path) -> None:
    with pytest.raises(ValueError, match="speaker is 7"):
        SherpaVoice(model=str(model), speaker=7)


def _write_hum(onnx: Any, path: Path) -> None:
    from onnx import TensorProto, helper, numpy_helper, save

    hop = 2_400
    t = np.arange(hop) / 16_000
    hum = (0.3 * np.sin(2 * np.pi * 200 * t)).astype(np.float32)
    constants: dict[str, NDArray[Any]]
    constants = {"hum": hum.reshape(1, 1, hop), "flat": np.array([1, 1, -1], np.int64),
                 "deep": np.array([2], np.int64), "zero": np.array(0, np.float32),
                 "one": np.array(1, np.float32)}  # fmt: skip
    nodes = [
        helper.make_node("Cast", ["x"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "zero"], ["zeros"]),
        helper.make_node("Add", ["zeros", "one"], ["ones"]),
        helper.make_node("Unsqueeze", ["ones", "deep"], ["column"]),
        helper.make_node("Mul", ["column", "hum"], ["hums"]),
        helper.make_node("Reshape", ["hums", "flat"], ["y"]),
    ]
    scalars = ["noise_scale", "length_scale", "noise_scale_w"]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.INT64, ["N", "T"]),
        helper.make_tensor_value_info("x_length", TensorProto.INT64, ["N"]),
        *(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in scalars),
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 1, "L"])
    stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "hum", inputs, [output], stored)
    written = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    facts = {"model_type": "vits", "comment": "hum", "language": "Chinese", "n_speakers": "1",
             "sample_rate": "16000", "add_blank": "0", "punctuation": "， 。 ？",
             "frontend": "lexicon"}  # fmt: skip
    for key, value in facts.items():
        entry = written.metadata_props.add()
        entry.key, entry.value = key, value
    save(written, path)
