"""The editing network g_e: warped picture, source and z to the final picture (paper, section 3.2, eq. 4)."""

from __future__ import annotations

import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.renderer.adain import AdaIN, PictureNorm, activation
from models.renderer.presets import EditingConfig

GATE_WEIGHT = 4.0
"""In training a pixel to paint counts as much as this many to leave: there are a hundred times fewer."""

_SHUT = -4.0  # logit of a fresh gate
_CONTRAST = 2.0  # a blend of photo and painting is softer than either


class _ConvNorm(nn.Module):
    """Convolution, picture norm, LeakyReLU."""

    def __init__(self, inside: int, outside: int, kernel: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, kernel, padding=kernel // 2)
        self.norm = PictureNorm(outside)

    def forward(self, x: Tensor) -> Tensor:
        return activation(self.norm(self.conv(x)))


class _Residual(nn.Module):
    """AdaIN residual block; `bypass` as `EditingConfig.bypass_first_conv`."""

    def __init__(self, channels: int, latent: int, bypass: bool) -> None:
        super().__init__()
        self.bypass = bypass
        self.conv_1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm_1, self.norm_2 = AdaIN(channels, latent), AdaIN(channels, latent)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        inner = x if self.bypass else activation(self.norm_1(self.conv_1(x), z))
        return self.norm_2(self.conv_2(inner), z) + x


class _DecoderLevel(nn.Module):
    """AdaIN residual blocks, then twice the resolution, plus the encoder's features through a "jump" layer."""

    def __init__(self, inside: int, outside: int, latent: int, config: EditingConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_Residual(inside, latent, config.bypass_first_conv) for _ in range(config.blocks))
        self.up = _ConvNorm(inside, outside)
        self.jump = _ConvNorm(outside, outside)

    def forward(self, x: Tensor, skip: Tensor, z: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x, z)
        return self.up(F.interpolate(x, scale_factor=2)) + self.jump(skip)


class EditingNetwork(nn.Module):
    """Î = g_e(Î_w, I_s, z): repairs what a warp cannot show (teeth, eyes, what the head had hidden)."""

    def __init__(self, config: EditingConfig, latent: int) -> None:
        super().__init__()
        self.config = config
        width = [min(config.base * 2**level, config.maximum) for level in range(config.levels + 1)]
        folded = config.unshuffle**2
        self.first = _ConvNorm(6 * folded, width[0], config.outer_kernel)
        self.down = nn.ModuleList(_ConvNorm(width[i], width[i + 1]) for i in range(config.levels))
        self.up = nn.ModuleList(
            _DecoderLevel(width[i + 1], width[i], latent, config) for i in reversed(range(config.levels))
        )
        self.last = nn.Conv2d(
            width[0], (4 if config.gated else 3) * folded, config.outer_kernel, padding=config.outer_kernel // 2
        )
        if config.gated:  # training starts from next to no change
            for parameter in self.last.parameters():
                nn.init.zeros_(parameter)
            nn.init.constant_(cast(Tensor, self.last.bias)[3 * folded :], _SHUT)

    def forward(self, warped: Tensor, source: Tensor, z: Tensor) -> Tensor:
        """Î_w and I_s [N, 3, H, W] in [-1, 1], z [N, latent] to Î [N, 3, H, W] in [-1, 1]."""
        if not self.config.gated:
            return torch.tanh(self._decoded(warped, source, z))
        painting, gate = self.paint(warped, source, z)
        return blended(warped, painting, gate)

    def paint(self, warped: Tensor, source: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """What a gated network paints [N, 3, H, W], and the logit of the fraction that replaces Î_w [N, 1, H, W].

        It paints on the warped picture's colours without their detail: to shut an eye, a change of the picture itself
        would have to undo every edge of the iris.
        """
        change, gate = self._decoded(warped, source, z).split([3, 1], 1)
        colours = F.avg_pool2d(warped, self.config.ground)
        ground = F.interpolate(colours, warped.shape[-2:], mode="bilinear", align_corners=False)
        return ground + change, gate

    def _decoded(self, warped: Tensor, source: Tensor, z: Tensor) -> Tensor:
        x = torch.cat([warped, source], 1)
        x = self.first(F.pixel_unshuffle(x, self.config.unshuffle))
        skips = [x]
        for down in self.down:
            x = F.avg_pool2d(down(x), 2)
            skips.append(x)
        x = skips.pop()
        for level in self.up:
            x = level(x, skips.pop(), z)
        return F.pixel_shuffle(self.last(x), self.config.unshuffle)


def blended(warped: Tensor, painting: Tensor, gate: Tensor) -> Tensor:
    """The painting in the warped picture, [N, 3, H, W] in [-1, 1], where the gate's logit [N, 1, H, W] opens it.

    The odds that `GATE_WEIGHT` has taught the gate are too high by that factor: taken as they are, they would veil
    lips and lids that move little.
    """
    alpha = (_CONTRAST * (gate - math.log(GATE_WEIGHT))).sigmoid()
    return (warped + alpha * (painting - warped)).clamp(-1, 1)  # under autocast, lerp refuses the gate's half floats
