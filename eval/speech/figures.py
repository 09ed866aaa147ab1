"""What is asked of one voice, and what is found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

SENTENCES = (
    "您好，请问您要办理什么业务？",
    "身份证丢失后，您可以到就近的派出所申请补领。",
    "请带上户口簿，工本费每张40元，20个工作日内可以领取。",
    "如果急需使用，可以同时申请一张临时身份证。",
    "社保卡的服务热线是12333，工作日9:00至17:00有人接听。",
    "您也可以下载APP，在网上提交3份A4复印件。",
    "根据国发〔2023〕12号文件，一次性补助2.5万元。",
    "办理结果会以短信通知您，请您耐心等待。",
)
TEST_SENTENCES = Path(__file__).parent / "sentences.txt"
"""60 sentences, a line each, that no voice was trained on: answers, laws, questions, greetings."""
RECORDED = "recordings"
"""The row of the recordings themselves."""


@dataclass(frozen=True, slots=True)
class VoiceTask:
    """What to measure."""

    voice: str
    """A voice's name or folder; :data:`RECORDED` for the recordings."""
    options: dict[str, Any]
    """Keyword arguments of a voice that is named."""
    rounds: int
    recordings: str = ""
    """A folder; empty: no comparison."""
    most: int = 0
    """How many of its recordings, and of the syllables for tones, evenly chosen; 0 for all."""
    tones: str = ""
    """A file of :func:`.tones.save`; empty: tones are not judged."""
    recogniser: str = ""
    model: str = ""
    sentences: str = ""
    """A file of sentences, a line each, for errors and prosody; empty: the eight for speed serve
    for errors, and prosody is not measured."""


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """What was measured; None is what was not."""

    rtf: float | None = None
    """Seconds of waiting for a second of speech, sentence by sentence, on one core."""
    rtf_cpu: float | None = None
    """CPU seconds of this process for a second of speech: what a busy machine does not blur."""
    first_sound_ms: float | None = None
    """From the request to the first piece of a sentence, median."""
    first_sound_cpu_ms: float | None = None
    """CPU time of this process in it, median."""
    mcd_db: float | None = None
    f0_rmse_semitones: float | None = None
    voicing_error: float | None = None
    words_found: float | None = None
    n_words: int = 0
    """Compared with recordings."""
    tone_accuracy: float | None = None
    n_tones: int = 0
    """Syllables judged."""
    character_error_rate: float | None = None
    syllable_error_rate: float | None = None
    later_onset_semitones: float | None = None
    first_tone_semitones: float | None = None
    clause_pause_seconds: float | None = None
    pauses_inside: float | None = None
    duration_spread: float | None = None
    syllables_per_second: float | None = None
    n_sentences: int = 0
    """Whose prosody was measured; see :mod:`.sentence_prosody_figures`."""
    lufs: float | None = None
    """Integrated over all sentences."""
    true_peak_db: float | None = None
    """dBFS, of all sentences."""
