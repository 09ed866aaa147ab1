"""All clips, drawn and measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from avatar_engine.training.dataset.clip import Clip
from avatar_engine.wav2lip.compat.wav2lip96 import Wav2Lip96
from avatar_engine.wav2lip.mel import GENERATOR_LEAD, mel_windows, melspectrogram
from avatar_engine.wav2lip.model import LipSyncGenerator, Wav2Lip384

from . import image_metrics, mouth_opening
from .held_out_clips import HeldOutClip, fitted, references, wrong_audio_partners
from .image_metrics import Pixels
from .perceptual_networks import Inception, Lpips, inception_features, lpips_distance
from .sync_judges import Embeddings, SyncJudge, SyncScore, score_sync

REAL, GENERATED, WRONG_AUDIO, WAV2LIP96 = "real", "generated", "wrong_audio", "wav2lip96"
SOURCES = (REAL, GENERATED, WRONG_AUDIO, WAV2LIP96)
ON_A_SHEET = 8  # frames


@dataclass(frozen=True, slots=True)
class LipsyncModels:
    """What draws and what measures."""

    generator: Wav2Lip384
    judges: Sequence[SyncJudge]
    wav2lip96: Wav2Lip96 | None = None
    lpips: Lpips | None = None
    inception: Inception | None = None
    against: Mapping[str, Path] = field(default_factory=dict)
    """Folders with clips of the same names, drawn by something else, by what they are called."""


@dataclass(frozen=True, slots=True, eq=False)
class LipsyncRow:
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
    """(31,): what a judge measures, by the judge's prefix."""
    features: NDArray[np.float32] | None
    """(n, 2048): what Inception sees in every fifth frame."""


@dataclass(frozen=True, slots=True, eq=False)
class ContactSheet:
    """Some frames of one clip, as each hand drew them."""

    set: str
    clip: str
    frames: dict[str, Pixels]
    """(8 or fewer, 384, 384, 3), by who drew them; the real ones first."""


def measure_clips(
    items: Sequence[HeldOutClip],
    instruments: LipsyncModels,
    *,
    seed: int,
    n_sheets: int,
    progress: Console,
) -> tuple[list[LipsyncRow], list[ContactSheet], list[str]]:
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
    rows: list[LipsyncRow] = []
    sheets: list[ContactSheet] = []
    left_out: list[str] = []
    pairs = list(zip(items, wrong_audio_partners(list(items), seed), strict=True))
    for item, other in track(pairs, "lip sync", console=progress, transient=True):
        real = item.clip.frames(range(len(item.clip)))
        ruler = _ClipMeasurer(item, real, instruments)
        keeps_sheet = sum(sheet.set == item.set for sheet in sheets) < n_sheets
        at = np.linspace(0, len(real) - 1, min(ON_A_SHEET, len(real))).round().astype(int)
        kept = {}
        for name, frames in _versions(item, other, real, instruments, left_out):
            rows.append(ruler.measure(name, frames))
            kept[name] = frames[at] if keeps_sheet else frames[:0]
        if keeps_sheet:
            sheets.append(ContactSheet(item.set, item.name, kept))
    return rows, sheets, left_out


def _versions(
    item: HeldOutClip,
    other: HeldOutClip | None,
    real: Pixels,
    instruments: LipsyncModels,
    left_out: list[str],
) -> Iterator[tuple[str, Pixels]]:
    """The clip as each hand draws it, and whose it is."""
    yield REAL, real
    shown = references(item, real)
    sounds = [item.clip.samples()]
    if other is not None:
        sounds.append(fitted(other.clip.samples(), len(real)))
    else:
        left_out.append(f"{item.name}: no wrong-audio control, which needs a second clip")
    drawn = redraw(instruments.generator, real, shown, sounds)
    yield from zip((GENERATED, WRONG_AUDIO), drawn, strict=False)
    del drawn
    if instruments.wav2lip96 is not None:
        yield WAV2LIP96, redraw(instruments.wav2lip96, real, shown, sounds[:1])[0]
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


class _ClipMeasurer:
    """Measures the versions of one clip; what only the sound or the real one decides, once."""

    def __init__(self, item: HeldOutClip, real: Pixels, instruments: LipsyncModels) -> None:
        self.item = item
        self.real = real
        self.instruments = instruments
        samples = item.clip.samples()
        self.sounds: list[Embeddings] = [judge.sounds(samples) for judge in instruments.judges]
        self.loud = mouth_opening.loudness(samples)
        self.face = mouth_opening.mouth_range(real)

    def measure(self, name: str, frames: Pixels) -> LipsyncRow:
        figures: dict[str, float | None] = {}
        distances = {}
        for judge, sounds in zip(self.instruments.judges, self.sounds, strict=True):
            found = score_sync(judge.lips(frames, self.item.clip.card), sounds)
            figures |= _sync_figures(judge.prefix, found)
            distances[judge.prefix] = found.distances
        if name not in (REAL, WRONG_AUDIO):
            figures |= self._nearness(frames)
        figures |= self._mouth(frames)
        figures["flicker"] = image_metrics.flicker(frames)
        seen = None
        if self.instruments.inception is not None:
            seen = inception_features(
                self.instruments.inception, frames[:: image_metrics.FRAME_STRIDE]
            )
        return LipsyncRow(
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
            for part, region in (("mouth", image_metrics.MOUTH), ("lower", image_metrics.LOWER))
            for metric in (image_metrics.l1, image_metrics.psnr, image_metrics.ssim)
        }
        made["edge_colour"] = image_metrics.edge_colour(frames, self.real)
        if self.instruments.lpips is not None:
            some = slice(None, None, image_metrics.FRAME_STRIDE)
            made["lpips"] = lpips_distance(self.instruments.lpips, frames[some], self.real[some])
        return made

    def _mouth(self, frames: Pixels) -> dict[str, float | None]:
        if self.face is None:
            return {}
        opened = mouth_opening.opening(frames, self.face)
        return {
            "opening_loudness": mouth_opening.loudness_correlation(opened, self.loud),
            "shut_in_silence": mouth_opening.shut_in_silence(opened, self.loud),
        }


def _sync_figures(prefix: str, found: SyncScore) -> dict[str, float | None]:
    return {
        f"{prefix}lse_d": found.lse_d,
        f"{prefix}lse_c": found.lse_c,
        f"{prefix}offset": float(found.offset),
        f"{prefix}in_sync": float(abs(found.offset) <= 1),
    }


AT_ONCE = 1  # frames in a batch; on a CPU larger ones only cost memory


@torch.inference_mode()
def redraw(
    generator: LipSyncGenerator,
    frames: Pixels,
    references: Pixels,
    sounds: Sequence[NDArray[np.float32]],
) -> list[Pixels]:
    """The frames with each of several sounds, as the network gives them.

    Nothing is pasted or blended, so that what is measured is the network's; of ours the lower
    half, which is all that is ever shown. What it sees of the faces does not depend on the
    sound and is computed once.

    Args:
        generator: Of 384 or 96 pixels; for the latter faces are made smaller and larger again.
        frames: (n, 384, 384, 3), RGB; their lower half is not looked at.
        references: Likewise, whole.
        sounds: Each (640 n,), 16 kHz.

    Returns:
        A (n, 384, 384, 3) array for each sound.
    """
    n, side = frames.shape[:2]
    lead = GENERATOR_LEAD if isinstance(generator, Wav2Lip384) else 0
    heard = [mel_windows(melspectrogram(sound), range(-lead, n - lead)) for sound in sounds]
    drawn = [np.empty_like(frames) for _ in sounds]
    for start in range(0, n, AT_ONCE):
        some = slice(start, start + AT_ONCE)
        masked = _seen(generator, frames[some])
        masked[:, :, generator.size // 2 :] = 0
        faces = torch.cat([masked, _seen(generator, references[some])], 1)
        maps = generator.encode_face(faces)
        for mels, made in zip(heard, drawn, strict=True):
            embedding = generator.encode_audio(torch.from_numpy(mels[some]))
            if isinstance(generator, Wav2Lip384):
                lower = generator.decode_lower_half(embedding, maps)
                made[some] = frames[some]
                made[some, side // 2 :] = _shown(generator, lower, side)
            else:
                made[some] = _shown(generator, generator.decode(embedding, maps), side)
    return drawn


def _seen(generator: LipSyncGenerator, frames: Pixels) -> torch.Tensor:
    """(n, 3, size, size), in [0, 1], in the generator's order of colours."""
    size = (generator.size, generator.size)
    if frames.shape[1] != generator.size:
        frames = np.stack([cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in frames])
    ordered = frames[..., ::-1] if generator.channel_order == "BGR" else frames
    planes = np.ascontiguousarray(ordered.transpose(0, 3, 1, 2))
    return torch.from_numpy(planes).float() / 255


def _shown(generator: LipSyncGenerator, planes: torch.Tensor, side: int) -> Pixels:
    """Back to (n, side, side, 3), RGB."""
    pictures = (planes * 255).round().byte().permute(0, 2, 3, 1).numpy()
    if generator.channel_order == "BGR":
        pictures = pictures[..., ::-1]
    if generator.size != side:  # never of a half
        pictures = np.stack([cv2.resize(p, (side, side)) for p in pictures])
    return pictures
