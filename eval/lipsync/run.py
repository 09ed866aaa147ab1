"""All clips, drawn and measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from avatar_engine.preparation import Clip
from avatar_engine.wav2lip.generator import Wav2Lip384
from avatar_engine.wav2lip.wav2lip96 import Wav2Lip96

from . import frechet, mouth, pictures, steadiness
from .drawing import draw
from .inception import Inception, features
from .judges import Judge
from .lpips import Lpips, lpips
from .lse import Embeddings, Sync, sync
from .material import Item, fitted, others, references
from .pictures import Pixels

REAL, GENERATED, WRONG_AUDIO, WAV2LIP96 = "real", "generated", "wrong_audio", "wav2lip96"
OURS = (REAL, GENERATED, WRONG_AUDIO, WAV2LIP96)
ON_A_SHEET = 8  # frames


@dataclass(frozen=True, slots=True)
class Instruments:
    """What draws and what measures."""

    generator: Wav2Lip384
    judges: Sequence[Judge]
    wav2lip96: Wav2Lip96 | None = None
    lpips: Lpips | None = None
    inception: Inception | None = None
    against: Mapping[str, Path] = field(default_factory=dict)
    """Folders with clips of the same names, drawn by something else, by what they are called."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One clip as one hand drew it, measured."""

    set: str
    clip: str
    language: str
    voice: str
    drawn_by: str
    """``real``, ``generated``, ``wrong_audio``, ``wav2lip96``, or a name of ``--against``."""
    figures: dict[str, float]
    """What could be measured, by the name in ``FIGURES``."""
    distances: dict[str, NDArray[np.float64]]
    """(31,): what ``lse.Sync`` has, by the judge's prefix."""
    features: NDArray[np.float32] | None
    """(n, 2048): what Inception sees in every fifth frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Some frames of one clip, as each hand drew them."""

    set: str
    clip: str
    frames: dict[str, Pixels]
    """(8 or fewer, 384, 384, 3), by who drew them; the real ones first."""


def measure(
    items: Sequence[Item],
    instruments: Instruments,
    *,
    seed: int,
    n_sheets: int,
    progress: Console,
) -> tuple[list[Row], list[Sheet], list[str]]:
    """Draw and measure every clip; two or three versions of one are held at a time.

    Args:
        items: The clips.
        instruments: What draws and what measures.
        seed: Of the draw of wrong sounds.
        n_sheets: Of how many clips of each set some frames are kept.
        progress: Where a bar is shown, if it is a terminal.

    Returns:
        Rows, sheets, and what was left out, a sentence each.

    Raises:
        ClipError: A clip is damaged.
    """
    rows: list[Row] = []
    sheets: list[Sheet] = []
    left_out: list[str] = []
    pairs = list(zip(items, others(list(items), seed), strict=True))
    for item, other in track(pairs, "lip sync", console=progress, transient=True):
        real = item.clip.frames(range(len(item.clip)))
        ruler = _Ruler(item, real, instruments)
        keeps_sheet = sum(sheet.set == item.set for sheet in sheets) < n_sheets
        at = np.linspace(0, len(real) - 1, min(ON_A_SHEET, len(real))).round().astype(int)
        kept = {}
        for name, frames in _versions(item, other, real, instruments, left_out):
            rows.append(ruler.measure(name, frames))
            kept[name] = frames[at] if keeps_sheet else frames[:0]
        if keeps_sheet:
            sheets.append(Sheet(item.set, item.name, kept))
    return rows, sheets, left_out


def _versions(
    item: Item, other: Item | None, real: Pixels, instruments: Instruments, left_out: list[str]
) -> Iterator[tuple[str, Pixels]]:
    """The clip as each hand draws it, and whose it is."""
    yield REAL, real
    shown = references(item, real)
    sounds = [item.clip.samples()]
    if other is not None:
        sounds.append(fitted(other.clip.samples(), len(real)))
    else:
        left_out.append(f"{item.name}: no wrong-audio control, which needs a second clip")
    drawn = draw(instruments.generator, real, shown, sounds)
    yield from zip((GENERATED, WRONG_AUDIO), drawn, strict=False)
    del drawn
    if instruments.wav2lip96 is not None:
        yield WAV2LIP96, draw(instruments.wav2lip96, real, shown, sounds[:1])[0]
    for name, folder in instruments.against.items():
        if not (folder / item.name / "clip.json").is_file():
            left_out.append(f"{item.name}: {folder} has no clip of this name")
            continue
        drawn_before = Clip(folder / item.name)
        if len(drawn_before) != len(real) or drawn_before.card.size != item.clip.card.size:
            left_out.append(
                f"{item.name}: in {folder} it has {len(drawn_before)} frames of "
                f"{drawn_before.card.size} pixels, not {len(real)} of {item.clip.card.size}"
            )
            continue
        yield name, drawn_before.frames(range(len(real)))


class _Ruler:
    """Measures the versions of one clip; what only the sound or the real one decides, once."""

    def __init__(self, item: Item, real: Pixels, instruments: Instruments) -> None:
        self.item = item
        self.real = real
        self.instruments = instruments
        samples = item.clip.samples()
        self.sounds: list[Embeddings] = [judge.sounds(samples) for judge in instruments.judges]
        self.loud = mouth.loudness(samples)
        self.face = mouth.yardstick(real)

    def measure(self, name: str, frames: Pixels) -> Row:
        figures: dict[str, float | None] = {}
        distances = {}
        for judge, sounds in zip(self.instruments.judges, self.sounds, strict=True):
            found = sync(judge.lips(frames, self.item.clip.card), sounds)
            figures |= _sync_figures(judge.prefix, found)
            distances[judge.prefix] = found.distances
        if name not in (REAL, WRONG_AUDIO):
            figures |= self._nearness(frames)
        figures |= self._mouth(frames)
        figures["flicker"] = steadiness.flicker(frames)
        seen = None
        if self.instruments.inception is not None:
            seen = features(self.instruments.inception, frames[:: frechet.EVERY])
        return Row(
            self.item.set,
            self.item.name,
            self.item.language,
            self.item.voice,
            name,
            {figure: value for figure, value in figures.items() if value is not None},
            distances,
            seen,
        )

    def _nearness(self, frames: Pixels) -> dict[str, float | None]:
        """To the real clip of the same sound."""
        made: dict[str, float | None] = {
            f"{part}_{metric.__name__}": metric(region.of(frames), region.of(self.real))
            for part, region in (("mouth", pictures.MOUTH), ("lower", pictures.LOWER))
            for metric in (pictures.l1, pictures.psnr, pictures.ssim)
        }
        made["edge_colour"] = steadiness.edge_colour(frames, self.real)
        if self.instruments.lpips is not None:
            some = slice(None, None, frechet.EVERY)
            made["lpips"] = lpips(self.instruments.lpips, frames[some], self.real[some])
        return made

    def _mouth(self, frames: Pixels) -> dict[str, float | None]:
        if self.face is None:
            return {}
        opened = mouth.opening(frames, self.face)
        return {
            "opening_loudness": mouth.follows(opened, self.loud),
            "shut_in_silence": mouth.shut_in_silence(opened, self.loud),
        }


def _sync_figures(prefix: str, found: Sync) -> dict[str, float | None]:
    return {
        f"{prefix}lse_d": found.lse_d,
        f"{prefix}lse_c": found.lse_c,
        f"{prefix}offset": float(found.offset),
        f"{prefix}in_sync": float(abs(found.offset) <= 1),
    }
