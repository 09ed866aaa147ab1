"""Coarse first: the expert learns from small pictures which lips belong to a sound.

Pictures of 24 pixels tell it, but in the paper's face encoder what comes before the map of
that size costs fifty times what comes after. So those layers begin as what makes a picture
small: some channels carry it, each pixel the mean of its neighbours, and residuals add nothing.
The layers after them then learn from pictures made small beforehand, many times as fast, and
the whole network sees the same. Whole pictures follow, and all layers learn.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, normalize, pad

from ..wav2lip.blocks import ConvBlock
from ..wav2lip.expert import Expert384

SIZE = 96  # pixels of a small face; the layers see 24 rows and columns of its lower half
_FIRST = 13  # the layer that is given 24 x 24
_UNSEEN = 6 / 8, 14 / 16  # of the last row and column; the layer of 5x5 leaves some pixels out


@torch.no_grad()
def begin(expert: Expert384, mouths: Tensor) -> None:
    """Make the first layers of the face encoder what makes pictures small, and no more.

    Args:
        expert: Of any width; it is changed.
        mouths: Some, (B, 3 n_frames, 192, 384), in [0, 1]: norms begin with their statistics.
    """
    n = mouths.shape[1]
    x = mouths
    expert.eval()
    for layer in list(expert.face_encoder)[:_FIRST]:
        layer = cast(ConvBlock, layer)
        convolution, norm = cast(tuple[nn.Conv2d, nn.BatchNorm2d], tuple(layer.conv_block))
        assert norm.running_mean is not None and norm.running_var is not None
        if not layer.residual:
            convolution.weight[:n] = 0
            convolution.weight[range(n), range(n)] = _mean(convolution)
            assert convolution.bias is not None
            convolution.bias[:n] = 0
        made = convolution(x)
        variance, mean = torch.var_mean(made, (0, 2, 3), correction=0)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        if layer.residual:
            nn.init.zeros_(norm.weight)
            nn.init.zeros_(norm.bias)
        else:  # what the norm takes away it gives back
            norm.weight[:n] = (variance[:n] + norm.eps).sqrt()
            norm.bias[:n] = mean[:n]
        x = layer(x)
    _convolution(expert.face_encoder[_FIRST]).weight[:, n:] = 0
    expert.train()


def embed(expert: Expert384, mouths: Tensor) -> Tensor:
    """What the expert makes of lips, from small pictures of them.

    Args:
        expert: Since it began, nothing but the later layers has changed.
        mouths: (B, 3 n_frames, 48, 96), in [0, 1].

    Returns:
        As ``Expert.forward`` does, (B, C), of length 1.
    """
    x = avg_pool2d(mouths, (2, 4)).clone()
    x[:, :, -1] *= _UNSEEN[0]
    x[:, :, :, -1] *= _UNSEEN[1]
    given = _convolution(expert.face_encoder[_FIRST]).in_channels
    x = pad(x, (0, 0, 0, 0, 0, given - x.shape[1]))
    return normalize(expert.face_encoder[_FIRST:](x).flatten(1))


def _convolution(layer: nn.Module) -> nn.Conv2d:
    return cast(nn.Conv2d, cast(ConvBlock, layer).conv_block[0])


def _mean(convolution: nn.Conv2d) -> Tensor:
    """A kernel that gives the mean of as many neighbours as the layer makes one of."""
    down, right = convolution.stride
    top, left = cast(tuple[int, int], convolution.padding)
    kernel = convolution.weight.new_zeros(cast(tuple[int, int], convolution.kernel_size))
    kernel[top : top + down, left : left + right] = 1 / (down * right)
    return kernel
