"""What the stages of the renderer's training share: the schedule, the network they begin with, and their steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from models.bundle import MANIFEST, load_renderer, open_bundle
from models.errors import TrainingDataError
from models.renderer import PRESETS, PIRenderer
from models.renderer.pirenderer import Rendering
from training.pairs.batches import Batch
from training.run import Run, averaged_weights, fitting

LOG_EVERY, SAVE_EVERY, DRAW_EVERY = 100, 500, 1000


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a stage trains.

    Attributes:
        steps: optimiser steps in all; a resumed run counts the ones it has made.
        batch_size: pairs a step; half of them are used backwards.
        learning_rate: Adam's, at full speed.
        compile: fuse the networks with `torch.compile`: minutes at the start, about a third faster after.
        start: folder of an earlier run, or of a bundle, whose weights a fresh run takes, where they fit.
    """

    steps: int
    batch_size: int
    learning_rate: float = 3e-4
    compile: bool = False
    start: Path | None = None

    def rate(self, step: int) -> float:
        """Learning rate of a step: a short warm-up, full speed for 60 % of the run, then a straight line to 2 %."""
        fall = 0.02 + 0.98 * (self.steps - step) / (0.4 * self.steps)
        return self.learning_rate * min(1.0, fall, (step + 1) / 200)


def fresh_renderer(preset: str, device: torch.device) -> PIRenderer:
    """An untrained renderer in the memory layout that is faster on a CPU."""
    renderer = PIRenderer(PRESETS[preset]).to(device)
    return renderer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def adopt_weights(renderer: PIRenderer, earlier: Path | None) -> None:
    """Take the weights of an earlier run or of a bundle where name and shape agree; new layers stay fresh.

    Raises:
        TrainingDataError: nothing fits.
    """
    if earlier is None:
        return
    own = renderer.state_dict()
    is_bundle = (earlier / MANIFEST).is_file()
    adopted = fitting(load_renderer(open_bundle(earlier)).state_dict() if is_bundle else averaged_weights(earlier), own)
    if not adopted:
        raise TrainingDataError(f"nothing in {earlier} fits preset {renderer.preset.name}: choose one of that preset")
    renderer.load_state_dict(own | adopted)


def adam(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The paper's optimiser."""
    return torch.optim.Adam(parameters, betas=(0.5, 0.999), fused=True)


def descriptor(renderer: PIRenderer, batch: Batch) -> Tensor:
    """A still picture's descriptor: its vector repeated over the window."""
    windows = batch.target_coefficients[..., None].expand(-1, -1, renderer.preset.mapping.window)
    return renderer.descriptor(windows, batch.source_coefficients)


def remaining(run: Run, batches: Iterable[Batch], schedule: Schedule) -> Iterator[Batch]:
    """Batches until `run`, which the caller advances by one step with each, has made all of the schedule's.

    Between steps the run is saved, and a renderer draws what it makes of the last batch.
    """
    for batch in batches:
        if run.step >= schedule.steps:
            return
        yield batch
        done = run.step == schedule.steps
        if run.step % SAVE_EVERY == 0 or done:
            run.save()
        renderer = run.average.module
        if isinstance(renderer, PIRenderer) and (run.step % DRAW_EVERY == 0 or done):
            with torch.no_grad():
                rendering = renderer(batch.source, descriptor(renderer, batch))
            draw(run.folder / f"step-{run.step:06d}.png", batch.source, batch.target, rendering)


def draw(file: Path, source: Tensor, target: Tensor, rendering: Rendering) -> None:
    """One row each: source, warped, final, target."""
    pictures = (source, rendering.warped, rendering.image, target)
    rows = [torch.cat(list(row[:8].cpu()), -1) for row in pictures]
    sheet = torch.cat(rows, -2).add(1).mul(127.5).clamp(0, 255).byte()
    Image.fromarray(sheet.permute(1, 2, 0).numpy()).save(file)
