"""A head that moves over its background: the photo taken apart once, and put together for every frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face3d.drawing import EMPTY, draw, facing
from models.renderer.layers import head_pixels
from models.renderer.layers.head_alpha import head_alpha
from models.renderer.layers.head_sheet import HeadSheet
from models.renderer.layers.hidden import GRAZING, PLAIN, mirrored, shown_by
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
        own: [h, w] in [0, 1], how well the photo shows them.
        mirror: [h, w, 2], where their mirror images lie; None where the photo hides no side.
        other: [h, w] in [0, 1], how well the photo shows those.
    """

    window: Window
    cover: Array
    held: Array
    certain: Array
    places: Array
    own: Array
    mirror: Array | None = None
    other: Array | None = None


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
        certainty = self._face.model.certainty
        follows = self._sheet.follows(self._face.placed)
        self._goes = (follows + certainty * (1 - follows)).astype(np.float32)
        self._attributes = self._of_vertices()

    def _of_vertices(self) -> Array:
        """`head_pixels.ATTRIBUTES` of the mesh in the photo, [V, C]; the mirror's place where a side is hidden."""
        model, placed, mirror = self._face.model, self._face.placed, self._face.model.mirror
        facing_viewer = (model.normals @ self._face.pose.rotation.T.astype(np.float32))[:, 2]
        hidden = self._sheet.hidden(model.mean)
        flags = [facing_viewer, model.certainty, self._sheet.inside(placed), hidden, facing_viewer[mirror]]
        mirrors = [placed[mirror]] if hidden.any() else []
        return np.column_stack([placed, *flags, *mirrors]).astype(np.float32)

    def frame(self, posed: PosedFace) -> TurnedFrame:
        """The head in a pose, without what is painted inside of lids and lips."""
        sheet, mesh = self._sheet.places(posed.pose), self._mesh(posed)
        alpha, colours = sheet.read(self._alpha, cv2.INTER_LINEAR), sheet.read(self._person)
        skin = sampled(self._person, mesh.places)
        light = np.zeros(3, np.float32)
        if mesh.mirror is not None and mesh.other is not None:
            light = mirrored(skin, self._person, mesh.mirror, mesh.own, mesh.other)
        window = mesh.window
        head_pixels.lay_skin(colours, alpha, sheet.shown, skin, mesh.cover, mesh.held, window.x, window.y)
        behind, other = self._plate, self._sheet.mirrored(posed.pose)
        if other is not None:
            behind = behind.copy()
            far = other.shown * other.read(self._alpha, cv2.INTER_LINEAR)
            behind += far[..., None] * (other.read(self._person) + light - behind)
        head_pixels.lay_over(colours, alpha, behind)
        left_over = 1 - smoothstep(self._layers.motion(posed) / LEFT)
        if left_over > 0:
            colours += sheet.read(self._left_over) * (left_over * sheet.shown)[..., None]
        if other is not None:
            alpha = 1 - (1 - alpha) * (1 - far)
        return TurnedFrame(colours, alpha, window, mesh.certain)

    def _mesh(self, posed: PosedFace) -> _Mesh:
        model = self._face.model
        vertices = self._moved(posed)
        window = Window.around(vertices[model.is_skin, :2], 1, len(self._alpha))
        size = window.height, window.width
        depth, drawn = draw(window.local(vertices), self._attributes, facing(vertices, model.skin), *size)
        is_drawn = depth > EMPTY
        seen = self._layers.is_seen(drawn[..., :3]) * is_drawn
        # The mesh's sides, which the photo shows edge on, have no ear: the sheet has.
        certainty, held, own = head_pixels.sides(is_drawn, drawn, seen, (GRAZING, PLAIN), SIDE)
        solid = without_holes(is_drawn)
        soft = cv2.GaussianBlur(solid.astype(np.float32), (0, 0), EDGE, borderType=cv2.BORDER_CONSTANT)
        cover, certain = head_pixels.outlined(np.asarray(soft, np.float32), solid, certainty, BORDER)
        mesh = _Mesh(window, cover, held, certain, completed(drawn[..., :2], window, seen), own)
        return self._with_mirror(mesh, is_drawn, drawn) if drawn.shape[-1] > head_pixels.ATTRIBUTES else mesh

    def _with_mirror(self, mesh: _Mesh, is_drawn: NDArray[np.bool_], drawn: Array) -> _Mesh:
        """The same with what the photo shows of the other side."""
        blend = BLEND * self._face.pose.scale
        place = drawn[..., head_pixels.ATTRIBUTES :]
        other = shown_by(drawn[..., 7]) * drawn[..., 6] * is_drawn * self._layers.is_seen(place)
        return replace(mesh, mirror=place[..., :2], own=_smooth(mesh.own, blend), other=_smooth(other, blend))

    def _moved(self, posed: PosedFace) -> Array:
        """The frame's vertices [V, 3]; at the mesh's edge they move as the sheet does, without the expression."""
        face = self._face
        rigid = face.vertices(face.expression, posed.pose)
        return head_pixels.bent(face.placed, rigid, posed.vertices, face.model.certainty, self._goes)


def _smooth(weight: Array, sigma: float) -> Array:
    """Weights [h, w] without the single pixels that a z-buffer leaves at its edges, softened."""
    return np.asarray(cv2.GaussianBlur(cv2.medianBlur(weight.astype(np.float32), 5), (0, 0), max(sigma, 0.5)))
