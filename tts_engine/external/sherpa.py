"""A voice that sherpa-onnx runs on this machine, from any folder with a model of its kind.

Needs the extra ``sherpa``: ``pip install 'zhengwen[sherpa]'``.
"""

import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from ..audio.loudness import LoudnessHistory
from ..voice import Speech, VoiceCapabilities
from .clause_synthesis import SAMPLE_RATES, speak_clauses

_VOCODERS = ("*vocos*.onnx", "*hifigan*.onnx")


class SherpaVoice:
    """Speaks with a VITS (Piper too), Matcha or Kokoro model.

    Args:
        model: The folder, as it is unpacked from the archive; for Matcha, with the
            vocoder's ``.onnx`` file put beside the model.
        speaker: The number of the speaker, in a model with several.
        speed: 0.5 to 2.
        threads: For the computation.

    Raises:
        ValueError: The folder holds no such model, or an option is out of range.
        ImportError: sherpa-onnx is not installed.
    """

    capabilities = VoiceCapabilities(takes_speed=True, folder_paths=frozenset({"model"}))

    def __init__(
        self, *, model: str, speaker: int = 0, speed: float = 1.0, threads: int = 2
    ) -> None:
        if not 0.5 <= speed <= 2:
            raise ValueError(f"speed is {speed}; it can be 0.5 to 2")
        kind, files = find_model(Path(model))
        try:
            import sherpa_onnx
        except ImportError as error:
            raise ImportError(
                "sherpa-onnx is not installed; pip install 'zhengwen[sherpa]'"
            ) from error
        config = sherpa_onnx.OfflineTtsConfig(
            model=sherpa_onnx.OfflineTtsModelConfig(num_threads=threads)
        )
        for name, value in files.items():
            setattr(getattr(config.model, kind), name, value)
        if not config.validate():
            raise ValueError(
                f"sherpa-onnx refuses the {kind} model in {model}; its reason is above"
            )
        self._tts: Any = sherpa_onnx.OfflineTts(config)
        if not 0 <= speaker < max(1, self._tts.num_speakers):
            raise ValueError(
                f"speaker is {speaker}; the model in {model} has {self._tts.num_speakers}"
            )
        rate = self._tts.sample_rate
        self.sample_rate: int = rate if rate in SAMPLE_RATES else 24_000
        self._speaker, self._speed = speaker, speed
        self._lock = threading.Lock()
        self._loudness = LoudnessHistory()

    def speak(self, text: str) -> Generator[Speech, None, None]:
        """Speak one sentence, clause by clause.

        Raises:
            ValueError: ``text`` is blank, or nothing in it can be spoken.
            ConnectionError: The model gave something that cannot be these words.
        """
        yield from speak_clauses(
            text, self._synthesise, self.sample_rate, self._loudness, self._speed
        )

    def _synthesise(self, spoken: str, language: str) -> Generator[Speech, None, None]:
        with self._lock:  # nothing promises that one model may be used by two threads
            audio = self._tts.generate(spoken, sid=self._speaker, speed=self._speed)
        samples = np.clip(np.asarray(audio.samples, np.float32), -1, 1)
        if len(samples):
            yield Speech(samples, audio.sample_rate)


def find_model(folder: Path) -> tuple[str, dict[str, str]]:
    """Return the kind of model in a folder, and its files by the names of sherpa-onnx.

    Raises:
        ValueError: A file is missing, or there is more than one model.
    """
    tokens = folder / "tokens.txt"
    if not tokens.is_file():
        raise ValueError(f"{folder} holds no sherpa-onnx model: there is no tokens.txt in it")
    files = {"tokens": str(tokens)}
    for name, part in (("data_dir", "espeak-ng-data"), ("dict_dir", "dict")):
        if (folder / part).is_dir():
            files[name] = str(folder / part)
    lexicons = sorted(folder.glob("lexicon*.txt"))
    if len(lexicons) > 1:  # Kokoro's British and American words exclude each other
        lexicons = [path for path in lexicons if path.name != "lexicon-gb-en.txt"]
    if lexicons:
        files["lexicon"] = ",".join(map(str, lexicons))
    vocoders = {path for pattern in _VOCODERS for path in folder.glob(pattern)}
    networks = sorted(set(folder.glob("*.onnx")) - vocoders)
    precise = [path for path in networks if ".int8." not in path.name] or networks
    if len(precise) != 1:
        found = ", ".join(path.name for path in precise) or "none"
        raise ValueError(
            f"{folder} must hold one model in the form of an .onnx file; found: {found}"
        )
    network = str(precise[0])
    if (folder / "voices.bin").is_file():
        return "kokoro", files | {"model": network, "voices": str(folder / "voices.bin")}
    if vocoders:
        return "matcha", files | {"acoustic_model": network, "vocoder": str(min(vocoders))}
    if "model-steps" in network:
        raise ValueError(
            f"the Matcha model in {folder} has no vocoder; put hifigan_v2.onnx or "
            "vocos-22khz-univ.onnx beside it"
        )
    return "vits", files | {"model": network}
