"""All layers of one source: prepared once, then drawn for every frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face3d.drawing import EMPTY, draw, facing
from models.face3d.landmark_fit import FittedFace
from models.face3d.pose import HeadPose
from models.renderer.layers import pixels
from models.renderer.layers.eyes import EyeLayer, Lid
from models.renderer.layers.masks import Window, from_edge, without_holes
from models.renderer.layers.mouth import MouthLayer

SILHOUETTE = 0.05
"""Of the crop's side: over this much inside the mesh's edge its flow takes over from the networks'."""

OCCLUSION = 0.4
"""Centimetres behind the nearest surface at which the photo hides a point."""

COVER = 0.7
"""Centimetres around lids and lips in which the layers replace the networks' painting."""

COARSER, STRETCH = 4, 2.0
"""What the photo hides is stretched on a grid so many times coarser, from about so many of its pixels around."""

RADIUS = 10.0
"""Centimetres from a head's middle to its surface."""

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SkinFlow:
    """Where the pixels of a window take their colour from.

    Attributes:
        places: [h, w, 2] in pixels of the crop.
        weight: [h, w] in [0, 1], how far the mesh is to be believed.
    """

    window: Window
    places: Array
    weight: Array


@dataclass(frozen=True, eq=False)
class PosedFace:
    """A frame's face.

    Attributes:
        pose: in pixels of the crop.
        vertices: [V, 3] in pixels of the crop.
        lids: of both eyes.
    """

    pose: HeadPose
    vertices: Array
    lids: list[Lid]


class SourceLayers:
    """The layers of one crop.

    Args:
        picture: uint8 [S, S, 3]. face: fitted to it, with a pose in its pixels.
        softness: blur of the picture, in its pixels, as of a photo that was enlarged.

    `side` is S.
    """

    def __init__(self, picture: NDArray[np.uint8], face: FittedFace, softness: float = 0.0) -> None:
        self.face, self.side = face, len(picture)
        placed = face.placed
        self._window = Window.around(placed[face.model.is_skin, :2], 1, self.side)
        depth, _ = draw(
            self._window.local(placed),
            np.zeros((len(placed), 1), np.float32),
            facing(placed, face.model.skin),
            self._window.height,
            self._window.width,
        )
        self._depth = depth
        on_skin = picture[self._window.place][depth > EMPTY].astype(np.float32)
        skin = np.median(on_skin, 0) if len(on_skin) else np.full(3, 128, np.float32)
        self._eyes = EyeLayer(picture, face)
        self._mouth = MouthLayer(picture, face, skin, softness)

    def posed(self, coefficients: Array) -> PosedFace:
        """The face with other coefficients [59]."""
        expression = coefficients[: len(self.face.expression)].astype(np.float32)
        depth = float(self.face.pose.translation[2])
        pose = HeadPose.from_coefficients(coefficients[len(expression) :], self.side, depth)
        return PosedFace(pose, self.face.vertices(expression, pose), self._eyes.lids(expression, pose))

    def motion(self, posed: PosedFace) -> float:
        """How far the head moves from the photo's pose, in centimetres at its surface."""
        own, pose = self.face.pose, posed.pose
        turned = RADIUS * (pose.scale * pose.rotation - own.scale * own.rotation)
        shifted = (pose.translation - own.translation)[:, None]
        return float((np.abs(turned) + np.abs(shifted))[:2].max() / own.scale)

    def flow(self, posed: PosedFace) -> SkinFlow:
        """The skin's flow: exact on the mesh, fading at its silhouette, stretched where the photo hides the skin."""
        model, placed, vertices = self.face.model, self.face.placed, posed.vertices
        window = Window.around(vertices[model.is_skin, :2], 1, self.side)
        attributes = np.column_stack([placed, model.certainty]).astype(np.float32)
        depth, drawn = draw(
            window.local(vertices), attributes, facing(vertices, model.skin), window.height, window.width
        )
        is_drawn = depth > EMPTY
        # Eyes and mouth are painted later; what lies under them is stretched, so that no gap shows at their rims.
        certainty = np.where(is_drawn, drawn[..., 3], 1)
        weight = certainty * np.clip(from_edge(without_holes(is_drawn) > 0) / (SILHOUETTE * self.side), 0, 1)
        seen = self.is_seen(drawn[..., :3]) * is_drawn
        return SkinFlow(window, completed(drawn[..., :2], window, seen), weight.astype(np.float32))

    def covered(self, posed: PosedFace, side: int) -> Array:
        """Where the layers say what is to be seen, and no painting of a network should, [side, side] in [0, 1]."""
        model = self.face.model
        canvas = np.zeros((side, side), np.uint8)
        scaled = (posed.vertices[:, :2] + 0.5) * (side / self.side) - 0.5
        for rim in (*model.lid_rims.reshape(2, -1), model.mouth_rim):
            hull = cv2.convexHull(np.rint(scaled[rim] * 16).astype(np.int32))
            cv2.fillConvexPoly(canvas, hull, 255, cv2.LINE_AA, 4)
        reach = 2 * max(1, round(COVER * self.face.pose.scale * side / self.side)) + 1
        wide = cv2.dilate(canvas, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
        return np.asarray(cv2.GaussianBlur(wide, (0, 0), reach / 6) / 255, np.float32)

    def paint(self, picture: Array, posed: PosedFace) -> None:
        """Draw eyes and mouth into a picture float32 [S, S, 3] whose skin has been moved, in place."""
        self._eyes.paint(picture, posed.vertices, posed.lids)
        self.paint_mouth(picture, posed)

    def paint_mouth(self, picture: Array, posed: PosedFace) -> None:
        """The mouth alone."""
        self._mouth.paint(picture, posed.vertices, posed.pose)

    def inner_lips(self, posed: PosedFace) -> Array:
        """The inner contour of a frame's lips, closed, [R, 2] in pixels of the crop: no tooth is outside."""
        return self._mouth.rim(posed.vertices)

    def is_seen(self, places: Array) -> Array:
        """Whether the photo shows surface points [h, w, 3], [h, w] in {0, 1}."""
        window, slack = self._window, float(OCCLUSION * self.face.pose.scale)
        return pixels.in_sight(self._depth, places, window.x, window.y, slack)


def completed(places: Array, window: Window, seen: Array) -> Array:
    """Places [h, w, 2] that the photo shows stay; those that it hides are stretched from their surroundings."""
    if seen.all():
        return np.ascontiguousarray(places)
    hard = np.asarray(cv2.erode(seen, np.ones((3, 3))), np.float32)
    size = max(window.width // COARSER, 8), max(window.height // COARSER, 8)
    known = cv2.resize(pixels.moves(places, hard, window.x, window.y), size, interpolation=cv2.INTER_AREA)
    spread = cv2.GaussianBlur(known, (0, 0), STRETCH) + 1e-3 * cv2.GaussianBlur(known, (0, 0), 4 * STRETCH)
    offset = cv2.resize(spread[..., :2] / (spread[..., 2:] + 1e-9), (window.width, window.height))
    soft = cv2.GaussianBlur(hard, (0, 0), 1.5)
    parts = np.asarray(offset, np.float32), np.asarray(soft, np.float32), hard
    return pixels.stretched(places, *parts, window.x, window.y)
