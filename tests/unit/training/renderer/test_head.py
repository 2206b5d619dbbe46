"""Head stage of the renderer's training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import JsonValue

from models.renderer.head import RigidHead
from training.pairs.batches import PairBatch
from training.pairs.source import Emphasis, Inputs
from training.renderer.head import HeadLoss, HeadOptions, head_trainer
from training.renderer.stage import fresh_renderer, load_init_weights
from training.weights import averaged_weights


class Turning:
    """Batches of a head that is deeper than a fresh one, and that fills the picture."""

    device = torch.device("cpu")

    def __init__(self) -> None:
        self.inputs: Inputs = {}
        self.options: dict[str, JsonValue] = {}
        self.head = RigidHead().requires_grad_(False)
        self.head.depth.add_(0.08)
        self.head.hold.add_(3)

    def coefficients(self, count: int) -> np.ndarray:
        raise NotImplementedError

    def batches(self, emphasis: Emphasis, size: int, resolution: int, seed: int) -> Iterator[PairBatch]:
        generator = torch.Generator().manual_seed(seed)
        while True:
            source, target = (torch.zeros(size, 59) for _ in range(2))
            target[:, 53:55] = torch.rand(size, 2, generator=generator) * 0.8 - 0.4
            turn, follows = self.head(source[:, -6:], target[:, -6:], 64)
            picture, mask = torch.zeros(size, 3, resolution, resolution), torch.ones(size, 1, 128, 128)
            mesh = torch.ones(size, 1, 64, 64)
            flow = turn * follows.sigmoid() * 4
            yield PairBatch(picture, picture, source, target, flow, mesh, mask, mask)


@pytest.mark.slow
def test_the_head_behind_a_flow_is_found_and_a_renderer_starts_from_it(tmp_path: Path) -> None:
    source = Turning()
    head_trainer(source, tmp_path / "head", HeadOptions(100, 4, 2e-2)).train()
    found = averaged_weights(tmp_path / "head")
    middle = (0, 0, slice(12, 20), slice(12, 20))
    miss = (found["rigid_head.depth"] - source.head.depth)[middle].abs().mean()
    assert miss < 0.03, "a fresh head is 0.08 off"
    renderer = fresh_renderer("debug", source.device)
    load_init_weights(renderer, tmp_path / "head")
    assert renderer.rigid_head is not None
    assert torch.equal(renderer.rigid_head.depth, found["rigid_head.depth"])
    batch = next(source.batches(Emphasis(), 8, 32, seed=1))
    error = HeadLoss().flow_error
    with torch.no_grad():
        assert error(renderer.rigid_head, batch) < 0.6 * error(RigidHead(), batch)
