"""``python -m tts_engine say "您好" -o hello.wav``: hear a voice without the rest."""

import argparse
import sys
from pathlib import Path

import numpy as np

from .espeak import EspeakVoice
from .text import cut


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 not possible, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m tts_engine", description="Text becomes speech."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    say = commands.add_parser("say", help="speak a text into a WAV file")
    say.add_argument("text", help='what to say, Mandarin or English; "-" reads standard input')
    say.add_argument("-o", "--output", type=Path, required=True, help="the WAV file to write")
    say.add_argument("--gender", choices=("female", "male"), default="female")
    options = parser.parse_args(arguments)

    text = sys.stdin.read() if options.text == "-" else options.text
    try:
        seconds = _say(text, options.output, options.gender)
    except (ValueError, OSError) as error:
        print(f"tts_engine: {error}", file=sys.stderr)
        return 1
    print(f"{options.output}: {seconds:.1f} s")
    return 0


def _say(text: str, output: Path, gender: str) -> float:
    import soundfile  # type: ignore[import-untyped]

    voice = EspeakVoice(gender="male" if gender == "male" else "female")
    sentences = [sentence for sentence in cut(text) if any(map(str.isalnum, sentence))]
    if not sentences:
        raise ValueError("nothing to speak: the text is blank or holds only marks")
    speech = [piece.samples for sentence in sentences for piece in voice.speak(sentence)]
    samples = np.concatenate(speech)
    try:
        soundfile.write(output, samples, voice.sample_rate, subtype="PCM_16", format="WAV")
    except soundfile.LibsndfileError as error:
        raise OSError(f"cannot write {output}: {error}") from error
    return len(samples) / voice.sample_rate


if __name__ == "__main__":
    sys.exit(main())
