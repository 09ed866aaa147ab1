"""Speech services on the loopback, with the wire formats and the faults of the real ones.

They speak with eSpeak NG, as loud as the real ones: GPT-SoVITS scales every clause to a
peak of exactly full scale, and its 16-bit numbers wrap around there.
"""

import json
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from tts_engine.espeak.voice import EspeakVoice

PATIENT = {"first_sound_s": 20, "stall_s": 20}
"""For voices on a busy machine: no test measures a time."""

LANGUAGES = {"auto", "auto_yue", "en", "zh", "ja", "yue", "ko", "all_zh", "all_ja", "all_yue"}
SPLITS = {"cut0", "cut1", "cut2", "cut3", "cut4", "cut5"}
REFERENCE_SECONDS = 4.0


@cache
def spoken(text: str, sample_rate: int) -> NDArray[np.float32]:
    """The clause in eSpeak's voice, peak 1, without the quiet around it."""
    voice = _speaker()
    samples = np.concatenate([piece.samples for piece in voice.speak(text.lstrip("…"))])
    loud = np.flatnonzero(np.abs(samples) > 0.003)
    samples = samples[loud[0] : loud[-1]]
    resampled: NDArray[np.float32] = soxr.resample(samples, voice.sample_rate, sample_rate)
    resampled /= resampled[np.abs(resampled).argmax()]  # the highest peak is upwards
    return resampled


@cache
def _speaker() -> EspeakVoice:
    voice = EspeakVoice()
    list(voice.speak("您好，请坐。"))
    return voice


def in_16_bits(samples: NDArray[np.float32]) -> bytes:
    """As GPT-SoVITS does it: the peak does not fit and becomes its opposite."""
    return (samples.astype(np.float64) * 32768).astype(np.int64).astype(np.int16).tobytes()


def wav_header(sample_rate: int, n_bytes: int = 0) -> bytes:
    """What Python's ``wave`` writes; for a stream with a length of zero."""
    kind = struct.pack("<HHIIHH", 1, 1, sample_rate, sample_rate * 2, 2, 16)
    return (
        b"RIFF" + struct.pack("<I", 36 + n_bytes) + b"WAVEfmt " + struct.pack("<I", 16) + kind
        + b"data" + struct.pack("<I", n_bytes)
    )  # fmt: skip


@dataclass
class SpeechService:
    """What a test may choose and look at."""

    sample_rate: int = 32_000
    chunk_bytes: int = 20_001  # odd: samples are cut in two
    highest_mode: int = 3  # older services know fewer
    faults: dict[int, str] = field(default_factory=dict)
    """By the number of the request."""
    echoes_short_texts: bool = True
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    n_at_once: int = 0
    most_at_once: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    """What a stalled answer waits for; and a gated one, after its first chunk."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with self.lock:
            self.n_at_once += 1
            self.most_at_once = max(self.most_at_once, self.n_at_once)
        try:
            yield
        finally:
            with self.lock:
                self.n_at_once -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: SpeechService
    ending = b""
    """Sent when the work is over and not before: whoever reads it may ask again at once."""

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        service = self.service
        body = self.rfile.read(int(self.headers["content-length"]))
        with service.lock:
            number = len(service.requests)
            service.requests.append(json.loads(body))
            service.headers.append(dict(self.headers))
        with service.at_work():
            self.answer(service.requests[number], service.faults.get(number, ""))
        with suppress(OSError):  # the client has hung up
            self.wfile.write(self.ending)

    def answer(self, request: dict[str, Any], fault: str) -> None:
        raise NotImplementedError

    def refuse(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        self.whole(status, "application/json", data)

    def whole(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def chunked(self, kind: str, data: bytes, fault: str = "", *, first: bytes = b"") -> None:
        """Stream ``first`` as a chunk and then the rest; some faults happen on the way."""
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        size = self.service.chunk_bytes
        chunks = [data[at : at + size] for at in range(0, len(data), size)]
        if fault == "truncated":
            del chunks[max(1, len(chunks) // 2) :]
        try:
            for i, chunk in enumerate([first, *chunks] if first else chunks):
                if (fault == "stalled" and i == 2) or (fault == "gated" and i == 2):
                    self.service.gate.wait(10)
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                self.wfile.flush()
                if fault == "slow":
                    time.sleep(0.02)
            if fault != "truncated":
                self.ending = b"0\r\n\r\n"
        except OSError:
            pass  # the client has hung up
        self.close_connection = True


class _GptSovits(_Handler):
    """``api_v2.py`` at its ``/tts``."""

    def answer(self, request: dict[str, Any], fault: str) -> None:
        if self.path != "/tts":
            self.refuse(404, {"detail": "Not Found"})
        elif not self._refused(request):
            self._speak(request, fault)

    def _refused(self, request: dict[str, Any]) -> bool:
        mode = request.get("streaming_mode", 0)
        if mode > self.service.highest_mode:  # pydantic's answer where the field is a bool
            where = {"loc": ["body", "streaming_mode"], "type": "bool_parsing", "input": mode}
            self.refuse(422, {"detail": [where]})
            return True
        for key in ("ref_audio_path", "text", "text_lang", "prompt_lang"):
            if not request.get(key):
                self.refuse(400, {"message": f"{key} is required"})
                return True
        for key in ("text_lang", "prompt_lang"):
            if request[key].lower() not in LANGUAGES:
                text = f"{key}: {request[key]} is not supported in version v2"
                self.refuse(400, {"message": text})
                return True
        if request.get("text_split_method", "cut5") not in SPLITS:
            self.refuse(400, {"message": "text_split_method is not supported"})
            return True
        return False

    def _speak(self, request: dict[str, Any], fault: str) -> None:
        service, rate = self.service, self.service.sample_rate
        if fault == "hung":
            service.gate.wait(10)
        if fault in ("hung", "gone"):
            self.close_connection = True
            return
        if fault == "refused":
            raised = f"bad text: {request['text']}"
            self.refuse(400, {"message": "tts failed", "Exception": raised})
            return
        if fault == "web page":
            self.whole(200, "text/html", b"<html>Welcome to the gateway</html>")
            return
        n_letters = sum(map(str.isalnum, request["text"]))
        echo = service.echoes_short_texts and n_letters < 4 and not request["text"].startswith("…")
        if echo or fault == "echo":
            samples = spoken("请您带好本人身份证原件到窗口来办理", rate)
            samples = np.resize(samples, round(REFERENCE_SECONDS * rate))
        else:
            samples = spoken(request["text"], rate)
        if fault == "endless":
            samples = np.tile(samples, 20)
        if fault == "short":
            samples = samples[: len(samples) // 8]
        gap = np.zeros(round(request.get("fragment_interval", 0.3) * rate), np.float32)
        data = in_16_bits(np.concatenate([samples, gap]))
        if fault == "report":  # inference failed before the first sound
            rate, data = 16_000, bytes(32_000)
        if fault == "late report":
            data = data[: len(data) // 4 * 2] + bytes(32_000)
        if request["streaming_mode"]:
            self.chunked("audio/wav", data, fault, first=wav_header(rate))
        else:
            self.whole(200, "audio/wav", wav_header(rate, len(data)) + data)


class _OpenAI(_Handler):
    """``/v1/audio/speech``."""

    def answer(self, request: dict[str, Any], fault: str) -> None:
        if fault == "refused":
            message = f"invalid input: {request['input']}"
            self.refuse(400, {"error": {"message": message, "type": "invalid_request_error"}})
            return
        if fault == "mp3":
            self.whole(200, "audio/mpeg", b"ID3\x04" + bytes(5000))
            return
        samples = 0.4 * spoken(request["input"], 24_000)
        quiet = np.zeros(12_000, np.float32)
        data = in_16_bits(np.concatenate([quiet, samples, quiet]))
        if fault == "silent":
            data = bytes(len(data))
        if request["response_format"] == "pcm":
            self.chunked("audio/pcm", data, fault)
        else:
            header = wav_header(24_000, 0)[:-4] + b"\xff\xff\xff\xff"
            self.chunked("audio/wav", header + data, fault)


class _Custom(_Handler):
    """The service of docs/how-to-add-a-voice.md."""

    def answer(self, request: dict[str, Any], fault: str) -> None:
        data = in_16_bits(0.5 * spoken(request["words"], self.service.sample_rate))
        self.chunked("audio/wav", wav_header(self.service.sample_rate) + data, fault)


@contextmanager
def _served(
    handler: type[_Handler], service: SpeechService, path: str = ""
) -> Iterator[SpeechService]:
    _speaker()  # loading it is not the service's fault
    bound = type("Bound", (handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_port}{path}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.gate.set()
        server.shutdown()
        server.server_close()


def gpt_sovits(**options: Any) -> Any:
    """A GPT-SoVITS service, for a ``with``."""
    return _served(_GptSovits, SpeechService(**options))


def openai(**options: Any) -> Any:
    """An OpenAI-compatible speech service, for a ``with``."""
    return _served(_OpenAI, SpeechService(**options), "/v1")


def custom(service: SpeechService) -> Any:
    """A service that answers ``{"words": ...}`` with WAV, for a ``with``."""
    return _served(_Custom, service)


def write_reference(path: Path, seconds: float = REFERENCE_SECONDS) -> Path:
    """A reference clip."""
    samples = np.resize(
        spoken("请您带好本人身份证原件到窗口来办理", 32_000), round(seconds * 32_000)
    )
    data = in_16_bits(0.5 * samples)
    path.write_bytes(wav_header(32_000, len(data)) + data)
    return path
