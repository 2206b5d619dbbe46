"""The paper's schedule, and a small one of the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from models.errors import TrainingDataError
from models.renderer import PRESETS
from training.options import TrainingOptions, option
from training.schedules import StepDecay


@dataclass(frozen=True)
class Schedule(TrainingOptions):
    """How a renderer is trained as in the paper.

    Attributes:
        preset: the renderer's network.
        batch_size: pairs a step, over all processes together; each is used in both directions.
        warping_steps: steps that train mapping and warping alone; the rest trains everything.
        drop_after, drop: after how many steps, and by what, the learning rate is multiplied.
        betas: Adam's.
        averaging: what the moving average of the weights keeps of itself a step.
        warping_weight, final_weight, style_weight: λ of L_w, L_c and L_s (paper, eq. 7).
        gradient_weight: in the pyramid loss, which stands in for the paper's.
        scales: of the pyramid that L_w and L_c are computed on.
        draw_every: steps.
    """

    steps: int = option(400_000, "Steps in all.", least=1)
    batch_size: int = option(20, "Pairs a step over all processes.", least=1)
    learning_rate: float = option(1e-4, "Adam's.", least=0)
    preset: str = option("paper", f"Network configuration: {', '.join(PRESETS)}.")
    warping_steps: int = option(200_000, "Steps of stage one.", least=0)
    drop_after: int = option(300_000, "Steps after which the learning rate drops.", least=0)
    drop: float = option(0.2, "What the learning rate is multiplied by then.", least=0)
    betas: tuple[float, float] = option((0.5, 0.999), "Adam's.")
    averaging: float = option(0.5 ** (32 / 10_000), "What the average keeps of itself a step.", least=0, most=1)
    warping_weight: float = option(2.5, "Weight of the warped picture's distance, L_w.")
    final_weight: float = option(4.0, "Weight of the final picture's distance, L_c.")
    style_weight: float = option(1000.0, "Weight of the final picture's style, L_s.")
    gradient_weight: float = option(1.0, "Weight of the differences of neighbouring pixels in the pyramid loss.")
    scales: int = option(4, "Scales of the distances.", least=1)
    save_every: int = option(5000)
    draw_every: int = option(5000, "Steps between two pictures.", least=1, recorded=False)

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        return self.decay(step)

    @property
    def decay(self) -> StepDecay:
        """The learning rate by step."""
        return StepDecay(self.learning_rate, self.drop_after, self.drop, self.steps)

    def edits(self, step: int) -> bool:
        """Whether a step trains the editing network too."""
        return step >= self.warping_steps

    def pairs_of_each(self, processes: int) -> int:
        """Pairs a step of one process. Raises TrainingDataError where they cannot be divided evenly."""
        if self.batch_size % processes:
            raise TrainingDataError(
                f"a batch of {self.batch_size} pairs cannot be divided among {processes} processes: choose "
                f"--batch-size {self.batch_size // processes * processes or processes} or another number of processes"
            )
        return self.batch_size // processes


SCHEDULES = {
    "paper": Schedule(),
    # The same pipeline in minutes: to see that data, losses and machine work before a GPU is paid for a week.
    "trial": Schedule(
        preset="paper-debug",
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
