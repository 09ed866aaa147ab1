"""``python -m tts_engine say "您好" -o hello.wav``: voices without the rest."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from .espeak.voice import EspeakVoice
from .text import normalize_text, split_for_speech, spoken_language
from .voice import Voice
from .voice_folder import VOICE_CARD, VoiceFolderError, find_voice, installed_engines, read_card


def main(arguments: list[str] | None = None, *, program: str = "python -m tts_engine") -> int:
    """Run the command line and return its exit code: 0 done, 1 not possible, 2 wrong usage."""
    options = _parser(program).parse_args(arguments)
    try:
        if options.command == "say":
            voice: Voice = (
                find_voice(options.voice) if options.voice else EspeakVoice(gender=options.gender)
            )
            seconds = _say(_text(options), options.output, voice)
            print(f"{options.output}: {seconds:.1f} s")
        elif options.command == "normalize":
            text = _text(options)
            print(normalize_text(text, options.language or spoken_language(text)))
        else:
            _voices(options.folder, as_json=options.json)
    except (ValueError, OSError, ImportError) as error:
        print(f"tts_engine: {error}", file=sys.stderr)
        return 1
    return 0


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description="Text becomes speech.")
    commands = parser.add_subparsers(dest="command", required=True)
    words = argparse.ArgumentParser(add_help=False)
    words.add_argument("text", help='Mandarin or English; "-" reads standard input')

    say = commands.add_parser("say", help="speak a text into a WAV file", parents=[words])
    say.add_argument("-o", "--output", type=Path, required=True, help="the WAV file to write")
    say.add_argument("--gender", choices=("female", "male"), default="female")
    say.add_argument("--voice", help=f"an engine, or a voice's folder, with its {VOICE_CARD}")

    normalize = commands.add_parser(
        "normalize", help="show how numbers, dates and the like are read", parents=[words]
    )
    normalize.add_argument("--language", choices=("zh-CN", "en"), help="by default the text's own")

    voices = commands.add_parser("voices", help="list the engines and the voices in a folder")
    voices.add_argument(
        "--folder", type=Path, default=Path("voices"), help="where voices' folders lie: voices/"
    )
    voices.add_argument("--json", action="store_true", help="for a program to read")
    return parser


def _text(options: argparse.Namespace) -> str:
    text: str = sys.stdin.read() if options.text == "-" else options.text
    return text


def _say(text: str, output: Path, voice: Voice) -> float:
    import soundfile  # type: ignore[import-untyped]

    sentences = [sentence for sentence in split_for_speech(text) if any(map(str.isalnum, sentence))]
    if not sentences:
        raise ValueError("nothing to speak: the text is blank or holds only marks")
    speech = [piece.samples for sentence in sentences for piece in voice.speak(sentence)]
    samples = np.concatenate(speech)
    try:
        soundfile.write(output, samples, voice.sample_rate, subtype="PCM_16", format="WAV")
    except soundfile.LibsndfileError as error:
        raise OSError(f"cannot write {output}: {error}") from error
    return len(samples) / voice.sample_rate


def _voices(folder: Path, *, as_json: bool) -> None:
    cards: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob(f"*/{VOICE_CARD}")):
        try:
            card = read_card(path.parent)
        except VoiceFolderError as error:
            cards[str(path.parent)] = {"error": str(error)}
            continue
        chosen = {"name", "engine", "language", "licence", "consent"}
        cards[str(path.parent)] = card.model_dump(include=chosen)
    if as_json:
        print(json.dumps({"engines": installed_engines(), "voices": cards}, ensure_ascii=False))
        return
    for name, origin in sorted(installed_engines().items()):
        print(f"{name:16} {origin}")
    for place, facts in cards.items():
        print(f"\n{place}")
        for key, value in facts.items():
            print(f"  {key:10} {value}")


if __name__ == "__main__":
    sys.exit(main())
