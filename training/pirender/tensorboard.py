"""Events for TensorBoard, which is an extra."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from models.errors import TrainingDataError


def scalar_writer(folder: Path) -> Callable[[int, Mapping[str, float]], None]:
    """A function that writes figures of a step as events. The folder is made at the first.

    Raises TrainingDataError, which names the extra, where it is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise TrainingDataError(
            "tensorboard is not installed: pip install 'pirenderer-service[tensorboard]', or leave --tensorboard out"
        ) from error
    writers: list[Any] = []

    def write(step: int, figures: Mapping[str, float]) -> None:
        if not writers:
            writers.append(SummaryWriter(folder))
        for name, value in figures.items():
            writers[0].add_scalar(name, value, step)

    return write
