"""What `--dry-run` tells: the plan, after everything it needs has been opened."""

from __future__ import annotations

import torch

from datasets.clip_store import ClipStore
from models.renderer import PRESETS, PIRenderer
from training.pirender.loop import Settings, distance, tensorboard_writer
from training.pirender.pairs import PairDataset
from training.pirender.processes import Processes
from training.pirender.schedule import Schedule


def plan(settings: Settings, schedule: Schedule, processes: Processes) -> str:
    """Open clips and loss weights, read one pair, build the network, and say what a run would do.

    Raises:
        TrainingDataError: clips or weights that do not fit.
    """
    share = schedule.share(processes.count)
    store = ClipStore(settings.clips)
    pair = PairDataset(store, PRESETS[schedule.preset], settings.seed)[0]
    distance(settings, schedule)
    if settings.tensorboard:
        tensorboard_writer()
    with torch.device("meta"):
        renderer = PIRenderer(PRESETS[schedule.preset])
    millions = sum(parameter.numel() for parameter in renderer.parameters()) / 1e6
    frames = sum(clip.frames for clip in store.clips)
    people = len({clip.person for clip in store.clips})
    losses = "published (VGG-19)" if settings.vgg else "pyramid: this project's own, not the paper's"
    weights = (schedule.warping_weight, schedule.final_weight, schedule.style_weight)
    dropped = schedule.drop_after < schedule.steps
    lines = [
        f"network    {schedule.preset}, {millions:.1f} M parameters, descriptor {list(pair.first_window.shape)}",
        f"clips      {len(store.clips)} of {people} people, {frames} frames, space {store.space}",
        f"stage one  steps 1 to {schedule.warping_steps}: mapping and warping",
        f"stage two  steps {schedule.warping_steps + 1} to {schedule.steps}: everything",
        f"batch      {schedule.batch_size} pairs in both directions: {share} for each of {processes.count} process(es)",
        f"rate       {schedule.learning_rate:g}"
        + (f", {schedule.rate(schedule.drop_after):g} after step {schedule.drop_after}" if dropped else ""),
        f"losses     {losses}; weights {' '.join(f'{weight:g}' for weight in weights)}, {schedule.scales} scales",
        f"average    {schedule.averaging:.6f} a step",
        f"precision  {'bf16 and float32' if settings.half else 'float32'} on {processes.device}",
        f"run        {settings.out}" + (" (resumes)" if (settings.out / "state.pt").exists() else " (new)"),
    ]
    return "\n".join(lines)
