"""The warping network g_w: an AdaIN hourglass from the source and z to a flow field (paper, section 3.2, eq. 2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.renderer.adain import AdaIN, PictureNorm, activation
from models.renderer.flow import coordinate_grid
from models.renderer.presets import WarpingConfig


class _Down(nn.Module):
    """Two AdaIN convolutions; the first halves the resolution."""

    def __init__(self, inside: int, outside: int, latent: int) -> None:
        super().__init__()
        self.norm_0, self.norm_1 = AdaIN(inside, latent), AdaIN(outside, latent)
        self.conv_0 = nn.Conv2d(inside, outside, 4, stride=2, padding=1)
        self.conv_1 = nn.Conv2d(outside, outside, 3, padding=1)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        x = self.conv_0(activation(self.norm_0(x, z)))
        return self.conv_1(activation(self.norm_1(x, z)))


class _Up(nn.Module):
    """An AdaIN residual block that doubles the resolution."""

    def __init__(self, inside: int, outside: int, latent: int, transposed: bool) -> None:
        super().__init__()
        self.transposed = transposed
        self.norm_0, self.norm_1, self.norm_s = AdaIN(inside, latent), AdaIN(outside, latent), AdaIN(inside, latent)
        self.conv_0 = nn.Conv2d(inside, outside, 3, padding=1)
        self.conv_1: nn.Module
        self.conv_s: nn.Module
        if transposed:
            self.conv_1 = nn.ConvTranspose2d(outside, outside, 3, stride=2, padding=1, output_padding=1)
            self.conv_s = nn.ConvTranspose2d(inside, outside, 3, stride=2, padding=1, output_padding=1)
        else:
            self.conv_1 = nn.Conv2d(outside, outside, 3, padding=1)
            self.conv_s = nn.Conv2d(inside, outside, 1)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        shortcut = self.conv_s(activation(self.norm_s(x, z)))
        x = self.conv_0(activation(self.norm_0(x, z)))
        x = shortcut + self.conv_1(activation(self.norm_1(x, z)))
        return x if self.transposed else F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class WarpingNetwork(nn.Module):
    """w = g_w(I_s, z): encoder and decoder with skip connections, and a flow head.

    With a `head_mask`, a third channel beside the flow: what the logit of the rigid head's own mask (how far each pixel
    moves with it) is corrected by.
    """

    def __init__(self, config: WarpingConfig, latent: int, *, head_mask: bool = False) -> None:
        super().__init__()
        self.config = config
        width = [min(config.base * 2**level, config.maximum) for level in range(config.down + 1)]
        self.first = nn.Conv2d(5 if config.coordinates else 3, width[0], 7, padding=3)
        self.down = nn.ModuleList(_Down(width[i], width[i + 1], latent) for i in range(config.down))
        levels = range(config.down - 1, config.down - config.up - 1, -1)
        self.up = nn.ModuleList(
            _Up(
                width[i + 1] * (1 if i == config.down - 1 else 2),  # below the bottom, the skip doubles the channels
                width[i],
                latent,
                transposed=config.upsampling == "transposed",
            )
            for i in levels
        )
        channels = 2 * width[levels[-1]]
        self.head_norm = PictureNorm(channels)
        self.head = nn.Conv2d(channels, 3 if head_mask else 2, 7, padding=3)

    @property
    def output_size(self) -> int:
        """Side of the flow, in pixels."""
        return self.config.input_size >> (self.config.down - self.config.up)

    def shrunk(self, source: Tensor) -> Tensor:
        """A picture [N, 3, H, W] at the size that the network reads."""
        size = self.config.input_size
        return source if source.shape[-1] == size else F.interpolate(source, (size, size), mode="area")

    def forward(self, source: Tensor, z: Tensor) -> Tensor:
        """A `shrunk` source [N, 3, S, S] in [-1, 1] and z [N, latent] to backward flow in pixels of h × w, and the
        mask's correction if there is one: [N, 2 or 3, h, w]."""
        if self.config.coordinates:
            height, width = source.shape[-2:]
            grid = coordinate_grid(height, width, source.device).to(source.dtype)
            source = torch.cat([source, grid.expand(len(source), -1, -1, -1)], 1)
        x = self.first(source)
        skips = [x]
        for down in self.down:
            x = down(x, z)
            skips.append(x)
        skips.pop()
        for up in self.up:
            x = torch.cat([up(x, z), skips.pop()], 1)
        with torch.autocast(x.device.type, enabled=False):  # half precision would round large motions to whole pixels
            return self.head(activation(self.head_norm(x.float()))) * self.config.flow_unit
