"""The mapping network f_m: a descriptor window p_{i-k} … p_{i+k} to the latent z (paper, section 3.2)."""

from __future__ import annotations

from torch import Tensor, nn

from models.renderer.presets import MappingConfig


class MappingNetwork(nn.Module):
    """z = f_m(p): 1-D convolutions along time, each block's residual cropped to what its convolution leaves."""

    def __init__(self, config: MappingConfig) -> None:
        super().__init__()
        self.crop = config.dilation * (config.kernel - 1) // 2
        self.first = nn.Conv1d(config.channels, config.width, config.first_kernel)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LeakyReLU(0.1), nn.Conv1d(config.width, config.width, config.kernel, dilation=config.dilation)
            )
            for _ in range(config.layers)
        )

    def forward(self, descriptor: Tensor) -> Tensor:
        """Descriptor [N, channels, window] to z [N, width]."""
        hidden = self.first(descriptor)
        for block in self.blocks:
            hidden = block(hidden) + hidden[:, :, self.crop : hidden.shape[-1] - self.crop]
        return hidden.mean(-1)
