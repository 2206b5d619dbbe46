"""The face model laid on one photo: identity by ridge regression, then vertices moved by what landmarks leave over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from models.coefficients import ARKIT
from models.face3d.face_model import FaceModel
from models.face3d.lips import LipSeal
from models.face3d.pose import HeadPose

RIDGE = 1.2
"""Centimetres of landmark error, summed over the face, that one standard deviation of identity may cost."""

ROUNDS, BOUND = 2, 3.0
SPREAD, NEIGHBOURS = 0.7, 6
"""What landmarks leave over reaches the vertices within about so many centimetres, of so many landmarks."""

SNAPS = 3
LID_REACH = 0.5
"""Centimetres over which the skin follows the rim of a lid that shuts completely."""

BLINKS = {side: ARKIT.index[f"eyeBlink{side}"] for side in ("Left", "Right")}
Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FittedFace:
    """A face model on a photo.

    Attributes:
        person: the neutral shape [V, 3].
        expression: weights [53].
        pose: in pixels of the photo's crop, the corner at 0.
        shut: index of each `eyeBlink` -> what a full blink lacks to shut this person's eye, [V, 3].
        lips: how they meet.
    """

    model: FaceModel
    person: Array
    expression: Array
    pose: HeadPose
    shut: dict[int, Array]
    lips: LipSeal

    def vertices(self, expression: Array, pose: HeadPose, only: NDArray[np.int32] | None = None) -> Array:
        """Vertices [V, 3] in pixels with other weights and another pose; pixel centres are at integers.

        Args:
            only: [P], the ones that are wanted, as [P, 3].
        """
        if np.array_equal(expression, self.expression):
            shape = self._shape if only is None else self._shape[only]
        else:
            shape = self._shaped(expression, only)
        return self.model.project(shape, pose)

    @cached_property
    def placed(self) -> Array:
        """Vertices [V, 3] as the photo shows them."""
        return self.vertices(self.expression, self.pose)

    @cached_property
    def _shape(self) -> Array:
        """The photo's own shape [V, 3]; every frame is compared with it."""
        return self._shaped(self.expression, None)

    def _shaped(self, expression: Array, only: NDArray[np.int32] | None) -> Array:
        person = self.person
        for index, move in self.shut.items():
            own = float(self.expression[index])
            more = (float(expression[index]) - own) / max(1 - own, 1e-3)
            if more > 0:
                person = person + more * move
        closed = self.lips.closed(expression)
        if np.any(closed):
            person = person.copy() if person is self.person else person
            person[:, 1] += closed
        return self.model.expressed(person, expression, only)


class LandmarkFit:
    """Lays a face model on photos; what depends on the model alone is prepared once. `model` is that model."""

    def __init__(self, model: FaceModel) -> None:
        self.model = model
        self._spread = _spread(model)
        self._mean = model.mean[model.landmarks].astype(np.float64)
        self._identity = model.identity[:, model.landmarks].astype(np.float64)
        self._expression = model.expression[:, model.landmarks].astype(np.float64)

    def fit(self, landmarks: NDArray[np.floating], coefficients: Array, side: int) -> FittedFace:
        """Fit a crop of `side` pixels.

        Args:
            landmarks: [478, 2] fractions of the crop.
            coefficients: [59] of the `arkit` space, as the regressor read them.
        """
        model = self.model
        wanted = landmarks[: len(model.landmarks)].astype(np.float64) * side - 0.5
        expression = np.clip(coefficients[: len(model.expression)], 0, 1).astype(np.float32)
        pose = HeadPose.from_coefficients(coefficients[len(model.expression) :], side)
        axes = (self._identity @ pose.rotation.T)[..., :2] * (1, -1) * pose.scale
        columns = axes.reshape(len(axes), -1).T
        ridge = (RIDGE * pose.scale) ** 2 * np.eye(len(axes))
        moved = np.tensordot(expression, self._expression, 1)

        def left_over(neutral: NDArray[np.float64]) -> NDArray[np.float64]:
            placed = pose.scale * (neutral + moved) @ pose.rotation.T + pose.translation
            return wanted - (placed[:, :2] * (1, -1) - 0.5)

        identity = np.zeros(len(axes))
        for _ in range(ROUNDS):
            misses = left_over(self._mean + np.tensordot(identity, self._identity, 1)).ravel()
            step = np.linalg.solve(columns.T @ columns + ridge, columns.T @ misses - ridge @ identity)
            identity = np.clip(identity + step, -BOUND, BOUND)
        neutral = self._mean + np.tensordot(identity, self._identity, 1)
        shift = np.zeros_like(neutral)
        for _ in range(SNAPS):
            misses = left_over(neutral + self._spread[model.landmarks] @ shift)
            shift += np.c_[misses * (1, -1), np.zeros(len(misses))] / pose.scale @ pose.rotation
        person = model.mean + np.tensordot(identity.astype(np.float32), model.identity, 1)
        person += (self._spread @ shift).astype(np.float32)
        return FittedFace(
            model, person, expression, pose, self._shut(person, expression), LipSeal.of(model, person, expression)
        )

    def _shut(self, person: Array, expression: Array) -> dict[int, Array]:
        """Bring the upper lid's rim onto the lower one's where a blink of this person leaves a gap, or crosses it."""
        model, shut = self.model, {}
        sides = ("Left", "Right") if model.mean[model.lid_rims[0, 0, 0], 0] > 0 else ("Right", "Left")
        for (upper, lower), side in zip(model.lid_rims, sides, strict=True):
            weights = expression.copy()
            weights[BLINKS[side]] = 1
            shut_rims = (model.expressed(person, weights, rim) for rim in (lower, upper))
            gap = np.subtract(*shut_rims) * (0, 1, 0.5)
            move = np.zeros_like(person)
            centre, reach = person[upper].mean(0), np.ptp(person[upper], 0).max()
            (skin,) = np.nonzero(model.is_skin & (np.abs(person - centre).max(1) < reach))
            distance, nearest = cKDTree(person[upper]).query(person[skin])
            below = cKDTree(person[lower]).query(person[skin])[0]
            weight = np.clip(1 - distance / LID_REACH, 0, 1) * (distance < below)
            move[skin] = weight[:, None] * gap[nearest]
            move[upper] = gap
            shut[BLINKS[side]] = move.astype(np.float32)
        return shut


def _spread(model: FaceModel) -> csr_array:
    """How far each vertex [V] goes with what each landmark [L] leaves over; rows sum to `certainty`."""
    places, first = np.unique(model.landmarks, return_index=True)
    skin = np.flatnonzero(model.is_skin)
    distance, nearest = cKDTree(model.mean[places]).query(model.mean[skin], k=NEIGHBOURS)
    # Sharp towards the nearest landmark, which must take its own vertex all the way.
    weight = np.exp(-((distance / SPREAD) ** 2)) / (distance + 0.02) ** 2
    weight *= (model.certainty[skin] / np.maximum(weight.sum(1), 1e-12))[:, None]
    rows = np.repeat(skin, NEIGHBOURS)
    return csr_array((weight.ravel(), (rows, first[nearest].ravel())), shape=(len(model.mean), len(model.landmarks)))
