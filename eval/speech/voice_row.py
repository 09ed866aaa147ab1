"""One voice measured, in a process and on a core of its own.

``python -m eval.speech.voice_row ORDER`` prints the row; both are JSON.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import soundfile  # type: ignore[import-untyped]

from agent.plugins import load_plugin
from tts_engine import Voice
from tts_engine.audio.loudness import integrated_loudness, true_peak
from tts_engine.neural.training.preparation import load_utterances, prepare_corpus
from tts_engine.voice_folder import VOICE_CARD, open_voice

from . import recogniser, tone_classifier
from .figures import RECORDED, SENTENCES, VoiceRow, VoiceTask
from .recordings import Samples, SpeechRecording, at_common_rate, read_recordings, trimmed
from .sentence_prosody_figures import sentence_prosody_figures
from .similarity import compare

T = TypeVar("T")


def chosen(things: list[T], most: int) -> list[T]:
    """Return at most so many, evenly spread; 0 for all."""
    if not most or len(things) <= most:
        return things
    return [things[i * len(things) // most] for i in range(most)]


def measure(order: VoiceTask) -> VoiceRow:
    """Let a voice speak, and compare."""
    words = (
        [each for each in read_recordings(Path(order.recordings)) if each.is_plain]
        if order.recordings
        else []
    )
    if order.recordings and not words:
        raise ValueError(f"{order.recordings} holds no text of Chinese characters alone")
    judge = tone_classifier.train(*tone_classifier.read(Path(order.tones))) if order.tones else None
    if order.voice == RECORDED:
        return _recorded(words, order.most, judge)
    voice = _open(order.voice, order.options)
    figures = _speed_and_level(voice, order)
    words = chosen(words, order.most)
    if words:
        recorded = [each.samples() for each in words]
        likeness = compare(recorded, [_said(voice, each.text) for each in words])
        figures |= asdict(likeness) | {"n_words": len(words)}
    if judge:
        every = [
            (character, tone)
            for tone, all_ in tone_classifier.SYLLABLES.items()
            for character in all_
        ]
        asked = chosen(every, order.most)
        contours = [
            tone_classifier.contour(_said(voice, f"{character}。")) for character, _ in asked
        ]
        figures["tone_accuracy"] = judge.accuracy(contours, [tone for _, tone in asked])
        figures["n_tones"] = len(asked)
    return VoiceRow(**_finite(figures))


def _open(name: str, options: dict[str, Any]) -> Voice:
    folder = Path(name)
    if (folder / VOICE_CARD).is_file():
        return open_voice(folder)
    voice: Voice = load_plugin("tts", name)(**options)
    return voice


def _speed_and_level(voice: Voice, order: VoiceTask) -> dict[str, Any]:
    _speak(voice, "您好。")  # whatever is loaded at the first word
    walls, cpus, firsts, first_cpus = [], [], [], []
    spoken: list[Samples] = []
    for _ in range(order.rounds):
        spoken = []
        wall = cpu = seconds = 0.0
        for sentence in SENTENCES:
            samples, times = _speak(voice, sentence)
            spoken.append(samples)
            firsts.append(times[0])
            first_cpus.append(times[1])
            wall, cpu = wall + times[2], cpu + times[3]
            seconds += len(samples) / voice.sample_rate
        walls.append(wall / seconds)
        cpus.append(cpu / seconds)
    together = np.concatenate(spoken)
    figures: dict[str, Any] = {
        "rtf": statistics.median(walls),
        "rtf_cpu": statistics.median(cpus),
        "first_sound_ms": 1000 * statistics.median(firsts),
        "first_sound_cpu_ms": 1000 * statistics.median(first_cpus),
        "lufs": integrated_loudness(together, voice.sample_rate),
        "true_peak_db": 20 * np.log10(max(1e-9, true_peak(together))),
    }
    texts = list(SENTENCES)
    if order.sentences:
        lines = Path(order.sentences).read_text(encoding="utf-8").splitlines()
        texts = [line.strip() for line in lines if line.strip()]
        spoken = [_speak(voice, text)[0] for text in texts]
        figures |= _prosody(texts, spoken, voice.sample_rate)
    if order.recogniser:
        recognise = recogniser.load(order.recogniser, order.model)
        heard = [recognise(at_common_rate(each, voice.sample_rate)) for each in spoken]
        errors = recogniser.recognition_errors(list(zip(texts, heard, strict=True)))
        figures["character_error_rate"] = errors.characters
        figures["syllable_error_rate"] = errors.syllables
    return figures


def _prosody(texts: list[str], spoken: list[Samples], sample_rate: int) -> dict[str, Any]:
    """Return the figures of a voice's sentences, aligned as those of people are."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = ["file\ttext"]
        for number, (text, samples) in enumerate(zip(texts, spoken, strict=True)):
            soundfile.write(folder / f"{number:03}.wav", samples, sample_rate)
            rows.append(f"{number:03}.wav\t{text}")
        (folder / "sentences.tsv").write_text("\n".join(rows), encoding="utf-8")
        prepare_corpus(folder, folder / "sentences.tsv", folder / "data", lambda line: None)
        return asdict(sentence_prosody_figures(load_utterances(folder / "data")))


def _speak(voice: Voice, text: str) -> tuple[Samples, tuple[float, float, float, float]]:
    """Return the sound, and seconds: to its first piece, CPU in that, to its end, CPU in that."""
    pieces: list[Samples] = []
    wall, cpu = time.perf_counter(), time.process_time()
    first = (0.0, 0.0)
    for piece in voice.speak(text):
        if not pieces:
            first = time.perf_counter() - wall, time.process_time() - cpu
        pieces.append(piece.samples)
    last = time.perf_counter() - wall, time.process_time() - cpu
    return np.concatenate(pieces), (*first, *last)


def _said(voice: Voice, text: str) -> Samples:
    """Return a word as the recordings are: one rate, no silence around it."""
    return trimmed(at_common_rate(_speak(voice, text)[0], voice.sample_rate))


def _recorded(
    words: list[SpeechRecording], most: int, judge: tone_classifier.ToneClassifier | None
) -> VoiceRow:
    """The recordings themselves: what a person reaches by these measures."""
    figures: dict[str, Any] = {}
    if judge:
        single = [(each, tone) for each in words if (tone := tone_classifier.only_tone(each.text))]
        single = chosen(single, most)
        if single:
            contours = [tone_classifier.contour(each.samples()) for each, _ in single]
            figures["tone_accuracy"] = judge.accuracy(contours, [tone for _, tone in single])
            figures["n_tones"] = len(single)
    return VoiceRow(**figures)


def _finite(figures: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no NaN."""
    return {name: value if np.isfinite(value) else None for name, value in figures.items()}


def main(argument: str) -> None:
    """Measure what is ordered, and print it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
    print(json.dumps(asdict(measure(VoiceTask(**json.loads(argument))))))


if __name__ == "__main__":
    main(sys.argv[1])
