"""One row of the comparison, in a process of its own, so that its memory is its own.

``python -m eval.performance.network_benchmark ORDER`` prints the row; both are JSON.
"""

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..machine import resident_mib

TIMED, LASTING = 3, 0.5  # how often something is timed, and for how many seconds each time

EXACT = 100.0
"""dB, for pictures of which no level differs."""


@dataclass(frozen=True, slots=True)
class NetworkTask:
    """What to measure."""

    form: str
    """Of :data:`.network_variants.NETWORK_VARIANTS`; "wav2lip96" is the original."""
    runtime: str
    batch: int
    """Frames drawn at once."""
    threads: int
    folder: str
    """Holds ``material.npz``, ``generator.safetensors`` and ``plain.npy``."""


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """What was measured."""

    fps: float
    """Frames drawn in a second of wall-clock time."""
    cpu_ms: float
    """CPU time of a frame, ms, of all threads."""
    memory_mb: float
    """Resident when all was warm, with Python and torch; 0 where unknown."""
    cache_mb: float
    """What the loop's frame takes in the cache; 0 without."""
    psnr_db: float | None
    """Against the plain network in fp32, of bytes; at most :data:`EXACT`."""


def median_row(rows: Sequence[NetworkRow]) -> NetworkRow:
    """Of each figure by itself."""
    qualities = [row.psnr_db for row in rows if row.psnr_db is not None]
    return NetworkRow(
        fps=statistics.median(row.fps for row in rows),
        cpu_ms=statistics.median(row.cpu_ms for row in rows),
        memory_mb=statistics.median(row.memory_mb for row in rows),
        cache_mb=rows[0].cache_mb,
        psnr_db=statistics.median(qualities) if qualities else None,
    )


def time_per_item(work: Callable[[], object], n: int) -> tuple[float, float]:
    """Medians of (wall, CPU) time of one of the n things that ``work`` does, ms.

    Each time it is done again and again for half a second: less would be a matter of luck.
    """
    walls, cpus = [], []
    for _ in range(TIMED):
        wall, cpu, done = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - wall < LASTING:
            work()
            done += n
        walls.append((time.perf_counter() - wall) * 1000 / done)
        cpus.append((time.process_time() - cpu) * 1000 / done)
    return statistics.median(walls), statistics.median(cpus)


def measure(order: NetworkTask) -> NetworkRow:
    """Build the form, warm it, draw."""
    import torch

    from avatar_engine.wav2lip.compat.wav2lip96 import Wav2Lip96
    from avatar_engine.wav2lip.model import Wav2Lip384
    from avatar_engine.wav2lip.weights import load_weights

    from .frame_inputs import FrameInputs, calibrate_batch_norms
    from .network_variants import NETWORK_VARIANTS, RUNTIMES, plain

    torch.set_num_threads(order.threads)
    folder = Path(order.folder)
    material = FrameInputs.read(folder / "material.npz")
    if order.form == "wav2lip96":
        torch.manual_seed(0)
        original = Wav2Lip96()
        calibrate_batch_norms(original)
        network, maps = plain(original, material.tensor(96))
        del original
    else:
        generator = load_weights(folder / "generator.safetensors", Wav2Lip384)
        network, maps = NETWORK_VARIANTS[order.form](generator, material.tensor())
        del generator
    backend = RUNTIMES[order.runtime](network, maps, order.threads)
    del network
    gc.collect()

    n = len(material.mels)
    batches = [slice(i, i + order.batch) for i in range(0, n, order.batch)]

    def draw() -> list[np.ndarray]:
        return [backend.draw(material.mels[b], [level[b] for level in maps]) for b in batches]

    drawn = np.concatenate(draw())
    wall, cpu = time_per_item(draw, n)
    memory = resident_mib()
    is_cached = order.form not in ("wav2lip96", "plain", "folded")
    return NetworkRow(
        fps=1000 / wall,
        cpu_ms=cpu,
        memory_mb=memory,
        cache_mb=sum(level[0].nbytes for level in maps) / 2**20 if is_cached else 0.0,
        psnr_db=None
        if order.form == "wav2lip96"
        else capped_psnr(drawn, np.load(folder / "plain.npy")),
    )


def capped_psnr(drawn: np.ndarray, reference: np.ndarray) -> float:
    """Of bytes, dB; :data:`EXACT` for equal pictures."""
    error = np.mean((drawn.astype(np.float64) - reference) ** 2)
    return min(EXACT, float(10 * np.log10(255**2 / error))) if error else EXACT


def main(argument: str) -> None:
    """Measure what is ordered, and print it."""
    print(json.dumps(asdict(measure(NetworkTask(**json.loads(argument))))))


if __name__ == "__main__":
    main(sys.argv[1])
