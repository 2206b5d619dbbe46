"""One of two processes, started by the test: the gradients of the first step, as the training loop gets them."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from models.renderer import PRESETS
from models.training.published.loop import across, fresh_renderer
from models.training.published.losses import PyramidDistance
from models.training.published.objective import Objective
from models.training.published.pairs import PairDataset, pairs
from models.training.published.processes import joined
from models.training.published.schedule import chosen
from models.training.published.store import ClipStore


def first_gradients(store: Path, step: int) -> dict[str, torch.Tensor]:
    """Gradients of step `step` of a fresh renderer by name, the same in every process."""
    torch.set_num_threads(1)
    schedule = chosen("trial", {"warping_steps": 1, "batch_size": 2})
    with joined() as processes:
        dataset = PairDataset(ClipStore(store), PRESETS[schedule.preset], seed=0)
        renderer = fresh_renderer(schedule.preset, dataset, seed=0)
        shared = across(Objective(renderer, PyramidDistance(), schedule), processes)
        share = schedule.share(processes.count)
        pair = next(pairs(dataset, share, processes.rank, processes.count, step, workers=0))
        assert len(pair.first) == share
        loss, _ = shared(pair, schedule.edits(step))
        loss.backward()
        return {name: p.grad for name, p in renderer.named_parameters() if p.grad is not None and p.grad.any()}


if __name__ == "__main__":
    gradients = first_gradients(Path(sys.argv[1]), int(sys.argv[2]))
    torch.save(gradients, sys.argv[3])
