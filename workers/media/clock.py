"""When the frames of a clip are shown."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

_STEADY_S = 0.001  # containers round times to milliseconds: as far as that, frames may be off a steady rate


@dataclass(frozen=True, eq=False)
class Clock:
    """The times of a clip's frames.

    Attributes:
        times: seconds, float64 [T], strictly rising from 0.
        rate: frames a second; the mean where they are not evenly spaced.
        steady: whether they are evenly spaced.
    """

    times: NDArray[np.float64]
    rate: Fraction
    steady: bool

    @classmethod
    def of(cls, times: NDArray[np.float64], fps: float | None) -> "Clock":
        """The clock of frames at these times; `fps` is believed when the times agree, and used for a single frame."""
        if fps is None or (len(times) > 1 and fps <= 0):
            fps = (len(times) - 1) / float(times[-1] - times[0]) if len(times) > 1 else 25.0
        rate = _ratio(fps)
        off = np.abs(times - np.arange(len(times)) / float(rate))
        steady = bool(off.max() < _STEADY_S)
        if not steady:
            rate = _ratio((len(times) - 1) / float(times[-1] - times[0]))
        return cls(times, rate, steady)

    @classmethod
    def even(cls, count: int, fps: float) -> "Clock":
        """The clock of `count` frames, 1/fps seconds apart."""
        return cls(np.arange(count) / fps, _ratio(fps), steady=True)

    @property
    def seconds(self) -> float:
        """How long the clip lasts: the last frame is shown as long as the one before, or for 1 / rate."""
        if self.steady or len(self.times) < 2:
            return len(self.times) / float(self.rate)
        return float(2 * self.times[-1] - self.times[-2])

    def ticks(self, base: Fraction) -> tuple[Fraction, list[int]]:
        """The times [T + 1], the clip's end included, as whole multiples of a unit, strictly rising; and that unit.

        Args:
            base: the unit for frames that are not evenly spaced; 1 / rate serves those that are, exactly.
        """
        if self.steady:
            return 1 / self.rate, list(range(len(self.times) + 1))
        ticks: list[int] = []
        for time in (*self.times, self.seconds):
            ticks.append(max(round(float(time / base)), ticks[-1] + 1 if ticks else 0))
        return base, ticks


def _ratio(fps: float) -> Fraction:
    """As broadcasters count: 29.97 is 30000/1001."""
    return max(Fraction(fps).limit_denominator(1001), Fraction(1, 1001))
