"""From phones with their times and a pitch curve to the spectral envelope of each frame."""

import torch
from torch import Tensor, nn

from .blocks import Block
from .encoder import PhoneBatch, PhoneEncoder
from .features import N_BANDS

_REACH = 3
_N_FACTS = 6


class AcousticModel(nn.Module):
    """Envelope and voicing of frames; looks at no frame further away than ``reach``.

    Args:
        width: Channels.
        n_phone_blocks: Phones it sees to either side.
        n_frame_blocks: Blocks that look at frames.
    """

    def __init__(self, width: int = 224, n_phone_blocks: int = 3, n_frame_blocks: int = 6) -> None:
        super().__init__()
        self.reach = _REACH * n_frame_blocks
        self.encoder = PhoneEncoder(width, n_phone_blocks, dropout=0.05)
        self.facts = nn.Linear(_N_FACTS, width)
        self.blocks = nn.ModuleList(Block(width, _REACH) for _ in range(n_frame_blocks))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, N_BANDS + 1)
        self.register_buffer("mean", torch.zeros(N_BANDS))
        self.register_buffer("deviation", torch.ones(N_BANDS))

    mean: Tensor
    deviation: Tensor

    def frames(self, phones: PhoneBatch, index: Tensor, facts: Tensor) -> Tensor:
        """Return what each frame starts from, shape (n, n_frames, width).

        Args:
            phones: The phones.
            index: Which phone each frame belongs to, shape (n, n_frames), int64.
            facts: What :func:`frame_facts` says, shape (n, n_frames, 6).
        """
        encoded = self.encoder(phones)
        spread = encoded.gather(1, index[..., None].expand(-1, -1, encoded.shape[-1]))
        return torch.as_tensor(spread + self.facts(facts))

    def decode(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the envelope in deviations from its mean, (n, n_frames, N_BANDS), and the
        logit of voicing, (n, n_frames), of frames from :meth:`frames`."""
        for block in self.blocks:
            x = block(x, mask)
        out: Tensor = self.out(self.norm(x))
        return out[..., :N_BANDS], out[..., N_BANDS]

    def envelope(self, deviations: Tensor) -> Tensor:
        """Return the envelope as in :class:`~.features.Features`."""
        return deviations * self.deviation + self.mean


def frame_index(durations: Tensor) -> Tensor:
    """Return which phone each frame belongs to, shape (n_frames,).

    Args:
        durations: Frames of each phone, shape (n_phones,), int64.
    """
    return torch.repeat_interleave(torch.arange(len(durations)), durations)


def frame_facts(durations: Tensor, semitones: Tensor) -> Tensor:
    """Return where in its phone each frame lies, and its pitch: shape (n_frames, 6).

    Args:
        durations: Frames of each phone, shape (n_phones,), int64.
        semitones: Pitch of each frame, shape (n_frames,).
    """
    index = frame_index(durations)
    starts = durations.cumsum(0) - durations
    since = torch.arange(len(index)) - starts[index] + 0.5
    length = durations[index]
    slope = torch.diff(semitones, prepend=semitones[:1])
    facts = [
        since / length,
        torch.log1p(since) / 3,
        torch.log1p(length - since) / 3,
        torch.log(length.float()) / 3,
        semitones / 6,
        slope.clamp(-2, 2),
    ]
    return torch.stack(facts, -1).float()
