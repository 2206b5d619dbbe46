"""The paper's training: mapping and warping first, then everything, on one process or many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from datasets.clip_store import ClipStore
from models.renderer import PRESETS, PIRenderer
from training.averaging import Constant
from training.options import recorded
from training.pirender.losses import PerceptualDistance, PyramidDistance
from training.pirender.objective import Objective
from training.pirender.pairs import Pair, PairDataset, pairs
from training.pirender.processes import Processes
from training.pirender.schedule import Schedule
from training.pirender.tensorboard import scalar_writer
from training.pirender.vgg import load_vgg
from training.record import RunRecord
from training.renderer.losses import PictureLoss
from training.renderer.stage import draw
from training.run_folder import RunFolder
from training.trainer import Recipe, StepLoss, Trainer

_LEAST_DEVIATION = 0.05  # coefficients that hardly move must not explode when they are standardised


@dataclass(frozen=True)
class PairSettings:
    """What a run is made of beside its schedule.

    Attributes:
        clips: the store that `prepare` wrote.
        out: folder of the run.
        vgg: torchvision's VGG-19 state dict; None trains with the pyramid loss instead, which is not the paper's.
        half: bf16 where it is safe; weights and losses stay float32.
        workers: processes that read pairs, for each process that trains.
        tensorboard: write events for TensorBoard beside `log.jsonl`.
    """

    clips: Path
    out: Path
    vgg: Path | None
    half: bool = False
    workers: int = 2
    tensorboard: bool = False


def pirender_trainer(settings: PairSettings, schedule: Schedule, processes: Processes) -> Trainer[Pair]:
    """The trainer of a renderer, in this process of all.

    Raises:
        TrainingDataError: clips, weights or a run that do not fit.
    """
    count = schedule.pairs_of_each(processes.count)
    store = ClipStore(settings.clips)
    dataset = PairDataset(store, PRESETS[schedule.preset], schedule.seed)
    run = _run(settings, schedule)
    renderer = fresh_renderer(schedule.preset, dataset, schedule.seed).to(processes.device)
    optimiser = torch.optim.Adam(renderer.parameters(), schedule.learning_rate, schedule.betas)
    objective = Objective(renderer, distance(settings, schedule), schedule, settings.half).to(processes.device)
    shared = across(objective, processes)

    def batches(step: int) -> Iterator[Pair]:
        for pair in pairs(dataset, count, processes.rank, processes.count, step, settings.workers):
            yield Pair(*(value.to(processes.device, non_blocking=True) for value in pair))

    def loss(pair: Pair, step: int) -> StepLoss:
        return StepLoss(*shared(pair, schedule.edits(step)))

    recipe = Recipe(
        loss,
        batches,
        schedule.decay,
        Constant(schedule.averaging),
        clip=None,
        draw=draw_pairs,
        draw_every=schedule.draw_every,
        log_callbacks=[scalar_writer(settings.out)] if settings.tensorboard and processes.leads else [],
        notes=_notes(settings, schedule, processes, store),
    )
    return Trainer(run, renderer, optimiser, recipe, schedule, leads=processes.leads)


def fresh_renderer(preset: str, dataset: PairDataset, seed: int) -> PIRenderer:
    """A network with first weights that follow from the seed alone, alike in every process."""
    torch.manual_seed(seed)
    renderer = PIRenderer(PRESETS[preset])
    if renderer.preset.standardise:
        mean, deviation = dataset.statistics()
        renderer.mean.copy_(mean)
        renderer.deviation.copy_(deviation.clamp(min=_LEAST_DEVIATION))
    return renderer


def distance(settings: PairSettings, schedule: Schedule) -> nn.Module:
    """The paper's distance, or what stands in for it without VGG-19."""
    if settings.vgg is None:
        return PyramidDistance(PictureLoss(schedule.gradient_weight))
    return PerceptualDistance(load_vgg(settings.vgg), schedule.scales)


def across(objective: Objective, processes: Processes) -> nn.Module:
    """The objective with gradients averaged over all processes."""
    if processes.count == 1:
        return objective
    devices = [processes.device.index] if processes.device.type == "cuda" else None
    # The paper's residual block leaves its first convolution unused, and stage one the whole editing network.
    return DistributedDataParallel(objective, device_ids=devices, broadcast_buffers=False, find_unused_parameters=True)


def draw_pairs(renderer: nn.Module, pair: Pair, file: Path) -> None:
    """Draw what the averaged renderer makes of some pairs: source, warped, final, target."""
    assert isinstance(renderer, PIRenderer)
    some = Pair(*(value[:8] for value in pair))
    middle = some.second_window.shape[-1] // 2
    own = some.first_window[..., middle]
    rendering = renderer(some.first, renderer.descriptor(some.second_window, own))
    draw(file, some.first.cpu(), some.second.cpu(), rendering)


def _run(settings: PairSettings, schedule: Schedule) -> RunFolder:
    options = recorded(schedule) | {"loss": "pyramid" if settings.vgg is None else "vgg19", "bf16": settings.half}
    record = RunRecord.of("training.pirender train", options, {"clips": settings.clips, "vgg": settings.vgg})
    return RunFolder(settings.out, record, schedule.resume_with_changes)


def _notes(settings: PairSettings, schedule: Schedule, processes: Processes, store: ClipStore) -> dict[str, str]:
    """Lines of the plan."""
    frames = sum(clip.frames for clip in store.clips)
    people = len({clip.person for clip in store.clips})
    each = schedule.pairs_of_each(processes.count)
    return {
        "clips": f"{len(store.clips)} of {people} people, {frames} frames, space {store.space}",
        "stage one": f"steps 1 to {schedule.warping_steps}: mapping and warping",
        "stage two": f"steps {schedule.warping_steps + 1} to {schedule.steps}: everything",
        "batch": f"{schedule.batch_size} pairs in both directions: {each} for each of {processes.count} process(es)",
        "losses": "the paper's (VGG-19)" if settings.vgg else "pyramid: this project's own, not the paper's",
        "precision": "bf16 and float32" if settings.half else "float32",
    }
