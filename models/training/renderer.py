"""The two stages of the renderer (paper, section 4): warping on the known flow, then editing on pictures.

The paper trains everything in its second stage, because only pictures teach its flow. Here the flow is known, so that
the first stage settles the mapping and warping networks and the second trains the editing network alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from models.bundle import MANIFEST, open_bundle
from models.errors import TrainingDataError
from models.renderer import PRESETS, PIRenderer, load_renderer
from models.renderer.editing import blended
from models.renderer.pirenderer import Rendering
from models.training.batches import Batch
from models.training.losses import DETAIL_WEIGHT, editing_share, flow_loss, painting_loss, picture_loss
from models.training.material import Emphasis, Material
from models.training.run import Run, averaged_weights, fitting

LOG_EVERY, SAVE_EVERY, DRAW_EVERY = 100, 500, 1000
STATISTICS = 2000  # pairs that the coefficients' centre and scale are taken from
WARPED = Emphasis(
    {
        "browInnerUp": 0.15,
        "browDown": 0.05,
        "eyeBlink": 0.1,
        "jawOpen": 0.1,
        "mouthSmile": 0.05,
        "mouthPucker": 0.05,
    },
    still=True,  # a turning head drowns what lids and brows do
)
PAINTED = Emphasis({"eyeBlink": 0.3, "jawOpen": 0.45})


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


def train_warping(material: Material, out: Path, preset: str, schedule: Schedule) -> None:
    """Stage one: mapping and warping networks on the known flow alone."""
    renderer = _network(preset, material.device)
    _set_statistics(renderer, material.coefficients(STATISTICS))
    _adopt(renderer, schedule.start)
    parameters = [*renderer.mapping.parameters(), *renderer.warping.parameters()]
    run = Run(out, renderer, _adam(parameters))
    flow_of = torch.compile(renderer.flow) if schedule.compile else renderer.flow
    size = renderer.preset.warping.input_size
    for batch in material.batches(WARPED, schedule.batch_size, size, seed=run.step):
        if run.step >= schedule.steps:
            break
        with torch.autocast(material.device.type, torch.bfloat16):
            flow, _ = flow_of(batch.source, _descriptor(renderer, batch))
        loss = flow_loss(flow, batch)
        run.advance(loss, schedule.rate(run.step))
        if run.step % LOG_EVERY == 0:
            run.log(flow=loss.item())
        _housekeeping(run, batch, schedule.steps)


def train_editing(material: Material, out: Path, warping: Path, preset: str, schedule: Schedule) -> None:
    """Stage two: the editing network, on pictures; mapping and warping keep the averaged weights of stage one."""
    renderer = _network(preset, material.device)
    if not renderer.preset.editing.gated:
        raise TrainingDataError(
            f"preset {preset} has no gated editing network, and still photos teach no other: choose small or debug"
        )
    _adopt(renderer, schedule.start)
    trained = {name: value for name, value in averaged_weights(warping).items() if not name.startswith("editing.")}
    renderer.load_state_dict(renderer.state_dict() | trained)
    run = Run(out, renderer, _adam(renderer.editing.parameters()))
    warp = torch.compile(renderer.warp) if schedule.compile else renderer.warp
    paint = torch.compile(renderer.editing.paint) if schedule.compile else renderer.editing.paint
    size = renderer.preset.image_size
    for batch in material.batches(PAINTED, schedule.batch_size, size, seed=1_000_000 + run.step):
        if run.step >= schedule.steps:
            break
        with torch.autocast(material.device.type, torch.bfloat16):
            with torch.no_grad():
                _, warped, z = warp(batch.source, _descriptor(renderer, batch))
            painting, gate = paint(warped, batch.source, z)
        share = editing_share(batch)
        run.advance(painting_loss(painting.float(), gate.float(), batch.target, share), schedule.rate(run.step))
        if run.step % LOG_EVERY == 0:
            goal = torch.lerp(warped.float(), batch.target, share)
            image = blended(warped.float(), painting.float(), gate.float())
            weight = 1 + (DETAIL_WEIGHT - 1) * share
            run.log(
                image=picture_loss(image, goal, weight).item(),
                unedited=picture_loss(warped.float(), goal, weight).item(),
            )
        _housekeeping(run, batch, schedule.steps)


def _adam(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, betas=(0.5, 0.999), fused=True)


def _network(preset: str, device: torch.device) -> PIRenderer:
    renderer = PIRenderer(PRESETS[preset]).to(device)
    return renderer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster on a CPU


def _adopt(renderer: PIRenderer, earlier: Path | None) -> None:
    """Take the weights of an earlier run or of a bundle where name and shape agree; new layers stay fresh."""
    if earlier is None:
        return
    own = renderer.state_dict()
    is_bundle = (earlier / MANIFEST).is_file()
    adopted = fitting(load_renderer(open_bundle(earlier)).state_dict() if is_bundle else averaged_weights(earlier), own)
    if not adopted:
        raise TrainingDataError(f"nothing in {earlier} fits preset {renderer.preset.name}: choose one of that preset")
    renderer.load_state_dict(own | adopted)


def _descriptor(renderer: PIRenderer, batch: Batch) -> Tensor:
    """A still picture's descriptor: its vector repeated over the window."""
    windows = batch.target_coefficients[..., None].expand(-1, -1, renderer.preset.mapping.window)
    return renderer.descriptor(windows, batch.source_coefficients)


def _set_statistics(renderer: PIRenderer, values: np.ndarray) -> None:
    """Centre and scale of the coefficients, from pairs' own [N, 59]."""
    renderer.mean.copy_(torch.from_numpy(values.mean(0)))
    renderer.deviation.copy_(torch.from_numpy(values.std(0) + 0.05))  # rare sliders must not explode


def _housekeeping(run: Run, batch: Batch, steps: int) -> None:
    if run.step % SAVE_EVERY == 0 or run.step == steps:
        run.save()
    if run.step % DRAW_EVERY == 0 or run.step == steps:
        renderer = cast(PIRenderer, run.average.module)
        with torch.no_grad():
            rendering = renderer(batch.source, _descriptor(renderer, batch))
            draw(run.folder / f"step-{run.step:06d}.png", batch.source, batch.target, rendering)


def draw(file: Path, source: Tensor, target: Tensor, rendering: Rendering) -> None:
    """One row each: source, warped, final, target."""
    pictures = (source, rendering.warped, rendering.image, target)
    rows = [torch.cat(list(row[:8].cpu()), -1) for row in pictures]
    sheet = torch.cat(rows, -2).add(1).mul(127.5).clamp(0, 255).byte()
    Image.fromarray(sheet.permute(1, 2, 0).numpy()).save(file)
