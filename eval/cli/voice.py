"""``voice``: voices beside each other, by figures."""

import argparse
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from agent.settings import PluginSettings, read_settings
from zhengwen.command_line import positive_int

from ..machine import machine_name, measure_in_fresh_process
from ..speech import text_front_end
from ..speech.figures import RECORDED, SENTENCES, TEST_SENTENCES, VoiceRow, VoiceTask
from . import Commands

EMBEDDED = "espeak"
VOICE_ROW = "eval.speech.voice_row"


@dataclass(frozen=True, slots=True)
class ToneJudgeQuality:
    """What the judge of tones is worth."""

    held_out_accuracy: float
    n_held_out: int
    n_trained: int


@dataclass(frozen=True, slots=True)
class VoiceReport:
    """Everything one run measured."""

    machine: str
    recordings: str
    front_end: text_front_end.FrontEndScore | None
    """On sentences it was never mended on; None where their table is not installed."""
    tones: ToneJudgeQuality | None
    rounds: int
    n_sentences: int
    rows: dict[str, VoiceRow]
    """By voice, in the order of the table."""


_FIGURES: dict[str, tuple[str, str]] = {
    "rtf": ("real-time factor, wall", ".3f"),
    "rtf_cpu": ("real-time factor, CPU", ".3f"),
    "first_sound_ms": ("first sound, ms, wall", ".0f"),
    "first_sound_cpu_ms": ("first sound, ms, CPU", ".0f"),
    "mcd_db": ("mel-cepstral distortion, dB", ".2f"),
    "f0_rmse_semitones": ("F0 error, semitones", ".2f"),
    "voicing_error": ("voicing error", ".1%"),
    "words_found": ("words nearest to their own recording", ".1%"),
    "tone_accuracy": ("tones right", ".1%"),
    "character_error_rate": ("character error rate", ".1%"),
    "syllable_error_rate": ("wrong syllables", ".1%"),
    "later_onset_semitones": ("onset of later clauses, semitones", "+.1f"),
    "first_tone_semitones": ("first tones inside clauses, semitones", "+.1f"),
    "clause_pause_seconds": ("pause at a comma, s", ".2f"),
    "pauses_inside": ("pauses inside clauses, each 100 syllables", ".1f"),
    "duration_spread": ("spread of syllables' durations", ".2f"),
    "syllables_per_second": ("syllables a second", ".1f"),
    "lufs": ("loudness, LUFS", ".1f"),
    "true_peak_db": ("true peak, dBFS", ".1f"),
}
"""What each figure of a row is called, and how it is written."""


def add_commands(commands: Commands) -> None:
    """Add ``voice``."""
    parser = commands.add_parser("voice", help="voices beside each other, by figures")
    parser.description = "Voices beside each other, by figures."
    parser.add_argument(
        "voices", nargs="*", metavar="VOICE",
        help="names or folders; without any, the configured voice and espeak",
    )  # fmt: skip
    parser.add_argument(
        "--recordings", type=Path, metavar="DIR",
        help="words that no voice was trained on: sounds, and transcripts.tsv (file, text)",
    )  # fmt: skip
    parser.add_argument(
        "--tones", type=Path, metavar="DIR",
        help="syllables of another speaker, with their pinyin as text: trains the judge of tones; "
        "or a file of --keep-tones",
    )  # fmt: skip
    parser.add_argument(
        "--keep-tones", type=Path, metavar="FILE", help="keep what was heard in --tones DIR"
    )
    parser.add_argument(
        "--ceiling", type=Path, metavar="DIR",
        help="single characters of a speaker who is not that of --tones: what the judge can reach; "
        "without it, those among --recordings",
    )  # fmt: skip
    parser.add_argument(
        "--recogniser", default="", metavar="whisper|URL|MODULE:FUNCTION",
        help="a speech recogniser: Whisper base from its packages, an OpenAI-compatible service "
        "up to /v1, or a Python function",
    )  # fmt: skip
    parser.add_argument(
        "--sentences", type=Path, nargs="?", const=TEST_SENTENCES, metavar="FILE",
        help="sentences for recognition errors and for the prosody of sentences, a line each; "
        "without FILE, 60 that ship and that no voice was trained on",
    )  # fmt: skip
    parser.add_argument("--recogniser-model", default="whisper-1", metavar="NAME")
    parser.add_argument(
        "-n", type=positive_int, default=100, help="words compared, syllables judged (100)"
    )
    parser.add_argument("--rounds", type=positive_int, default=3, help="speed is the median of (3)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the figures as JSON, too")
    parser.set_defaults(command=_voice)


def _voice(options: argparse.Namespace) -> int:
    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory() as name:
        kept = Path(name) / "tones.npz"
        judge = _train(options, kept, progress) if options.tones else None
        rows: dict[str, VoiceRow] = {}
        for title, voice, arguments in _voices(options):
            progress.print(f"measuring {title}")
            folder = options.ceiling if voice == RECORDED else None
            folder = folder or options.recordings
            task = VoiceTask(
                voice, arguments, options.rounds,
                recordings=str(folder.resolve()) if folder else "",
                most=options.n, tones=str(kept) if judge else "",
                recogniser=options.recogniser, model=options.recogniser_model,
                sentences=str(options.sentences.resolve()) if options.sentences else "",
            )  # fmt: skip
            found = measure_in_fresh_process(
                VOICE_ROW, json.dumps(asdict(task)), what=f"the voice {voice}"
            )
            rows[title] = VoiceRow(**found)
    is_there = text_front_end.HELD_OUT.is_file()
    read_right = (
        text_front_end.score(text_front_end.read_cases(text_front_end.HELD_OUT))
        if is_there
        else None
    )
    report = VoiceReport(
        machine_name(), str(options.recordings or ""), read_right, judge, options.rounds,
        len(SENTENCES), rows,
    )  # fmt: skip
    output = Console()
    output.print(_table(report))
    for remark in _remarks(report, bool(options.recogniser)):
        output.print(remark, style="dim")
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(report), indent=1, ensure_ascii=False)
        options.out.write_text(text + "\n", "utf-8")
    return 0


def _table(report: VoiceReport) -> Table:
    shown = Table(
        title=f"{report.n_sentences} sentences, medians of {report.rounds} rounds, one core",
        caption=report.machine,
    )
    shown.add_column("")
    for title in report.rows:
        shown.add_column(title, justify="right")
    for figure, (name, form) in _FIGURES.items():
        values = (getattr(row, figure) for row in report.rows.values())
        shown.add_row(name, *("–" if value is None else format(value, form) for value in values))
    return shown


def _remarks(report: VoiceReport, has_recogniser: bool) -> list[str]:
    found = []
    if report.front_end:
        right = report.front_end
        found.append(f"Front end, held out: {right.n_right} of {right.n_cases} sentences right.")
    n_words = max((row.n_words for row in report.rows.values()), default=0)
    if n_words:
        found.append(
            f"MCD, F0, voicing error and words found: {n_words} words of {report.recordings}, DTW."
        )
    else:
        found.append("No MCD and F0 error: --recordings names a folder of real speech.")
    if report.tones:
        n_tones = ", ".join(f"{name} {row.n_tones}" for name, row in report.rows.items())
        found.append(
            f"The judge of tones hears {report.tones.held_out_accuracy:.1%} of "
            f"{report.tones.n_held_out} held-out recordings right (trained on "
            f"{report.tones.n_trained}). Syllables it judged: {n_tones}."
        )
    else:
        found.append("No tones: --tones names recordings of syllables to train their judge.")
    if not has_recogniser:
        found.append("No character error rate: no --recogniser is configured.")
    return found


def _voices(options: argparse.Namespace) -> list[tuple[str, str, dict[str, Any]]]:
    """Title, name and arguments of each row."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    if (options.ceiling or options.recordings) and options.tones:
        found.append((RECORDED, RECORDED, {}))
    if options.voices:
        return found + [
            (name, str(Path(name).resolve()) if Path(name).is_dir() else name, {})
            for name in dict.fromkeys(options.voices)
        ]
    configured = read_settings().tts or PluginSettings(name="neural")
    found.append((configured.name, configured.name, dict(configured.options)))
    if configured.name != EMBEDDED:
        found.append((EMBEDDED, EMBEDDED, {}))
    return found


def _train(options: argparse.Namespace, kept: Path, progress: Console) -> ToneJudgeQuality:
    from ..speech import tone_classifier  # loads librosa and scikit-learn
    from ..speech.recordings import read_recordings

    if options.tones.is_dir():
        progress.print("listening to the syllables")
        heard = tone_classifier.extract_contours(read_recordings(options.tones))
    else:
        heard = tone_classifier.read(options.tones)
    judge = tone_classifier.train(*heard)
    progress.print(
        f"tones: {judge.held_out_accuracy:.1%} of {judge.n_held_out} held-out recordings right"
    )
    tone_classifier.save(kept, *heard)
    if options.keep_tones:
        tone_classifier.save(options.keep_tones, *heard)
    return ToneJudgeQuality(judge.held_out_accuracy, judge.n_held_out, judge.n_trained)
