"""One of two processes, started by the test: the gradients of the first step, as the training loop gets them."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from datasets.clip_store import ClipStore
from models.renderer import PRESETS
from training.pirender.losses import PyramidDistance
from training.pirender.objective import Objective
from training.pirender.pair_training import across, fresh_renderer
from training.pirender.pairs import PairDataset, pairs
from training.pirender.processes import joined
from training.pirender.schedule import chosen


def first_gradients(store: Path) -> list[dict[str, torch.Tensor]]:
    """Gradients of the first step of either stage, of a fresh renderer, by name; the same in every process."""
    torch.set_num_threads(1)
    schedule = chosen("trial", {"warping_steps": 1, "batch_size": 2})
    found = []
    with joined() as processes:
        dataset = PairDataset(ClipStore(store), PRESETS[schedule.preset], seed=0)
        count = schedule.pairs_of_each(processes.count)
        for step in (0, 1):
            renderer = fresh_renderer(schedule.preset, dataset, seed=0)
            shared = across(Objective(renderer, PyramidDistance(), schedule), processes)
            pair = next(pairs(dataset, count, processes.rank, processes.count, step, workers=0))
            assert len(pair.first) == count
            loss, _ = shared(pair, schedule.edits(step))
            loss.backward()
            named = renderer.named_parameters()
            found.append({name: p.grad for name, p in named if p.grad is not None and p.grad.any()})
    return found


if __name__ == "__main__":
    torch.save(first_gradients(Path(sys.argv[1])), sys.argv[2])
