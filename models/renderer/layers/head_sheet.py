"""The head beyond the mesh: hair, ears and neck as a sheet over the photo, as deep as a head, that moves with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face3d.drawing import EMPTY, draw, facing
from models.face3d.landmark_fit import FittedFace
from models.face3d.pose import HeadPose
from models.renderer.layers.head_pixels import enlarged
from models.renderer.layers.masks import Window, sampled, smoothstep, without_holes
from models.renderer.layers.skull import CENTRE, camera, skull

CELLS, FINEST = 48, 160
"""The sheet has so many cells a side, and is drawn with at most so many pixels: where it goes is smooth."""

ROUNDING = 5.0
"""Centimetres beyond the mesh over which the sheet leaves the mesh's own depth for the ellipsoid's."""

OUTLINE = 3.0
"""Centimetres beyond the mesh from which on the outline keeps its width: for what turns away, more comes into sight."""

DEPTH = 1.6
"""Centimetres inside the mesh's outline to which the sheet goes on below the mesh."""

THROAT = 2.5
"""Centimetres below the chin over which the sheet leaves the mesh's depth for the neck's: a neck turns about itself."""

NECK_BEGINS, NECK_ENDS = 0.5, 10.0
"""Centimetres below the chin between which the head's motion fades into the shoulders' rest."""

TAPER = 0.1
"""Of the crop's side: at its border, where the photo goes on and stands still, the sheet comes to rest."""

TURNED, REVEALED, HALF = (4.0, 12.0), 15.0, 3.0
"""Degrees that the photo's head is turned by between which its hidden side is completed; degrees of a turn that show
all of that; and the centimetres from the middle over which a side begins."""

HAIR = 1.8
"""Of the way to the head's outline: how far hair may reach."""

MOST = 1.05, 1.25
"""Of the way to the head's outline: what is mirrored beyond the mesh ends there. Hair may differ on both sides."""

CHIN = 152

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SheetPlaces:
    """Where the pixels of a frame take their colour from.

    Attributes:
        columns, rows: [S, S] in pixels of the crop.
        shown: [S, S] in [0, 1], whether they show the sheet.
    """

    columns: Array
    rows: Array
    shown: Array

    def read(self, picture: Array, interpolation: int = cv2.INTER_CUBIC) -> Array:
        """A picture [S, S, …] at these places; the border is repeated outside."""
        read = cv2.remap(picture, self.columns, self.rows, interpolation, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(read, np.float32)


class HeadSheet:
    """The sheet of one source.

    Args:
        face: fitted to a crop of `side` pixels.
    """

    def __init__(self, face: FittedFace, side: int) -> None:
        self._face, self._side = face, side
        corners = np.linspace(-0.5, side - 0.5, CELLS + 1, dtype=np.float32)
        self._points = np.stack(np.meshgrid(corners, corners), -1).reshape(-1, 2)
        self._reach, self._skull_depth = skull(face.pose, self._points)
        distance, excess = self._from_mesh()
        self._distance = distance
        throat = smoothstep(self._below_chin(self._points) / THROAT)
        self._depth = (self._skull_depth + excess * smoothstep(1 - distance / ROUNDING)) * (1 - throat)
        outline = smoothstep((self._reach - 0.6) / 0.4) * smoothstep(distance / OUTLINE)
        self._outline = np.maximum(outline, throat)
        border = np.minimum(self._points, side - 1 - self._points).min(1) / (TAPER * side)
        self._follows = self.follows(self._points) * smoothstep(border)
        self._triangles = self._outside(distance)

    def follows(self, points: Array) -> Array:
        """How far points [P, ≥ 2] of the crop go with the head, [P] in [0, 1]: shoulders stay."""
        return 1 - smoothstep((self._below_chin(points) - NECK_BEGINS) / (NECK_ENDS - NECK_BEGINS))

    def inside(self, points: Array) -> Array:
        """Centimetres of points [P, ≥ 2] of the crop inside the mesh's outline, [P]; less than 0 outside."""
        cells = ((points[:, :2] + 0.5) * (CELLS / self._side)).astype(np.float32)[None]
        return np.asarray(-sampled(self._distance.reshape(CELLS + 1, CELLS + 1), cells, cv2.INTER_LINEAR)[0])

    def _below_chin(self, points: Array) -> Array:
        """Centimetres of points [P, ≥ 2] of the crop below the chin, [P]."""
        chin = self._face.placed[self._face.model.landmarks[CHIN], 1]
        return np.asarray((points[:, 1] - chin) / self._face.pose.scale, np.float32)

    @property
    def hair(self) -> Array:
        """Where the crop may show hair, [S, S] in [0, 1]: around the head, above the chin."""
        above = smoothstep(-self._below_chin(self._points) / THROAT)
        return self._everywhere(smoothstep((HAIR - self._reach) / 0.2) * above)

    @property
    def free(self) -> Array:
        """Where the head's background may be uncovered, [S, S] in [0, 1]: down to the middle of the neck."""
        below = self._below_chin(self._points)
        return self._everywhere(1 - smoothstep(1.5 * (below - NECK_BEGINS) / (NECK_ENDS - NECK_BEGINS)))

    def _everywhere(self, values: Array) -> Array:
        """Values [P] of the sheet at all pixels of the crop, [S, S]."""
        corners = values.reshape(CELLS + 1, CELLS + 1)
        return np.asarray(cv2.resize(corners, (self._side, self._side), interpolation=cv2.INTER_LINEAR), np.float32)

    def trim(self, alpha: Array) -> None:
        """Leave out the cells that show nothing of a head with that `alpha` [S, S]: they would hide others."""
        cells = cv2.resize(alpha, (CELLS + 1, CELLS + 1), interpolation=cv2.INTER_AREA)
        is_near = cv2.dilate((cells > 0.01).astype(np.uint8), np.ones((3, 3))).ravel() > 0
        self._triangles = self._triangles[is_near[self._triangles].any(1)]

    def places(self, pose: HeadPose) -> SheetPlaces:
        """Where the pixels of a frame in that pose take the sheet's colour from."""
        return self._drawn(self._moved(pose), np.ones_like(self._depth))

    def mirrored(self, pose: HeadPose) -> SheetPlaces | None:
        """The same of the sheet's mirror image, as far as it stands for the side that the photo hides; None where the
        photo hides no side."""
        own = self._face.pose
        revealed = -np.sign(self._turned) * np.degrees(_yaw(pose.rotation) - _yaw(own.rotation))
        if not self._turned or revealed <= 0:
            return None
        other = np.column_stack([camera(own, self._points), self._depth]) @ own.rotation * (-1, 1, 1)
        vertices = (other @ pose.rotation.T * pose.scale + pose.translation) * (1, -1, 1) - (0.5, 0.5, 0)
        weight = self.hidden(other) * smoothstep((MOST[1] - self._reach) / (MOST[1] - MOST[0]))
        weight *= smoothstep(revealed / REVEALED) * smoothstep(1 - self._below_chin(self._points) / THROAT)
        return self._drawn(vertices.astype(np.float32), weight)

    def hidden(self, head: Array) -> Array:
        """How far points [P, 3] of the head, in its own centimetres, are of the side that the photo hides, [P]."""
        return abs(self._turned) * smoothstep(np.sign(self._turned) * head[:, 0] / HALF)

    @cached_property
    def _turned(self) -> float:
        """How far the photo's head hides a side, in [-1, 1]: less than 0 for the one at the picture's left."""
        yaw = np.degrees(_yaw(self._face.pose.rotation))
        return float(np.sign(yaw) * smoothstep((abs(yaw) - TURNED[0]) / (TURNED[1] - TURNED[0])))

    def _drawn(self, vertices: Array, weight: Array) -> SheetPlaces:
        """Where the pixels of a frame with those vertices [P, 3] show the crop, and the weight [P] there."""
        size = min(self._side, FINEST)
        scaled = vertices.copy()
        scaled[:, :2] = (vertices[:, :2] + 0.5) * (size / self._side) - 0.5
        values = np.column_stack([self._points, weight, np.ones_like(weight)]).astype(np.float32)
        _, drawn = draw(scaled, values, self._triangles, size, size)
        drawn[..., :2] -= drawn[..., 3:] * ((_grid(size) + 0.5) * (self._side / size) - 0.5)
        return SheetPlaces(*enlarged(drawn, self._side))

    def _moved(self, pose: HeadPose) -> Array:
        """The sheet's vertices [P, 3] in another pose."""
        own = self._face.pose
        turn = pose.rotation @ own.rotation.T
        flat = turn[:2, :2]
        u, _, v = np.linalg.svd(flat)
        kept = u @ v  # the turn within the picture
        centre = own.rotation @ CENTRE
        across, depth = camera(own, self._points) - centre[:2], self._depth - centre[2]
        turned = across @ flat.T + self._outline[:, None] * (across @ (kept - flat).T) + depth[:, None] * turn[:2, 2]
        moved = ((turned + (turn @ centre)[:2]) * pose.scale + pose.translation[:2]) * (1, -1) - 0.5
        places = self._points + self._follows[:, None] * (moved - self._points)
        return np.column_stack([places, across @ turn[2, :2] + depth * turn[2, 2]]).astype(np.float32)

    def _from_mesh(self) -> tuple[Array, Array]:
        """Of every point: centimetres to the mesh, and how far the mesh, where it is nearest, lies before the skull."""
        face, size = self._face, CELLS + 1
        placed = face.placed.copy()
        placed[:, :2] = (placed[:, :2] + 0.5) * (CELLS / self._side)
        depth = (placed[:, 2:] - face.pose.translation[2]) / face.pose.scale
        drawn, values = draw(placed, depth.astype(np.float32), facing(placed, face.model.skin), size, size)
        is_empty = (drawn == EMPTY).astype(np.uint8)
        distance, label = cv2.distanceTransformWithLabels(is_empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        labels = label.ravel()
        excess = values.ravel() - self._skull_depth
        nearest = np.zeros(labels.max() + 1, np.float32)
        on_mesh = is_empty.ravel() == 0
        nearest[labels[on_mesh]] = excess[on_mesh]
        spread = cv2.GaussianBlur(nearest[label], (0, 0), 1)
        filled = without_holes(drawn > EMPTY)
        inside = cv2.distanceTransform(filled, cv2.DIST_L2, 5)
        distance *= 1 - filled
        cell = self._side / CELLS / face.pose.scale
        far = (distance - inside) * cell
        return np.asarray(far, np.float32).ravel(), np.asarray(spread, np.float32).ravel()

    def _outside(self, distance: Array) -> NDArray[np.int32]:
        """Triangles [F, 3] of the cells that are not well inside the mesh: nothing of the face is to be seen twice."""
        number = np.arange(len(self._points), dtype=np.int32).reshape(CELLS + 1, CELLS + 1)
        a, b, c, d = (corner.ravel() for corner in (number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]))
        triangles = np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])
        return triangles[distance[triangles].max(1) > -DEPTH]


def _grid(size: int) -> Array:
    """Every pixel's own place in a picture, [size, size, 2]."""
    return Window(0, 0, size, size).grid


def _yaw(rotation: NDArray[np.float64]) -> float:
    return float(np.arctan2(rotation[0, 2], rotation[2, 2]))
