"""PIRenderer: mapping, warping and editing composed (paper, section 3.2, fig. 2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.renderer.editing import EditingNetwork
from models.renderer.flow import composed, reference_warp, warp
from models.renderer.head import POSE, RigidHead
from models.renderer.mapping import MappingNetwork
from models.renderer.presets import Preset
from models.renderer.warping import WarpingNetwork


@dataclass(frozen=True)
class Rendering:
    """What one pass of the renderer makes.

    Attributes:
        flow: w, backward flow [N, 2, h, w] in pixels of its own grid.
        warped: Î_w = w(I_s), [N, 3, H, W] in [-1, 1].
        image: Î, the final picture, [N, 3, H, W] in [-1, 1].
    """

    flow: Tensor
    warped: Tensor
    image: Tensor


class PIRenderer(nn.Module):
    """A portrait I_s and motion descriptors p to pictures Î of that portrait making the motion."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, preset: Preset) -> None:
        super().__init__()
        self.preset = preset
        self.move: Callable[[Tensor, Tensor], Tensor] = reference_warp if preset.reference_grid else warp
        latent = preset.mapping.width
        self.mapping = MappingNetwork(preset.mapping)
        self.warping = WarpingNetwork(preset.warping, latent, head_mask=preset.rigid_head)
        self.editing = EditingNetwork(preset.editing, latent)
        self.rigid_head = RigidHead() if preset.rigid_head else None
        if preset.standardise:
            self.register_buffer("mean", torch.zeros(preset.coefficients))
            self.register_buffer("deviation", torch.ones(preset.coefficients))

    def descriptor(self, windows: Tensor, source: Tensor) -> Tensor:
        """What the mapping network reads.

        Args:
            windows: target coefficients [N, coefficients, window].
            source: the portrait's own coefficients [N, coefficients]; used by presets that carry them.

        Returns:
            [N, mapping channels, window].
        """
        if self.preset.standardise:
            windows = (windows - self.mean[:, None]) / self.deviation[:, None]
            source = (source - self.mean) / self.deviation
        if self.preset.source_and_target:
            return torch.cat([source[..., None].expand(-1, -1, windows.shape[-1]), windows], 1)
        return windows

    def flow(self, source: Tensor, descriptor: Tensor) -> tuple[Tensor, Tensor]:
        """w = g_w(I_s, f_m(p)) and z: flow [N, 2, h, w] in pixels of its own grid, latent [N, width]."""
        z = self.mapping(descriptor)
        picture = self.warping.shrunk(source)
        if self.rigid_head is None:
            return self.warping(picture, z), z
        turn, head = self.rigid_head(*self._poses(descriptor), self.warping.output_size)
        rest, correction = self.warping(warp(picture, turn * torch.sigmoid(head)), z).split((2, 1), 1)
        return composed(turn * torch.sigmoid(head + correction), rest), z

    def _poses(self, descriptor: Tensor) -> tuple[Tensor, Tensor]:
        """Source's and target's pose [N, POSE] of a descriptor of both."""
        count, middle = self.preset.coefficients, descriptor[..., self.preset.radius]
        source, target = middle[:, :count], middle[:, count:]
        if self.preset.standardise:
            source, target = (half * self.deviation + self.mean for half in (source, target))
        return source[:, -POSE:], target[:, -POSE:]

    def warp(self, source: Tensor, descriptor: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """w, Î_w = w(I_s) and z, the first half of `forward`."""
        flow, z = self.flow(source, descriptor)
        return flow, self.move(source, flow), z

    def forward(self, source: Tensor, descriptor: Tensor) -> Rendering:
        """Source [N, 3, H, W] in [-1, 1] and `descriptor` [N, channels, window] to a `Rendering`."""
        flow, warped, z = self.warp(source, descriptor)
        return Rendering(flow, warped, self.editing(warped, source, z))
