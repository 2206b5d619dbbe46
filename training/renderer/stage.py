"""What the stages of the renderer's training share: options, the network they begin with, and their recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from models.bundle import MANIFEST, load_renderer, open_bundle
from models.errors import TrainingDataError
from models.renderer import PRESETS, PIRenderer
from models.renderer.pirenderer import Rendering
from training.averaging import Growing
from training.options import TrainingOptions, option, recorded
from training.pairs.batches import PairBatch
from training.pairs.source import Inputs, PairSource
from training.record import RunRecord
from training.run_folder import RunFolder
from training.schedules import LinearDecay
from training.trainer import Recipe, StepLoss
from training.weights import averaged_weights, matching_weights

SEEDS = 10_000_000
"""Between the streams of pairs of two seeds: no run has more steps."""


@dataclass(frozen=True)
class StageOptions(TrainingOptions):
    """What every stage of the renderer has.

    Attributes:
        batch_size: pairs a step; half of them are used backwards.
        averaging: what the average of the weights keeps of itself a step, once it has grown.
    """

    batch_size: int = option(16, "Pairs a step; half of them are used backwards.", least=1)
    learning_rate: float = option(
        3e-4, "Adam's, at full speed; it rises over 200 steps and falls over the last 40 %.", least=0
    )
    averaging: float = option(0.999, "What the average of the weights keeps of itself a step.", least=0, most=1)


@dataclass(frozen=True)
class NetworkOptions(StageOptions):
    """What the stages have that train the renderer itself.

    Attributes:
        preset: the network's configuration.
        compile: fuse the networks with `torch.compile`.
    """

    preset: str = option("small", f"Network configuration: {', '.join(PRESETS)}.")
    compile: bool = option(
        default=False, help="Fuse the networks: minutes at the start, a third faster after.", name="--compile"
    )


def open_run(out: Path, stage: str, options: TrainingOptions, source: PairSource, inputs: Inputs) -> RunFolder:
    """The folder of a stage's run, with the record of it.

    Args:
        stage: the command's name.
        inputs: what is read beside the source's own.

    Raises:
        TrainingDataError: an input is missing, or the folder holds another run.
    """
    record = RunRecord.of(f"training {stage}", recorded(options) | source.options, {**source.inputs, **inputs})
    return RunFolder(out, record, options.resume_with_changes)


def recipe(
    options: StageOptions, loss: Callable[[PairBatch, int], StepLoss], batches: Callable[[int], Iterator[PairBatch]]
) -> Recipe[PairBatch]:
    """The recipe that all stages share."""
    return Recipe(
        loss, batches, LinearDecay(options.learning_rate, options.steps), Growing(options.averaging), draw=draw_batch
    )


def fresh_renderer(preset: str, device: torch.device) -> PIRenderer:
    """An untrained renderer in the memory layout that is faster on a CPU. Raises TrainingDataError for the preset."""
    if preset not in PRESETS:
        raise TrainingDataError(f"there is no preset {preset!r}: choose {', '.join(PRESETS)}")
    renderer = PIRenderer(PRESETS[preset]).to(device)
    return renderer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def load_init_weights(renderer: PIRenderer, earlier: Path | None) -> None:
    """Take the weights of an earlier run or of a bundle where name and shape agree; new layers stay fresh.

    Raises:
        TrainingDataError: nothing fits.
    """
    if earlier is None:
        return
    own = renderer.state_dict()
    is_bundle = (earlier / MANIFEST).is_file()
    weights = load_renderer(open_bundle(earlier)).state_dict() if is_bundle else averaged_weights(earlier)
    matching = matching_weights(weights, own)
    if not matching:
        raise TrainingDataError(f"nothing in {earlier} fits preset {renderer.preset.name}: choose one of that preset")
    renderer.load_state_dict(own | matching)


def adam(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The paper's optimiser."""
    return torch.optim.Adam(parameters, betas=(0.5, 0.999), fused=True)


def descriptor(renderer: PIRenderer, batch: PairBatch) -> Tensor:
    """A still picture's descriptor: its vector repeated over the window."""
    windows = batch.target_coefficients[..., None].expand(-1, -1, renderer.preset.mapping.window)
    return renderer.descriptor(windows, batch.source_coefficients)


def joined(first: PairBatch, second: PairBatch) -> PairBatch:
    """Both batches in one."""
    return PairBatch(
        **{one.name: torch.cat([getattr(first, one.name), getattr(second, one.name)]) for one in fields(PairBatch)}
    )


def draw_batch(renderer: nn.Module, batch: PairBatch, file: Path) -> None:
    """Draw what a renderer makes of a batch; other networks make no pictures."""
    if isinstance(renderer, PIRenderer):
        draw(file, batch.source, batch.target, renderer(batch.source, descriptor(renderer, batch)))


def draw(file: Path, source: Tensor, target: Tensor, rendering: Rendering) -> None:
    """One row each: source, warped, final, target."""
    pictures = (source, rendering.warped, rendering.image, target)
    rows = [torch.cat(list(row[:8].cpu()), -1) for row in pictures]
    sheet = torch.cat(rows, -2).add(1).mul(127.5).clamp(0, 255).byte()
    Image.fromarray(sheet.permute(1, 2, 0).numpy()).save(file)
