"""Losses of the voice's networks: multi-resolution STFT, and an adversarial patch discriminator.

The STFT loss is that of Parallel WaveGAN (Yamamoto et al. 2020), the discriminator's least-squares
loss and feature matching those of HiFi-GAN (Kong et al. 2020).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

_RESOLUTIONS = ((2048, 512), (1024, 256), (512, 128), (128, 64))  # window and hop, samples


def stft_magnitude(samples: Tensor, window: int, hop: int) -> Tensor:
    """Return STFT magnitudes, shape (n, window // 2 + 1, n_windows).

    Args:
        samples: Waveforms, shape (n, n_samples), in [-1, 1].
        window: Length of the Hann window, samples.
        hop: Samples from one window to the next.
    """
    spectrum = torch.stft(
        samples, window, hop, window=torch.hann_window(window), center=True, return_complex=True
    )
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-9)


def multi_resolution_stft_loss(made: Tensor, real: Tensor) -> Tensor:
    """Return the mean of spectral convergence and log-magnitude distance over four STFTs.

    Args:
        made: Synthesized waveforms, shape (n, n_samples), in [-1, 1].
        real: The recorded ones, likewise.
    """
    distances = []
    for window, hop in _RESOLUTIONS:
        synthesized = stft_magnitude(made, window, hop)
        recorded = stft_magnitude(real, window, hop)
        convergence = (synthesized - recorded).norm() / recorded.norm()
        # Below -70 dB of full scale there is only the noise of a room and of MP3.
        floor = 3e-4 * window**0.5
        log_distance = ((synthesized + floor).log() - (recorded + floor).log()).abs().mean()
        distances.append(convergence + log_distance)
    return torch.stack(distances).mean()


class PatchDiscriminator(nn.Module):
    """Tells patches of recorded spectrograms from those of synthesized ones (a PatchGAN).

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

    def forward(self, spectrogram: Tensor) -> list[Tensor]:
        """Return the feature maps of every layer, and last the score of each patch.

        Args:
            spectrogram: Shape (n, n_frequencies, n_frames).
        """
        x = spectrogram[:, None]
        feature_maps = []
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), 0.1)
            feature_maps.append(x)
        return [*feature_maps, self.out(x)]


def discriminator_loss(real: Sequence[Tensor], made: Sequence[Tensor]) -> Tensor:
    """The discriminator's loss: least squares, 1 for recorded and 0 for synthesized patches."""
    return torch.as_tensor(((real[-1] - 1) ** 2).mean() + (made[-1] ** 2).mean())


def adversarial_loss(real: Sequence[Tensor], made: Sequence[Tensor]) -> Tensor:
    """The network's loss: least squares to a score of 1, and twice the feature matching loss."""
    score_loss = ((made[-1] - 1) ** 2).mean()
    feature_losses = [
        (synthesized - recorded.detach()).abs().mean()
        for synthesized, recorded in zip(made[:-1], real[:-1], strict=True)
    ]
    return torch.as_tensor(score_loss + 2 * torch.stack(feature_losses).mean())
