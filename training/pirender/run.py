"""The state of a published training: weights, optimiser, average, step. The same command resumes."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.errors import TrainingDataError
from models.renderer import PIRenderer


class PublishedRun:
    """Everything that a step changes. One process writes; all of them read when a run resumes.

    Args:
        folder: of `state.pt`, `log.jsonl`, `step-*.png`.
        renderer: trained in place.
        optimiser: of its parameters.
        averaging: what the average keeps of itself a step (0.5^(32/10000) is published).
        device: where the state goes when it is restored.
    """

    def __init__(
        self,
        folder: Path,
        renderer: PIRenderer,
        optimiser: torch.optim.Optimizer,
        averaging: float,
        device: torch.device,
    ) -> None:
        self.folder, self.renderer, self.optimiser, self._averaging = folder, renderer, optimiser, averaging
        self.average = copy.deepcopy(renderer).eval().requires_grad_(False)
        self.step = 0
        self._began = time.monotonic()
        if (folder / "state.pt").exists():
            state = torch.load(folder / "state.pt", map_location=device, weights_only=True)
            if state["preset"] != renderer.preset.name:
                raise TrainingDataError(f"{folder} holds a run of preset {state['preset']}: choose another --out")
            renderer.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            optimiser.load_state_dict(state["optimiser"])
            self.step = state["step"]

    def advance(self, loss: torch.Tensor, rate: float) -> None:
        """One step of Adam, and of the average."""
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss became {loss.item()} at step {self.step}: lower --learning-rate")
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        with torch.no_grad():
            for kept, now in zip(self.average.parameters(), self.renderer.parameters(), strict=True):
                kept.lerp_(now, 1 - self._averaging)
        self.step += 1

    def save(self) -> None:
        """Write the state; an interruption leaves the previous one."""
        partial = self.folder / "state.partial"
        state: dict[str, Any] = {
            "preset": self.renderer.preset.name,
            "model": self.renderer.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }
        torch.save(state, partial)
        partial.rename(self.folder / "state.pt")

    def log(self, figures: Mapping[str, float]) -> None:
        """Append a line to `log.jsonl` and print it."""
        record = {"step": self.step, "seconds": round(time.monotonic() - self._began, 1)}
        record |= {name: float(f"{value:.5g}") for name, value in figures.items()}
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(record) + "\n")
        print(record, flush=True)  # noqa: T201  (the run's own progress)


def averaged_renderer(folder: Path, renderer: nn.Module) -> None:
    """Fill `renderer` with the averaged weights of a run. Raises TrainingDataError where there is no state."""
    if not (folder / "state.pt").exists():
        raise TrainingDataError(f"{folder} holds no state.pt: train it first")
    renderer.load_state_dict(torch.load(folder / "state.pt", map_location="cpu", weights_only=True)["average"])
