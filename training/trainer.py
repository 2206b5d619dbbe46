"""The one training loop: what a step minimises, how fast and on which batches is given to it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from models.errors import DivergenceError
from training.averaging import Decay, WeightAverage
from training.options import TrainingOptions
from training.plan import described, printed
from training.run_folder import RunFolder
from training.schedules import LearningRate

B = TypeVar("B")

GRADIENT_NORM = 5.0

Figures = Mapping[str, float]


@dataclass(frozen=True)
class StepLoss:
    """What a step minimises, and what is logged of it.

    Attributes:
        total: the loss, a scalar with gradients.
        parts: figures whose means since the last line are logged.
        at_log: called with the averaged model where a line is logged: figures too dear for every step.
    """

    total: Tensor
    parts: Mapping[str, Tensor] = field(default_factory=dict)
    at_log: Callable[[nn.Module], Figures] | None = None


@dataclass(frozen=True)
class Recipe(Generic[B]):
    """How a model is trained.

    Attributes:
        loss: a batch and the number of steps before it -> the step's loss.
        batches: the number of steps before -> the batches from there on.
        learning_rate: by the number of steps before.
        decay: of the average of the weights.
        clip: largest norm of the gradient; None leaves it alone.
        draw: called with the averaged model, a batch and a file, to draw what the model makes of it.
        draw_every: steps.
        log_callbacks: called with the step and the figures of every line of the log.
        finish: called with the averaged model once all steps are made.
        products: files that `finish` writes into the run's folder.
        notes: further lines of the plan, by title.
    """

    loss: Callable[[B, int], StepLoss]
    batches: Callable[[int], Iterator[B]]
    learning_rate: LearningRate
    decay: Decay
    clip: float | None = GRADIENT_NORM
    draw: Callable[[nn.Module, B, Path], None] | None = None
    draw_every: int = 1000
    log_callbacks: Sequence[Callable[[int, Figures], None]] = ()
    finish: Callable[[nn.Module], None] | None = None
    output_files: Sequence[str] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


class Trainer(Generic[B]):
    """Trains a model and keeps its state in a run's folder. The same call resumes where the last one stopped.

    Args:
        run: the folder; a state in it is restored.
        model: trained in place.
        optimiser: of the parameters that are trained.
        leads: whether this process writes. Of several that train together, one does.
    """

    def __init__(
        self,
        run: RunFolder,
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        recipe: Recipe[B],
        options: TrainingOptions,
        *,
        leads: bool = True,
    ) -> None:
        self.run, self.model, self.optimiser, self.recipe, self.options = run, model, optimiser, recipe, options
        self.average = WeightAverage(model, recipe.decay)
        self.step = 0
        self._leads = leads
        self._sums: dict[str, Tensor | float] = defaultdict(float)
        self._counted = 0
        if (state := run.load()) is not None:
            model.load_state_dict(state["model"])
            self.average.model.load_state_dict(state["average"])
            optimiser.load_state_dict(state["optimiser"])
            self.step = state["step"]

    def train(self) -> nn.Module:
        """Make the steps that are left; returns the averaged model.

        Raises:
            DivergenceError: the loss is not finite.
        """
        began = time.monotonic()
        self.model.train()
        batches = self._batches()
        if self._leads:
            self.run.begin(self.step)
        while self.step < self.options.steps:
            batch = next(batches)
            loss = self.recipe.loss(batch, self.step)
            self.advance(loss.total)
            if self._leads:
                self._keep(batch, loss, began)
        if self._leads and self.recipe.finish is not None:
            self.recipe.finish(self.average.model)
        return self.average.model

    def advance(self, loss: Tensor) -> None:
        """One step of the optimiser, and of the average. Raises DivergenceError for a loss that is not finite."""
        if not torch.isfinite(loss):
            raise DivergenceError(f"the loss became {loss.item()} at step {self.step}: lower --learning-rate")
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.learning_rate(self.step)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if self.recipe.clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.optimiser.step()
        self.step += 1
        self.average.update(self.step)

    def save(self) -> None:
        """Write the state."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }
        self.run.save(state)

    def plan(self) -> str:
        """What `train` would do, after one batch was drawn; nothing is written."""
        left = max(self.options.steps - self.step, 0)
        self._batches()
        trained = sum(p.numel() for group in self.optimiser.param_groups for p in group["params"])
        held = sum(p.numel() for p in self.model.parameters())
        device = next(self.model.parameters()).device
        state = f"resumes at step {self.step}" if self.run.has_state else "new"
        pictures = ["step-*.png"] if self.recipe.draw is not None else []
        files = " ".join(("run.json", "log.jsonl", "state.pt", *pictures, *self.recipe.output_files))
        lines = {
            "command": self.run.record.command,
            **{f"reads {name}": described(data) for name, data in self.run.record.data.items()},
            "network": f"{type(self.model).__name__}, {held / 1e6:.1f} M parameters, {trained / 1e6:.1f} M trained",
            "device": str(device),
            "steps": f"{self.options.steps}, {left} to go, from as many batches of {self.options.batch_size}",
            "rate": str(self.recipe.learning_rate),
            "average": str(self.recipe.decay),
            **self.recipe.notes,
            "options": ", ".join(f"{name} {value}" for name, value in self.run.record.options.items()),
            "writes": f"{self.run.path}: {files} ({state})",
        }
        return printed(lines)

    def _batches(self) -> Iterator[B]:
        """The batches of the steps that are left. The first is drawn at once: data that is missing leaves no folder."""
        if self.step >= self.options.steps:
            return iter(())
        batches = self.recipe.batches(self.step)
        return chain([next(batches)], batches)

    def _keep(self, batch: B, loss: StepLoss, began: float) -> None:
        """Log, save and draw, where this step is one to do so."""
        done = self.step == self.options.steps
        for name, value in {"loss": loss.total, **loss.parts}.items():
            self._sums[name] = self._sums[name] + value.detach().double()  # as a tensor: no wait for a GPU
        self._counted += 1
        if self.step % self.options.log_every == 0:
            figures = {name: float(total) / self._counted for name, total in self._sums.items()}
            self._log(figures | dict(loss.at_log(self.average.model) if loss.at_log else {}), began)
        if self.step % self.options.save_every == 0 or done:
            self.save()
        if self.recipe.draw is not None and (self.step % self.recipe.draw_every == 0 or done):
            with torch.no_grad():
                self.recipe.draw(self.average.model, batch, self.run.path / f"step-{self.step:06d}.png")

    def _log(self, figures: Figures, began: float) -> None:
        shown = {name: float(f"{value:.5g}") for name, value in figures.items()}
        self.run.log({"step": self.step, "seconds": round(time.monotonic() - began, 1)} | shown)
        for callback in self.recipe.log_callbacks:
            callback(self.step, shown)
        self._sums.clear()
        self._counted = 0
