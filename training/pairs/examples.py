"""Pairs as the trainer takes them: flow and masks reduced to their sizes, some pairs turned round."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from models.face3d.retarget import RetargetedBatch
from training.pairs import shards
from training.pairs.batches import PairBatch
from training.pairs.shards import FLOW_SIZE, MASK_SIZE, SIZE


def reduced(pair: RetargetedBatch) -> dict[str, Tensor]:
    """The flows and masks with the sizes of `training.pairs.shards.FIELDS`, float32 and bool, a batch of each.

    Flows are in pixels of 256, whatever the pictures' side.
    """
    scale = SIZE / pair.flow.shape[-1]

    def flow(value: Tensor) -> Tensor:
        return F.interpolate(value, (FLOW_SIZE, FLOW_SIZE), mode="area") * scale

    def mask(value: Tensor, size: int) -> Tensor:
        return F.interpolate(value[:, None].float(), (size, size), mode="nearest")[:, 0] > 0

    def whole(value: Tensor) -> Tensor:
        return F.interpolate(value[:, None].float(), (MASK_SIZE, MASK_SIZE), mode="area")[:, 0] > 0.99

    return shards.reduced(pair, flow, mask, whole)


def examples(
    photo: Tensor,
    source_coefficients: Tensor,
    target_coefficients: Tensor,
    pair: RetargetedBatch,
    backwards: Tensor,
    resolution: int,
) -> PairBatch:
    """A training batch of B pairs, on their device; not mirrored, perturbed or re-lit.

    Args:
        photo: the sources, uint8 [B, 3, S, S].
        source_coefficients, target_coefficients: [B, 59].
        backwards: bool [B], pairs whose target is the photo and whose source is the generated picture.
        resolution: side of the batch's pictures, in pixels.
    """
    small = reduced(pair)

    def chosen(forth: Tensor, back: Tensor) -> Tensor:
        return torch.where(backwards.view(-1, *[1] * (forth.dim() - 1)), back, forth)

    def picture(value: Tensor) -> Tensor:
        value = value.float()
        if value.shape[-1] != resolution:
            value = F.interpolate(value, (resolution, resolution), mode="area")
        return value / 127.5 - 1

    def mask(name: str) -> Tensor:
        return chosen(small[name], small[f"reverse_{name}"])[:, None].float()

    here, there = picture(photo), picture(pair.picture)
    return PairBatch(
        source=chosen(here, there),
        target=chosen(there, here),
        source_coefficients=chosen(source_coefficients, target_coefficients),
        target_coefficients=chosen(target_coefficients, source_coefficients),
        flow=chosen(small["flow"], small["reverse_flow"]),
        mesh=mask("mesh"),
        reliable=mask("reliable"),
        detail=mask("detail"),
    )
