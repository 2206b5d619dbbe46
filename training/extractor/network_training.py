"""What the trainings of both networks of the extractor share: options, optimiser, recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.runtime import thread_count
from training.averaging import Growing
from training.extractor.samples import Batch, Draw, as_input, batches
from training.options import TrainingOptions, option
from training.run_folder import RunFolder
from training.schedules import CosineDecay
from training.trainer import Recipe, StepLoss, Trainer

SEEDS = 10**10
"""Between the samples of two seeds: no run draws more."""

Loss = Callable[[Any, Batch], dict[str, Tensor]]


@dataclass(frozen=True)
class ExtractorOptions(TrainingOptions):
    """What the trainings of both networks have.

    Attributes:
        batch_size: pictures a step.
        weight_decay: AdamW's, of matrices and kernels.
        averaging: what the average of the weights keeps of itself a step, once it has grown.
        workers: processes that draw samples.
        threads: of the network, on the CPU.
    """

    learning_rate: float = option(
        2e-3, "AdamW's, at full speed; it rises over 200 steps and falls along a cosine.", least=0
    )
    weight_decay: float = option(1e-2, "AdamW's, of matrices and kernels.", least=0)
    averaging: float = option(0.998, "What the average of the weights keeps of itself a step.", least=0, most=1)
    log_every: int = option(50)
    save_every: int = option(200)
    workers: int = option(1, "Processes that draw samples.", least=0, recorded=False)
    threads: int = option(thread_count(), "CPU threads of the network.", least=1, recorded=False)


def network_trainer(
    run: RunFolder,
    network: nn.Module,
    draw: Draw,
    loss: Loss,
    options: ExtractorOptions,
    *,
    finish: Callable[[nn.Module], None] | None = None,
    output_file: str = "",
    notes: Mapping[str, str] | None = None,
) -> Trainer[Batch]:
    """The trainer of a network.

    Args:
        network: takes a batch's `picture` (uint8 [N, H, W, 3], turned into [-1, 1] [N, 3, H, W]); returns a tuple.
        draw: sample number -> a dictionary of arrays, among them `picture`.
        loss: (network's output, batch) -> named losses, whose sum is minimised.
        finish, product: called with the averaged network in the end; the file that it writes.
        notes: further lines of the plan.
    """
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    learnt = [p for p in network.parameters() if p.requires_grad]
    decayed, others = [p for p in learnt if p.ndim > 1], [p for p in learnt if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": options.weight_decay}, {"params": others, "weight_decay": 0.0}]

    def drawn(step: int) -> Iterator[Batch]:
        return batches(seeded(draw, options.seed), options.batch_size, range(step, options.steps), options.workers)

    def step_loss(batch: Batch, _: int) -> StepLoss:
        picture = as_input(batch["picture"])
        with torch.autocast("cpu", torch.bfloat16):  # half the time of float32 where a CPU has the instructions
            output = network(picture)
        losses = loss(tuple(value.float() for value in output), batch)
        return StepLoss(torch.stack(list(losses.values())).sum(), losses)

    recipe = Recipe(
        step_loss,
        drawn,
        CosineDecay(options.learning_rate, options.steps),
        Growing(options.averaging, lag=10, replaces_first=False),
        finish=finish,
        output_files=[output_file] if output_file else [],
        notes=notes or {},
    )
    return Trainer(run, network, torch.optim.AdamW(groups, lr=options.learning_rate), recipe, options)


def seeded(draw: Draw, seed: int) -> Draw:
    """The samples of a seed, numbered from 0."""
    return draw if seed == 0 else lambda number: draw(seed * SEEDS + number)


def first_pictures(draw: Draw, count: int) -> Iterator[Tensor]:
    """One batch of `count` training pictures."""
    yield as_input(torch.from_numpy(np.stack([draw(number)["picture"] for number in range(count)])))
