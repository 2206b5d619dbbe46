"""Ways to speak: what they add to the face, and how much they make of head, brows and mouth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.audio.gains import MotionGains
from models.coefficients import CoefficientSpace, constrain, read_change


@dataclass(frozen=True)
class Style:
    """Changes, as relative controls are, while somebody speaks; and factors on the gains.

    Attributes:
        expression: weights by slider, added.
        pose: degrees by axis.
        gains: that those of the request are multiplied with.
    """

    expression: Mapping[str, float] = field(default_factory=dict)
    pose: Mapping[str, float] = field(default_factory=dict)
    gains: MotionGains = field(default_factory=MotionGains)

    def on(self, space: CoefficientSpace, motion: NDArray[np.float32]) -> NDArray[np.float32]:
        """A motion [T, C] with the style's changes added."""
        change = read_change(space, "relative", self.expression, self.pose)
        return constrain(space, change.on(motion))


STYLES: Mapping[str, Style] = {
    "neutral": Style(),
    "happy": Style({"mouthSmile": 0.35, "cheekSquint": 0.2, "browInnerUp": 0.05}, {}, MotionGains(head=1.2, brows=1.2)),
    "sad": Style(
        {"mouthFrown": 0.35, "browInnerUp": 0.4, "eyeSquint": 0.1},
        {"pitch": -4},
        MotionGains(head=0.6, brows=0.5, mouth=0.9),
    ),
    "serious": Style({"browDown": 0.3, "eyeSquint": 0.15}, {}, MotionGains(head=0.5, brows=0.5)),
    "lively": Style({"browOuterUp": 0.1, "eyeWide": 0.05}, {}, MotionGains(head=1.6, brows=1.6, mouth=1.15)),
}
"""By the name that `options.style` of POST /talk takes."""
