"""Lips that can meet: what a photo's own opening hides from the blendshapes.

A smile that shows teeth is read as a little of everything; what is left over of the gap between the lips goes into the
person's shape, and no weight would close it. So it goes away as the opening does that was read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from models.coefficients import ARKIT
from models.face3d.face_model import FaceModel

UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
"""MediaPipe's landmarks of the inner lips, from corner to corner; the n-th of both lie above each other."""

OVERLAP = 0.16
"""Centimetres by which lips that meet press on each other: their rims in the photo border on teeth."""

REACH = 1.4
"""Centimetres over which the skin follows the rim of a lip."""

LEAST = 0.15
"""Centimetres of read opening over which the gap closes at least: a change of nothing moves nothing much."""

SHAPING = ("mouthSmile", "mouthDimple", "mouthFrown", "mouthStretch", "mouthLeft", "mouthRight", "jawLeft", "jawRight")
PARTING = np.array([s.group in ("jaw", "mouth") and not s.name.startswith(SHAPING) for s in ARKIT.expression])
"""Which of the 53 weights open or shut the lips; a smile or a frown only shapes them."""

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LipSeal:
    """How a person's lips meet, at points from corner to corner.

    Attributes:
        gap: centimetres between the lips of the neutral shape, [11]; 0 at the corners.
        slope: centimetres by which each weight parts them, [11, 53].
        parting: centimetres by which each weight that does so by itself (`PARTING`) parts them, in the mean, [53].
        own: centimetres that those of the photo part them.
        pulls: how far each vertex goes, up or down, when the gap at each point closes, [V, 11]; most are 0.
    """

    gap: Array
    slope: Array
    parting: Array
    own: float
    pulls: csr_array

    @classmethod
    def of(cls, model: FaceModel, person: Array, expression: Array) -> LipSeal:
        """Of a neutral shape [V, 3] and the photo's weights [53]."""
        upper, lower = model.landmarks[list(UPPER)], model.landmarks[list(LOWER)]
        slope = (model.expression[:, upper, 1] - model.expression[:, lower, 1]).T
        gap = person[upper, 1] - person[lower, 1] + OVERLAP
        gap[[0, -1]] = 0
        parting = slope.mean(0) * PARTING
        return cls(gap, slope, parting, float(parting @ expression), _pulls(model, person, upper, lower))

    def closed(self, expression: Array) -> Array | float:
        """What closes the gap that is not to be there with other weights [53]: [V] upwards, in centimetres; 0: nothing.

        As open as the photo or more: nothing. Shut: all of it, also what a smile adds.
        """
        less = self.own - float(self.parting @ expression)
        if less <= 0:
            return 0.0
        left = self.gap + self.slope[:, ~PARTING] @ expression[~PARTING]
        return np.asarray(self.pulls @ (min(less / max(self.own, LEAST), 1) * np.clip(left, 0, None)), np.float32)


def _pulls(model: FaceModel, person: Array, upper: NDArray[np.int32], lower: NDArray[np.int32]) -> csr_array:
    """Each vertex near a lip takes half of the gap between the two points on either side of it, the less the farther
    it is from the rim."""
    rims = person[np.concatenate([upper, lower])]
    around = ((person > rims.min(0) - REACH) & (person < rims.max(0) + REACH)).all(1)
    (skin,) = np.nonzero(model.is_skin & around)  # a search for the nearest takes its time
    up, down = (cKDTree(person[rim]).query(person[skin], distance_upper_bound=REACH)[0] for rim in (upper, lower))
    direction = np.where(up < down, -0.5, 0.5)
    reach = np.zeros(len(person))
    reach[skin] = direction * np.clip(1 - np.minimum(up, down) / REACH, 0, 1)
    (near,) = np.nonzero(reach)
    points = (person[upper, 0] + person[lower, 0]) / 2
    order = np.argsort(points)
    along = np.interp(person[near, 0], points[order], np.arange(len(points)))
    before = np.clip(along.astype(int), 0, len(points) - 2)
    part = along - before
    values = np.concatenate([(1 - part) * reach[near], part * reach[near]])
    columns = order[np.concatenate([before, before + 1])]
    return csr_array((values, (np.tile(near, 2), columns)), shape=(len(person), len(points)))
