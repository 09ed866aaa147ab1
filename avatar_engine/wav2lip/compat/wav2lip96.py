"""The original 96x96 generator and expert, layer by layer, for the official checkpoints.

``wav2lip.pth`` and ``wav2lip_gan.pth`` fit ``Wav2Lip96``; ``lipsync_expert.pth``
fits ``SyncExpert96``. They were trained on pictures as OpenCV reads them: BGR.
"""

from torch import nn

from ..discriminators import SyncExpert
from ..model import (
    ConvBlock,
    DeconvBlock,
    LipSyncGenerator,
    audio_encoder,
    output_block,
    residual_blocks,
)


class Wav2Lip96(LipSyncGenerator):
    """The generator of Wav2Lip (arXiv:2008.10010); 36.3 million parameters."""

    size = 96
    channel_order = "BGR"

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder_blocks = nn.ModuleList(
            [
                nn.Sequential(ConvBlock(6, 16, 7, 1, 3)),  # 96
                nn.Sequential(ConvBlock(16, 32, 3, 2, 1), *residual_blocks(32, 2)),  # 48
                nn.Sequential(ConvBlock(32, 64, 3, 2, 1), *residual_blocks(64, 3)),  # 24
                nn.Sequential(ConvBlock(64, 128, 3, 2, 1), *residual_blocks(128, 2)),  # 12
                nn.Sequential(ConvBlock(128, 256, 3, 2, 1), *residual_blocks(256, 2)),  # 6
                nn.Sequential(ConvBlock(256, 512, 3, 2, 1), *residual_blocks(512, 1)),  # 3
                nn.Sequential(ConvBlock(512, 512, 3), ConvBlock(512, 512, 1)),  # 1
            ]
        )
        self.audio_encoder = audio_encoder(512, residuals_at_256=1)
        self.face_decoder_blocks = nn.ModuleList(
            [
                nn.Sequential(ConvBlock(512, 512, 1)),  # 1
                nn.Sequential(DeconvBlock(1024, 512, 1, 0, 0), *residual_blocks(512, 1)),  # 3
                nn.Sequential(DeconvBlock(1024, 512), *residual_blocks(512, 2)),  # 6
                nn.Sequential(DeconvBlock(768, 384), *residual_blocks(384, 2)),  # 12
                nn.Sequential(DeconvBlock(512, 256), *residual_blocks(256, 2)),  # 24
                nn.Sequential(DeconvBlock(320, 128), *residual_blocks(128, 2)),  # 48
                nn.Sequential(DeconvBlock(160, 64), *residual_blocks(64, 2)),  # 96
            ]
        )
        self.output_block = output_block(80)


class SyncExpert96(SyncExpert):
    """The colour SyncNet of Wav2Lip: five lower halves of 48x96 pixels."""

    size = 96
    channel_order = "BGR"
    n_frames = 5

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder = nn.Sequential(
            ConvBlock(15, 32, 7, 1, 3),  # 48 x 96
            ConvBlock(32, 64, 5, (1, 2), 1),  # 46 x 47
            *residual_blocks(64, 2),
            ConvBlock(64, 128, 3, 2, 1),  # 23 x 24
            *residual_blocks(128, 3),
            ConvBlock(128, 256, 3, 2, 1),  # 12 x 12
            *residual_blocks(256, 2),
            ConvBlock(256, 512, 3, 2, 1),  # 6 x 6
            *residual_blocks(512, 2),
            ConvBlock(512, 512, 3, 2, 1),  # 3 x 3
            ConvBlock(512, 512, 3),  # 1 x 1
            ConvBlock(512, 512, 1),
        )
        self.audio_encoder = audio_encoder(512, residuals_at_256=2)
