"""A model file that is missing, cut or flipped is named, with what works without it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from zhengwen.assets import assets_folder
from zhengwen.model_files import MODELS, SUMS_FILE, check_model, write_sums

ROOT = Path(__file__).parent.parent


def link_or_copy(source: str, target: str) -> None:
    """A link takes no room; between two disks there can be none."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def test_the_list_is_that_of_the_files_that_ship(tmp_path: Path) -> None:
    """Whoever trains a model anew runs ``python -m zhengwen.model_files`` as well."""
    for model in MODELS:
        check_model(model)
    copy = tmp_path / "assets"
    shutil.copytree(assets_folder(), copy, copy_function=link_or_copy)
    listed = (copy / SUMS_FILE).read_text("utf-8")
    (copy / SUMS_FILE).unlink()
    assert write_sums(copy) == len(listed.splitlines())
    assert (copy / SUMS_FILE).read_text("utf-8") == listed


COMMANDS = """
import shutil, sys
from pathlib import Path
from agent.__main__ import main

ask, say = ["ask", "身份证丢了怎么补办？"], ["say", "您好。", "-o", "film.mp4"]
for name, command in (
    ("encoder/model.onnx", ask),
    ("encoder/model.safetensors", ask),
    ("encoder/tokenizer.json", ask),
    ("dialogue/emergency_classifier.npz", ask),
    ("wav2lip384/generator.safetensors", say),
    ("wav2lip384/generator.int8.json", say),
    ("voice/voice.safetensors", say),
):
    path = Path("assets", name)
    kept = path.read_bytes()
    middle = len(kept) // 2
    flipped = kept[:middle] + bytes([kept[middle] ^ 1]) + kept[middle + 1 :]
    for how in (flipped, kept[:middle], b"", None):
        path.unlink()
        if how is not None:
            path.write_bytes(how)
        print("##", name, file=sys.stderr, flush=True)
        print("rc", main(command), file=sys.stderr, flush=True)
        path.unlink(missing_ok=True)
        path.write_bytes(kept)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose models may be damaged."""
    for path in ROOT.iterdir():
        if path.is_dir() and (path / "__init__.py").is_file() and path.name != "assets":
            if path.name == "zhengwen":  # it looks for the models beside itself
                shutil.copytree(path, tmp_path / path.name)
            else:
                (tmp_path / path.name).symlink_to(path)
    shutil.copytree(assets_folder(), tmp_path / "assets", copy_function=link_or_copy)
    return tmp_path


def test_no_damage_ends_in_a_traceback(checkout: Path) -> None:
    (checkout / "faq").mkdir()
    entry = '{"id": "1", "question": "身份证丢了怎么补办？", "answer": "到派出所补办。"}'
    (checkout / "faq" / "faq.jsonl").write_text(entry, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS],
        cwd=checkout,
        env=os.environ
        | {
            "ZHENGWEN_AVATAR__NAME": "wav2lip384",
            "ZHENGWEN_TTS__NAME": "neural",
            "ZHENGWEN_FAQ": "faq",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    tries = done.stderr.split("## ")[1:]
    assert len(tries) == 28
    for told in tries:
        name = told.partition("\n")[0]
        assert told.rstrip().endswith("rc 1"), told
        said = next(line for line in told.splitlines() if line.startswith("agent: "))
        assert f"{name} is damaged" in said or f"{name} cannot be read: No such file" in said
        assert "git checkout -- " in said and "pip install --force-reinstall" in said
        assert "without it" in said or "Until then" in said
