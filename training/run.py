"""The state of a training run on disk: weights, optimiser, average, step. The same command resumes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.errors import TrainingDataError

EMA_DECAY = 0.999


@dataclass
class Run:
    """One training stage in a folder of its own: `state.pt` (resumable), `log.jsonl`, `step-*.png`.

    Args:
        folder: made when missing.
        model: trained in place; restored when the folder holds a state.
        optimiser: likewise.
    """

    folder: Path
    model: nn.Module
    optimiser: torch.optim.Optimizer

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.average = torch.optim.swa_utils.AveragedModel(self.model, avg_fn=_average, use_buffers=True)
        self.step = 0
        self._began = time.monotonic()
        if self.state_file.exists():
            self._restore()

    @property
    def state_file(self) -> Path:
        return self.folder / "state.pt"

    def _restore(self) -> None:
        state = torch.load(self.state_file, map_location="cpu", weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]

    def save(self) -> None:
        """Write the state; an interruption leaves the previous one."""
        partial = self.state_file.with_suffix(".partial")
        state: dict[str, Any] = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }
        torch.save(state, partial)
        partial.rename(self.state_file)

    def advance(self, loss: torch.Tensor, learning_rate: float) -> None:
        """One optimiser step on `loss`; a loss that is not finite stops the run."""
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss became {loss.item()} at step {self.step}: lower --learning-rate")
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        self.average.update_parameters(self.model)
        self.step += 1

    def log(self, **figures: float) -> None:
        """Append a line to `log.jsonl` and print it."""
        record = {"step": self.step, "seconds": round(time.monotonic() - self._began, 1)}
        record |= {name: round(value, 5) for name, value in figures.items()}
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(record) + "\n")
        print(record, flush=True)  # noqa: T201  (the run's own progress)


def _average(average: torch.Tensor, current: torch.Tensor, count: torch.Tensor | int) -> torch.Tensor:
    """Exponential moving average whose memory grows with the run, so that it soon forgets the initial weights."""
    return torch.lerp(average, current, 1 - min(EMA_DECAY, (1 + float(count)) / (10 + float(count))))


def averaged_weights(folder: Path) -> dict[str, torch.Tensor]:
    """The averaged weights of a run, by tensor name. Raises TrainingDataError where there is no state."""
    file = folder / "state.pt"
    if not file.exists():
        raise TrainingDataError(f"{folder} holds no state.pt: train it first")
    average = torch.load(file, map_location="cpu", weights_only=True)["average"]
    return {name.removeprefix("module."): value for name, value in average.items() if name.startswith("module.")}


def load_averaged(folder: Path, network: nn.Module, preset: str) -> None:
    """Give `network`, of that preset, the averaged weights of a run.

    Raises:
        TrainingDataError: the run has no state, or one that does not fit.
    """
    weights, own = averaged_weights(folder), network.state_dict()
    taken = fitting(weights, own)
    if unlike := sorted((weights.keys() | own.keys()) - taken.keys()):
        raise TrainingDataError(
            f"the weights in {folder} do not fit the preset {preset} (the first that differs is {unlike[0]}): name the "
            "preset that the run was trained with"
        )
    network.load_state_dict(taken)


def fitting(weights: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Those of an earlier network's `weights` that a network with the tensors `own` can take: same name and shape."""
    return {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
