"""One step's losses as a module: what is wrapped for many processes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.renderer import PIRenderer
from training.pirender.losses import Distance
from training.pirender.pairs import Pair
from training.pirender.schedule import Schedule


class Objective(nn.Module):
    """A renderer and its distances: a batch of pairs to the loss and its parts (paper, eq. 7)."""

    def __init__(self, renderer: PIRenderer, distance: nn.Module, schedule: Schedule, half: bool = False) -> None:
        super().__init__()
        self.renderer, self.distance = renderer, distance
        self._schedule, self._half = schedule, half

    def forward(self, pair: Pair, edits: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss, and its weighted parts `warping`, `final` and `style`; `edits`: whether the editing network takes
        part."""
        source, own, windows, target = pair.both_directions()
        weights, middle = self._schedule, own.shape[-1] // 2
        with torch.autocast(source.device.type, torch.bfloat16, enabled=self._half):
            descriptor = self.renderer.descriptor(windows, own[..., middle])
            _, warped, z = self.renderer.warp(source, descriptor)
            away: Distance = self.distance(warped, target)
            parts = {"warping": weights.warping_weight * away.content}
            if edits:
                final: Distance = self.distance(self.renderer.editing(warped, source, z), target)
                parts["final"] = weights.final_weight * final.content
                parts["style"] = weights.style_weight * final.style
        return torch.stack(list(parts.values())).sum(), {name: part.detach() for name, part in parts.items()}
