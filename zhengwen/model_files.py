"""Model files that ship, and whether each is what was shipped: ``assets/SHA256SUMS``.

A flipped byte in weights raises no error anywhere; answers and faces would only be worse.
``python -m zhengwen.model_files`` writes the list anew, after a model was trained anew;
``sha256sum -c SHA256SUMS`` in that folder compares everything.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from .assets import assets_folder

SUMS_FILE: Final = "SHA256SUMS"
MODELS: Final = {
    "encoder": (
        *("encoder/*.json", "encoder/*.onnx", "encoder/*.safetensors", "encoder/1_Pooling/*"),
    ),
    "emergency classifier": ("dialogue/*.npz",),
    "voice": ("voice/*.safetensors",),
    "lip-sync generator": ("wav2lip384/generator.*",),
    "lip-sync expert": ("wav2lip384/expert.*",),
}
"""Files of each model, as patterns below ``assets/``."""
_WITHOUT: Final = {
    "encoder": "Nothing can be looked up without it; another encoder is named with "
    "'store: {options: {encoder: FOLDER}}', followed by 'zhengwen ingest rebuild'.",
    "emergency classifier": "It is refused to answer without it: emergencies would be missed.",
    "voice": "Until then 'tts: {name: espeak}' speaks; answers in writing need no voice.",
    "lip-sync generator": "Until then 'avatar: {name: viseme}' draws the presenter.",
    "lip-sync expert": "Only training and evaluation need it.",
}
"""What still works without a model."""


class DamagedModelError(ValueError):
    """A model file is missing or damaged; the text says which, what still works, what to run."""


def check_model(model: str, root: Path | None = None) -> None:
    """Compare the files of a model with what was shipped, each once for a process.

    Args:
        model: A key of :data:`MODELS`.
        root: The folder with the list; by default where the shipped files lie.

    Raises:
        DamagedModelError: One is missing, cannot be read, or is another file.
    """
    root = root or assets_folder()
    for name, expected in _listed(root).items():
        if not any(Path(name).match(pattern) for pattern in MODELS[model]):
            continue
        path = root / name
        try:
            status = path.stat()
            found = _sha256(path, status.st_size, status.st_mtime_ns)
            problem = "" if found == expected else "is damaged: it is not the file that ships"
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
        if problem:
            raise DamagedModelError(
                f"the {model} file {path} {problem}. {_WITHOUT[model]} To get it again, run "
                f"'git checkout -- {path}' in a checkout, or 'pip install --force-reinstall "
                "--no-deps zhengwen'; if you put another one there on purpose, "
                "'python -m zhengwen.model_files'"
            )


def write_sums(root: Path) -> int:
    """Write the list of the model files below a folder; returns how many there are."""
    patterns = [pattern for patterns in MODELS.values() for pattern in patterns]
    files = sorted({path for pattern in patterns for path in root.glob(pattern) if path.is_file()})
    lines = [f"{_digest(path)}  {path.relative_to(root).as_posix()}\n" for path in files]
    (root / SUMS_FILE).write_text("".join(lines), "utf-8")
    return len(files)


def _listed(root: Path) -> dict[str, str]:
    """The files of the list with their SHA-256, hexadecimal; empty where there is no list."""
    try:
        lines = (root / SUMS_FILE).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


@lru_cache(64)
def _sha256(path: Path, size: int, changed_ns: int) -> str:
    """Of a file as it is while its size and time are the same."""
    return _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    print(f"{write_sums(assets_folder())} files listed in {assets_folder() / SUMS_FILE}")
