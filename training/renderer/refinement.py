"""Stage three: all networks together, until the extractor reads in a rendered picture what it reads in the target.

The first two stages know a pair's flow and its picture, both of a fitted mesh. What a fit hardly says, a squint or the
corners of a mouth, they hardly teach. Here half of every batch are two real pictures of one person, whose coefficients
are what the extractor reads in them, as when a video is reenacted.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from models.face3d.landmark_mesh import EXPRESSIONS
from models.renderer.editing import blended
from training.pairs.batches import Batch
from training.pairs.source import Emphasis, Material
from training.renderer.extractor_loss import Reader, reading_loss
from training.renderer.losses import editing_share, flow_loss, painting_loss
from training.renderer.stage import LOG_EVERY, Schedule, adam, adopt_weights, descriptor, fresh_renderer, remaining
from training.renderer.stages import require_gate
from training.run import Run

REFINED = Emphasis(
    {
        "jawOpen": 0.1,
        "eyeBlink": 0.1,
        "browInnerUp": 0.1,
        "mouthPucker": 0.05,
        "mouthSmile": 0.05,
        "mouthFrown": 0.04,
        "eyeSquint": 0.04,
        "eyeWide": 0.03,
        "eyeLookIn": 0.04,
        "eyeLookOut": 0.04,
        "eyeLookUp": 0.03,
        "eyeLookDown": 0.02,
    },
    still=True,
)


def train_refinement(
    generated: Material, real: Material, extractor: Path, out: Path, editing: Path, preset: str, schedule: Schedule
) -> None:
    """Train on from `editing`, the run of stage two or a bundle.

    Args:
        generated: pairs whose coefficients are known; half of each batch.
        real: pairs of two real pictures.
        extractor: the trained regressor, a bundle's `extractor.onnx` or a run's `state.pt`.

    Raises:
        TrainingDataError: the preset cannot be told where to paint, or a file is of something else.
    """
    renderer = fresh_renderer(preset, generated.device)
    require_gate(renderer)
    adopt_weights(renderer, editing)
    run = Run(out, renderer, adam(renderer.parameters()))
    flow_of = torch.compile(renderer.flow) if schedule.compile else renderer.flow
    paint = torch.compile(renderer.editing.paint) if schedule.compile else renderer.editing.paint
    size, known = renderer.preset.image_size, schedule.batch_size - schedule.batch_size // 2
    reader = Reader.load(extractor, next(generated.batches(REFINED, schedule.batch_size, size, seed=0)).source)
    streams = (
        generated.batches(REFINED, known, size, seed=3_000_000 + run.step),
        real.batches(Emphasis(), schedule.batch_size - known, size, seed=4_000_000 + run.step),
    )
    sums = defaultdict[str, float](float)
    for batch in remaining(run, map(_joined, *streams), schedule):
        with torch.no_grad():
            wanted, source = reader.read(batch.target), reader.read(batch.source[known:]).bounded
            target = wanted.bounded[known:]
            asked = _as_read(batch, source, target)
        with torch.autocast(generated.device.type, torch.bfloat16):
            flow, z = flow_of(batch.source, descriptor(renderer, asked))
            warped = renderer.move(batch.source, flow)
            painting, gate = paint(warped, batch.source, z)
        found = reader.read(blended(warped.float(), painting.float(), gate.float()))
        losses = {
            "flow": flow_loss(flow, batch),
            "painting": painting_loss(painting.float(), gate.float(), batch.target, editing_share(batch)),
            "reading": reading_loss(found, wanted),
        }
        run.advance(torch.stack(list(losses.values())).sum(), schedule.rate(run.step))
        figures = {name: loss.item() for name, loss in losses.items()}
        figures |= {"real": _distance(found.bounded[known:], target), "copied": _distance(source, target)}
        for name, value in figures.items():
            sums[name] += value
        if run.step % LOG_EVERY == 0:
            run.log(**{name: total / LOG_EVERY for name, total in sums.items()})
            sums.clear()


def _joined(first: Batch, second: Batch) -> Batch:
    return Batch(**{name: torch.cat([value, getattr(second, name)]) for name, value in vars(first).items()})


def _as_read(batch: Batch, source: Tensor, target: Tensor) -> Batch:
    """The batch with what was read in its last rows' pictures, [R, 59] each, in place of their coefficients."""
    known = len(batch.source) - len(source)
    return replace(
        batch,
        source_coefficients=torch.cat([batch.source_coefficients[:known], source]),
        target_coefficients=torch.cat([batch.target_coefficients[:known], target]),
    )


def _distance(found: Tensor, wanted: Tensor) -> float:
    """AED of coefficients [R, 59]."""
    return (found - wanted)[:, :EXPRESSIONS].abs().mean().item()
