"""How much of a speaking motion is taken, part by part."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class MotionGains:
    """Factors on what speech moves: head (rotation and place), brows, blinks, mouth and gaze; 1 as it was learnt."""

    head: float = 1
    brows: float = 1
    blink: float = 1
    mouth: float = 1
    gaze: float = 1

    def times(self, other: MotionGains) -> MotionGains:
        """The product, part by part."""
        return MotionGains(*(own * factor for own, factor in zip(astuple(self), astuple(other), strict=True)))
