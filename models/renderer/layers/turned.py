"""A head that moves over its background: the photo taken apart once, and put together for every frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face3d.drawing import EMPTY, draw, facing
from models.renderer.layers.head_alpha import head_alpha
from models.renderer.layers.head_sheet import HeadSheet
from models.renderer.layers.hidden import mirrored, shown_by
from models.renderer.layers.masks import Window, sampled, smoothstep, without_holes
from models.renderer.layers.plate import taken_apart
from models.renderer.layers.source import PosedFace, SourceLayers, completed

BLEND = 0.15
"""Centimetres over which a hidden side begins."""

EDGE = 1.2
"""Pixels over which the mesh's outline is smoothed."""

BORDER = 0.2
"""Certainty of the mesh at which it covers what is behind it."""

LEFT = 1.0
"""Centimetres that a head moves until nothing is left of what soft edge and background do not explain of the photo."""

SIDE = 0.3, 0.7
"""Centimetres inside the mesh's outline at which its side begins to count, and over which it comes in."""

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Mesh:
    """What the mesh of a moved head says of the pixels of a window.

    Attributes:
        cover: [h, w] in [0, 1], how much of each it covers.
        held: [h, w] in [0, 1], how far it is to be believed against the sheet.
        certain: [h, w] in [0, 1], how far it is of the face, which landmarks hold.
        places: [h, w, 2], where they take their colour from, in pixels of the crop.
        mirror: [h, w, 2], where their mirror images lie.
        own, other: [h, w] in [0, 1], how well the photo shows them, and their mirror images.
    """

    window: Window
    cover: Array
    held: Array
    certain: Array
    places: Array
    mirror: Array
    own: Array
    other: Array


@dataclass(frozen=True, eq=False)
class TurnedFrame:
    """A head over its background.

    Attributes:
        picture: float32 [S, S, 3].
        alpha: [S, S] in [0, 1], how much of each pixel is the person's.
        face: [h, w] in [0, 1], how far the pixels of `window` are of the face.
    """

    picture: Array
    alpha: Array
    window: Window
    face: Array


class TurnedHead:
    """One source taken apart.

    Args:
        picture: uint8 [S, S, 3]. layers: of it.
    """

    def __init__(self, picture: NDArray[np.uint8], layers: SourceLayers) -> None:
        self._layers, self._face = layers, layers.face
        self._sheet = HeadSheet(self._face, len(picture))
        parts = taken_apart(picture, head_alpha(picture, self._face), self._sheet)
        self._alpha, self._plate, self._person = parts.alpha, parts.plate, parts.person
        self._sheet.trim(self._alpha)
        rest = self._plate + self._alpha[..., None] * (self._person - self._plate)
        self._left_over = picture - rest

    def frame(self, posed: PosedFace) -> TurnedFrame:
        """The head in a pose, without what is painted inside of lids and lips."""
        places, shown = self._sheet.places(posed.pose)
        alpha = shown * sampled(self._alpha, places, cv2.INTER_LINEAR)
        colours = sampled(self._person, places)
        mesh = self._mesh(posed)
        here = mesh.window.place
        skin = sampled(self._person, mesh.places)
        light = mirrored(skin, self._person, mesh.mirror, mesh.own, mesh.other)
        on_top = mesh.cover * (1 - (1 - mesh.held) * alpha[here])
        colours[here] += on_top[..., None] * (skin - colours[here])
        alpha[here] += mesh.cover * (1 - alpha[here])
        picture, behind = self._plate.copy(), self._sheet.mirrored(posed.pose)
        if behind is not None:
            other = behind[1] * sampled(self._alpha, behind[0], cv2.INTER_LINEAR)
            picture += other[..., None] * (sampled(self._person, behind[0]) + light - picture)
        colours -= picture
        colours *= alpha[..., None]
        picture += colours
        left_over = 1 - smoothstep(self._layers.motion(posed) / LEFT)
        if left_over > 0:
            picture += sampled(self._left_over, places) * (left_over * shown)[..., None]
        if behind is not None:
            alpha = 1 - (1 - alpha) * (1 - other)
        return TurnedFrame(picture, alpha, mesh.window, mesh.certain)

    def _mesh(self, posed: PosedFace) -> _Mesh:
        model, placed = self._face.model, self._face.placed
        vertices = self._moved(posed)
        window = Window.around(vertices[model.is_skin, :2], 1, len(self._alpha))
        facing_viewer = (model.normals @ self._face.pose.rotation.T.astype(np.float32))[:, 2:]
        mirror = model.mirror
        flags = [model.certainty[:, None], self._sheet.inside(placed)[:, None], self._sheet.hidden(model.mean)[:, None]]
        attributes = [placed[:, :2], placed, placed[mirror], facing_viewer, facing_viewer[mirror], *flags]
        depth, drawn = draw(
            window.local(vertices),
            np.column_stack(attributes).astype(np.float32),
            facing(vertices, model.skin),
            window.height,
            window.width,
        )
        is_drawn = depth > EMPTY
        # What is under eyes and mouth is stretched from around them, as sure as the face.
        drawn[~is_drawn, 8:] = (1, 0, 1, 1, 0)
        own, other, certainty, inside, hidden = np.moveaxis(drawn[..., 8:], -1, 0)
        seen = self._layers.is_seen(drawn[..., 2:5]) * is_drawn
        blend = BLEND * self._face.pose.scale
        solid = without_holes(is_drawn).astype(np.float32)
        edge = np.clip(2 * cv2.GaussianBlur(solid, (0, 0), EDGE, borderType=cv2.BORDER_CONSTANT) - 1, 0, 1) * solid
        cover = edge * smoothstep(certainty / BORDER)
        # The mesh's sides, which the photo shows edge on, have no ear: the sheet has.
        held = np.maximum(np.maximum(shown_by(own), smoothstep(2 * hidden)), smoothstep((inside - SIDE[0]) / SIDE[1]))
        return _Mesh(
            window=window,
            cover=cover,
            held=held,
            certain=cover * certainty,
            places=completed(drawn[..., :2], window, seen),
            mirror=drawn[..., 5:7],
            own=_smooth(shown_by(own) * np.where(is_drawn, seen, 1), blend),
            other=_smooth(shown_by(other) * hidden * self._layers.is_seen(drawn[..., 5:8]), blend),
        )

    def _moved(self, posed: PosedFace) -> Array:
        """The frame's vertices [V, 3]; at the mesh's edge they move as the sheet does, without the expression."""
        face, certainty = self._face, self._face.model.certainty[:, None]
        rigid = face.vertices(face.expression, posed.pose)
        moved = rigid + certainty * (posed.vertices - rigid)
        follows = self._sheet.follows(face.placed)[:, None]
        return face.placed + (follows + certainty * (1 - follows)) * (moved - face.placed)


def _smooth(weight: Array, sigma: float) -> Array:
    """Weights [h, w] without the single pixels that a z-buffer leaves at its edges, softened."""
    return np.asarray(cv2.GaussianBlur(cv2.medianBlur(weight.astype(np.float32), 5), (0, 0), max(sigma, 0.5)))
