"""The two stages of the renderer (paper, section 4): warping on the known flow, then editing on pictures.

The paper trains everything in its second stage, because only pictures teach its flow. Here the flow is known, so that
the first stage settles the mapping and warping networks and the second trains the editing network alone.
`training.renderer.refinement` then trains all of them together.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from models.errors import TrainingDataError
from models.renderer import PIRenderer
from models.renderer.editing import blended
from training.pairs.source import Emphasis, Material
from training.renderer.losses import DETAIL_WEIGHT, editing_share, flow_loss, painting_loss, picture_loss
from training.renderer.stage import LOG_EVERY, Schedule, adam, adopt_weights, descriptor, fresh_renderer, remaining
from training.run import Run, averaged_weights

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


def train_warping(material: Material, out: Path, preset: str, schedule: Schedule) -> None:
    """Stage one: mapping and warping networks on the known flow alone."""
    renderer = fresh_renderer(preset, material.device)
    _set_statistics(renderer, material.coefficients(STATISTICS))
    adopt_weights(renderer, schedule.start)
    run = Run(out, renderer, adam([*renderer.mapping.parameters(), *renderer.warping.parameters()]))
    flow_of = torch.compile(renderer.flow) if schedule.compile else renderer.flow
    size = renderer.preset.warping.input_size
    batches = material.batches(WARPED, schedule.batch_size, size, seed=run.step)
    for batch in remaining(run, batches, schedule):
        with torch.autocast(material.device.type, torch.bfloat16):
            flow, _ = flow_of(batch.source, descriptor(renderer, batch))
        loss = flow_loss(flow, batch)
        run.advance(loss, schedule.rate(run.step))
        if run.step % LOG_EVERY == 0:
            run.log(flow=loss.item())


def train_editing(material: Material, out: Path, warping: Path, preset: str, schedule: Schedule) -> None:
    """Stage two: the editing network, on pictures; mapping and warping keep the averaged weights of stage one."""
    renderer = fresh_renderer(preset, material.device)
    require_gate(renderer)
    adopt_weights(renderer, schedule.start)
    trained = {name: value for name, value in averaged_weights(warping).items() if not name.startswith("editing.")}
    renderer.load_state_dict(renderer.state_dict() | trained)
    run = Run(out, renderer, adam(renderer.editing.parameters()))
    warp = torch.compile(renderer.warp) if schedule.compile else renderer.warp
    paint = torch.compile(renderer.editing.paint) if schedule.compile else renderer.editing.paint
    size = renderer.preset.image_size
    batches = material.batches(PAINTED, schedule.batch_size, size, seed=1_000_000 + run.step)
    for batch in remaining(run, batches, schedule):
        with torch.autocast(material.device.type, torch.bfloat16):
            with torch.no_grad():
                _, warped, z = warp(batch.source, descriptor(renderer, batch))
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


def require_gate(renderer: PIRenderer) -> None:
    """Raises TrainingDataError for a renderer that cannot be told where to paint."""
    if not renderer.preset.editing.gated:
        raise TrainingDataError(
            f"preset {renderer.preset.name} has no gated editing network, and still photos teach no other: choose "
            "small or debug"
        )


def _set_statistics(renderer: PIRenderer, values: np.ndarray) -> None:
    """Centre and scale of the coefficients, from pairs' own [N, 59]."""
    renderer.mean.copy_(torch.from_numpy(values.mean(0)))
    renderer.deviation.copy_(torch.from_numpy(values.std(0) + 0.05))  # rare sliders must not explode
