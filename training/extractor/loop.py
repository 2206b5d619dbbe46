"""The training loop of both networks: resumable, with an exponential moving average of the weights."""

from __future__ import annotations

import copy
import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

logger = logging.getLogger(__name__)

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: `steps` batches of `batch` samples, warm-up to `rate`, then a cosine down to nothing."""

    steps: int
    batch: int
    rate: float = 2e-3
    warmup: int = 200
    weight_decay: float = 1e-2
    averaging: float = 0.998  # decay of the moving average that is exported
    save_every: int = 200

    def learning_rate(self, step: int) -> float:
        """Learning rate of a step."""
        progress = min(step / self.steps, 1.0)
        cosine = 0.5 * (1 + float(torch.cos(torch.tensor(progress * torch.pi))))
        return self.rate * min((step + 1) / self.warmup, 1.0) * cosine


def as_input(pictures: Tensor) -> Tensor:
    """uint8 [N, H, W, 3] -> [N, 3, H, W] in [-1, 1]; NHWC in memory, the fast layout on a CPU."""
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1


class _Steps(Dataset[Any]):
    """Samples from `start` on; their numbers seed them, so that a resumed run draws what an unbroken one would have."""

    def __init__(self, draw: Callable[[int], Any], start: int, end: int) -> None:
        self._draw, self._start, self._length = draw, start, end - start

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Any:
        return self._draw(self._start + index)


class Trainer:
    """Trains `network` and keeps its state in `out`; the same command resumes where the last one stopped.

    Args:
        network: takes a batch's `picture` (uint8 [N, H, W, 3], turned into [-1, 1] [N, 3, H, W]); answers a tuple.
        draw: sample number -> a dictionary of arrays, among them `picture`.
        loss: (network's output, batch) -> named losses, whose sum is minimised.
        out: folder of `state.pt` and `log.jsonl`.
    """

    def __init__(
        self,
        network: nn.Module,
        draw: Callable[[int], Any],
        loss: Callable[[Any, Batch], dict[str, Tensor]],
        schedule: Schedule,
        out: Path,
    ) -> None:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network, self._draw, self._loss, self._schedule, self._out = network, draw, loss, schedule, out
        self._average = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
        learnt = [p for p in network.parameters() if p.requires_grad]
        decayed = [p for p in learnt if p.ndim > 1]
        others = [p for p in learnt if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": schedule.weight_decay}, {"params": others, "weight_decay": 0.0}]
        self._optimiser = torch.optim.AdamW(groups, lr=schedule.rate)
        self._step = 0
        out.mkdir(parents=True, exist_ok=True)
        self._resume()

    def run(self, workers: int = 1) -> nn.Module:
        """Train to the end of the schedule; returns the averaged network in evaluation mode."""
        self._network.train()
        started, sums = time.monotonic(), defaultdict[str, float](float)
        for batch in self._batches(workers):
            for name, value in self._train(batch).items():
                sums[name] += value
            if self._step % 50 == 0:
                self._log({name: value / 50 for name, value in sums.items()}, started)
                sums.clear()
            if self._step % self._schedule.save_every == 0:
                self._save()
        self._save()
        return self._average

    def _batches(self, workers: int) -> Iterator[Batch]:
        schedule = self._schedule
        samples = _Steps(self._draw, self._step * schedule.batch, schedule.steps * schedule.batch)
        return iter(DataLoader(samples, schedule.batch, num_workers=workers, drop_last=True))

    def _train(self, batch: Batch) -> dict[str, float]:
        for group in self._optimiser.param_groups:
            group["lr"] = self._schedule.learning_rate(self._step)
        picture = as_input(batch["picture"])
        with torch.autocast("cpu", torch.bfloat16):  # half the time of float32 where a CPU has the instructions
            output = self._network(picture)
        losses = self._loss(tuple(value.float() for value in output), batch)
        self._optimiser.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimiser.step()
        self._step += 1
        self._follow()
        return {name: float(value.detach()) for name, value in losses.items()}

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self._schedule.averaging, self._step / (self._step + 10))
        new = self._network.state_dict()
        for name, value in self._average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(new[name], 1 - decay)
            else:
                value.copy_(new[name])

    def _log(self, losses: dict[str, float], started: float) -> None:
        line = {"step": self._step, "seconds": round(time.monotonic() - started, 1)}
        line |= {name: round(value, 5) for name, value in losses.items()}
        with (self._out / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        logger.info("%s", line)

    def _save(self) -> None:
        state = {
            "step": self._step,
            "network": self._network.state_dict(),
            "average": self._average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }
        partial = self._out / "state.partial"
        torch.save(state, partial)
        partial.replace(self._out / "state.pt")  # a killed run leaves the last whole state behind

    def _resume(self) -> None:
        path = self._out / "state.pt"
        if not path.is_file():
            return
        state = torch.load(path, weights_only=True)
        self._step = state["step"]
        self._network.load_state_dict(state["network"])
        self._average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        logger.info("resumed at step %d", self._step)
