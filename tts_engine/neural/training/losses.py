"""How far a sound or an envelope is from a real one: by its spectra, and by a critic."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

_SPECTRA = ((2048, 512), (1024, 256), (512, 128), (128, 64))  # window and hop, samples


def stft_magnitude(samples: Tensor, window: int, hop: int) -> Tensor:
    """Return short spectra's magnitudes, shape (n, n_bins, n_windows)."""
    spectrum = torch.stft(
        samples, window, hop, window=torch.hann_window(window), center=True, return_complex=True
    )
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-9)


def multi_resolution_stft_loss(made: Tensor, real: Tensor) -> Tensor:
    """Return the mean distance of several short spectra, linear and logarithmic.

    Args:
        made: Waveforms, shape (n, n_samples).
        real: Likewise.
    """
    distances = []
    for window, hop in _SPECTRA:
        mine, theirs = stft_magnitude(made, window, hop), stft_magnitude(real, window, hop)
        linear = (mine - theirs).norm() / theirs.norm()
        # Below -70 dB of full scale there is only the noise of a room and of MP3.
        floor = 3e-4 * window**0.5
        logarithmic = ((mine + floor).log() - (theirs + floor).log()).abs().mean()
        distances.append(linear + logarithmic)
    return torch.stack(distances).mean()


class PatchDiscriminator(nn.Module):
    """Tells real patches of a picture (frequencies by time) from made ones.

    Args:
        width: Channels of the widest layer.
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        widths = (1, width // 3, 2 * width // 3, width)
        self.layers = nn.ModuleList(
            nn.utils.parametrizations.weight_norm(
                nn.Conv2d(before, after, (5, 3), stride=(2, 1), padding=(2, 1))
            )
            for before, after in pairwise(widths)
        )
        self.out = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Return what each layer sees, the verdict last.

        Args:
            picture: Shape (n, n_frequencies, n_frames).
        """
        x = picture[:, None]
        seen = []
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), 0.1)
            seen.append(x)
        return [*seen, self.out(x)]


def discriminator_loss(real: Sequence[Tensor], made: Sequence[Tensor]) -> Tensor:
    """Return what a critic is to make small (least squares)."""
    return torch.as_tensor(((real[-1] - 1) ** 2).mean() + (made[-1] ** 2).mean())


def adversarial_loss(real: Sequence[Tensor], made: Sequence[Tensor]) -> Tensor:
    """Return what the maker is to make small: a bad verdict, and layers that see a difference."""
    verdict = ((made[-1] - 1) ** 2).mean()
    layers = [
        (mine - theirs.detach()).abs().mean()
        for mine, theirs in zip(made[:-1], real[:-1], strict=True)
    ]
    return torch.as_tensor(verdict + 2 * torch.stack(layers).mean())
