"""The published schedule, and a small one of the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from models.errors import TrainingDataError
from models.renderer import PRESETS


@dataclass(frozen=True)
class Schedule:
    """How a renderer is trained as published.

    Attributes:
        preset: the renderer's network.
        warping_steps: steps that train mapping and warping alone.
        steps: steps in all; the rest trains everything.
        batch_size: pairs a step, over all processes together; each is used in both directions.
        learning_rate, drop_after, drop: Adam's rate, and by what it is multiplied after how many steps.
        betas: Adam's.
        averaging: what the moving average of the weights keeps of itself a step.
        warping_weight, final_weight, style_weight: λ of L_w, L_c and L_s (paper, eq. 7).
        scales: of the pyramid that L_w and L_c are computed on.
        save_every, draw_every, log_every: steps.
    """

    preset: str
    warping_steps: int
    steps: int
    batch_size: int
    learning_rate: float = 1e-4
    drop_after: int = 300_000
    drop: float = 0.2
    betas: tuple[float, float] = (0.5, 0.999)
    averaging: float = 0.5 ** (32 / 10_000)
    warping_weight: float = 2.5
    final_weight: float = 4.0
    style_weight: float = 1000.0
    scales: int = 4
    save_every: int = 5000
    draw_every: int = 5000
    log_every: int = 100

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        return self.learning_rate * (self.drop if step >= self.drop_after else 1.0)

    def edits(self, step: int) -> bool:
        """Whether a step trains the editing network too."""
        return step >= self.warping_steps

    def share(self, processes: int) -> int:
        """Pairs a step of one process. Raises TrainingDataError where they cannot be shared evenly."""
        if self.batch_size % processes:
            raise TrainingDataError(
                f"a batch of {self.batch_size} pairs cannot be shared by {processes} processes: choose --batch-size "
                f"{self.batch_size // processes * processes or processes} or another number of processes"
            )
        return self.batch_size // processes


SCHEDULES = {
    "paper": Schedule("paper", warping_steps=200_000, steps=400_000, batch_size=20),
    # The same pipeline in minutes: to see that data, losses and machine work before a GPU is paid for a week.
    "trial": Schedule(
        "paper-debug",
        warping_steps=60,
        steps=120,
        batch_size=4,
        learning_rate=1e-3,
        drop_after=90,
        averaging=0.9,
        save_every=60,
        draw_every=60,
        log_every=5,
    ),
}


def chosen(name: str, changes: Mapping[str, Any]) -> Schedule:
    """A schedule by name, with some of its fields changed.

    Raises:
        TrainingDataError: an unknown schedule or preset, or stages that do not fit each other.
    """
    if name not in SCHEDULES:
        raise TrainingDataError(f"there is no schedule {name!r}: choose {', '.join(SCHEDULES)}")
    schedule = replace(SCHEDULES[name], **changes)
    if schedule.preset not in PRESETS:
        raise TrainingDataError(f"there is no preset {schedule.preset!r}: choose {', '.join(PRESETS)}")
    if schedule.warping_steps > schedule.steps:
        raise TrainingDataError(
            f"stage one has {schedule.warping_steps} steps of {schedule.steps}: lower --warping-steps or raise --steps"
        )
    return schedule
