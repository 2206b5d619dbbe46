"""The published training loop: 200k steps of warping, 200k of everything, on one process or many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from datasets.clip_store import ClipStore
from models.errors import TrainingDataError
from models.renderer import PRESETS, PIRenderer
from training.pirender.losses import PerceptualDistance, PyramidDistance
from training.pirender.objective import Objective
from training.pirender.pairs import Pair, PairDataset, pairs
from training.pirender.processes import Processes
from training.pirender.run import PublishedRun
from training.pirender.schedule import Schedule
from training.pirender.vgg import load_vgg
from training.renderer.stage import draw

_LEAST_DEVIATION = 0.05  # coefficients that hardly move must not explode when they are standardised


@dataclass(frozen=True)
class Settings:
    """What a run is made of beside its schedule.

    Attributes:
        clips: the store that `prepare` wrote.
        out: folder of the run.
        vgg: torchvision's VGG-19 state dict; None trains with the pyramid loss instead, which is not the paper's.
        half: bf16 where it is safe; weights and losses stay float32.
        seed: of the first weights and of the pairs.
        workers: processes that read pairs, for each process that trains.
        tensorboard: write events for TensorBoard beside `log.jsonl`.
    """

    clips: Path
    out: Path
    vgg: Path | None
    half: bool = False
    seed: int = 0
    workers: int = 2
    tensorboard: bool = False


def train(settings: Settings, schedule: Schedule, processes: Processes) -> None:
    """Train until the schedule ends; a run that was interrupted goes on where it was saved.

    Raises:
        TrainingDataError: clips, weights or a run that do not fit.
    """
    share = schedule.share(processes.count)
    dataset = PairDataset(ClipStore(settings.clips), PRESETS[schedule.preset], settings.seed)
    settings.out.mkdir(parents=True, exist_ok=True)
    renderer = fresh_renderer(schedule.preset, dataset, settings.seed).to(processes.device)
    optimiser = torch.optim.Adam(renderer.parameters(), schedule.learning_rate, schedule.betas)
    run = PublishedRun(settings.out, renderer, optimiser, schedule.averaging, processes.device)
    objective = Objective(renderer, distance(settings, schedule), schedule, settings.half).to(processes.device)
    shared = across(objective, processes)
    record = _recorder(run, settings) if processes.leads else None
    batches = pairs(dataset, share, processes.rank, processes.count, run.step, settings.workers)
    seen: dict[str, list[torch.Tensor]] = {}
    while run.step < schedule.steps:
        pair = Pair(*(value.to(processes.device, non_blocking=True) for value in next(batches)))
        loss, parts = shared(pair, schedule.edits(run.step))
        run.advance(loss, schedule.rate(run.step))
        if record is not None:
            for name, value in {"loss": loss.detach(), **parts}.items():
                seen.setdefault(name, []).append(value)
            if run.step % schedule.log_every == 0:  # means since the last time: single batches differ much
                record({name: torch.stack(values).mean().item() for name, values in seen.items()})
                seen.clear()
            if run.step % schedule.draw_every == 0:
                sheet(run, pair)
            if run.step % schedule.save_every == 0 or run.step == schedule.steps:
                run.save()


def fresh_renderer(preset: str, dataset: PairDataset, seed: int) -> PIRenderer:
    """A network with first weights that follow from the seed alone, alike in every process."""
    torch.manual_seed(seed)
    renderer = PIRenderer(PRESETS[preset])
    if renderer.preset.standardise:
        mean, deviation = dataset.statistics()
        renderer.mean.copy_(mean)
        renderer.deviation.copy_(deviation.clamp(min=_LEAST_DEVIATION))
    return renderer


def distance(settings: Settings, schedule: Schedule) -> nn.Module:
    """The published distance, or what stands in for it without VGG-19."""
    return PyramidDistance() if settings.vgg is None else PerceptualDistance(load_vgg(settings.vgg), schedule.scales)


def across(objective: Objective, processes: Processes) -> nn.Module:
    """The objective with gradients averaged over all processes."""
    if processes.count == 1:
        return objective
    devices = [processes.device.index] if processes.device.type == "cuda" else None
    # The published residual block leaves its first convolution unused, and stage one the whole editing network.
    return DistributedDataParallel(objective, device_ids=devices, broadcast_buffers=False, find_unused_parameters=True)


@torch.no_grad()
def sheet(run: PublishedRun, pair: Pair) -> None:
    """Draw what the averaged network makes of some pairs: source, warped, final, target."""
    some = Pair(*(value[:8] for value in pair))
    middle = some.second_window.shape[-1] // 2
    own = some.first_window[..., middle]
    rendering = run.average(some.first, run.average.descriptor(some.second_window, own))
    draw(run.folder / f"step-{run.step:06d}.png", some.first.cpu(), some.second.cpu(), rendering)


def _recorder(run: PublishedRun, settings: Settings) -> Callable[[Mapping[str, float]], None]:
    if not settings.tensorboard:
        return run.log
    writer = tensorboard_writer()(settings.out)

    def record(figures: Mapping[str, float]) -> None:
        run.log(figures)
        for name, value in figures.items():
            writer.add_scalar(name, value, run.step)

    return record


def tensorboard_writer() -> type[Any]:
    """TensorBoard's writer of events. Raises TrainingDataError, which names the extra."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise TrainingDataError(
            "tensorboard is not installed: pip install 'pirenderer-service[tensorboard]', or leave --tensorboard out"
        ) from error
    return SummaryWriter
