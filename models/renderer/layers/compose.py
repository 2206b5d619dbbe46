"""One frame of a source: the networks' flow and painting, and over them what the layers draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face3d.landmark_fit import LandmarkFit
from models.renderer.layers import head_pixels, pixels
from models.renderer.layers.softness import softness
from models.renderer.layers.source import PosedFace, SourceLayers
from models.renderer.layers.turned import TurnedFrame, TurnedHead

EYES = [33, 263]
"""Landmarks of the outer corners of both eyes."""

SMALL = 0.15
"""Centimetres that a head moves until it is off its background altogether; before that the networks' flow fades."""

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class BegunFrame:
    """What a frame shows whatever the networks make.

    Attributes:
        posed: its face.
        moved: how far the head is off its background, in [0, 1].
        turned: the head over its background; None where it keeps its place.
    """

    posed: PosedFace
    moved: float
    turned: TurnedFrame | None


class LayeredSource:
    """One crop, uint8 [S, S, 3], with its layers, ready to make frames.

    Args:
        lay: makes the layers, when the first frame needs them.
    """

    def __init__(self, crop: NDArray[np.uint8], lay: Callable[[], SourceLayers]) -> None:
        crop.setflags(write=False)  # frames of no motion are the crop itself
        self.crop, self._lay = crop, lay

    @cached_property
    def _layers(self) -> SourceLayers:
        return self._lay()

    @cached_property
    def _turned(self) -> TurnedHead:
        """The crop taken apart, at the first frame whose head moves: other frames need not wait for it."""
        return TurnedHead(self.crop, self._layers)

    @classmethod
    def of(cls, fit: LandmarkFit, crop: NDArray[np.uint8], landmarks: Array, coefficients: Array) -> LayeredSource:
        """Lay the face model on a crop.

        Args:
            landmarks: [478, 2] fractions of the crop. coefficients: [59], as read from it.
        """

        def lay() -> SourceLayers:
            face = fit.fit(landmarks, coefficients, len(crop))
            between_the_eyes = landmarks[EYES].mean(0) * len(crop)
            return SourceLayers(crop, face, softness(crop, between_the_eyes))

        return cls(crop, lay)

    def begun(self, coefficients: Array, weight: float = 1.0) -> BegunFrame | None:
        """Begin a frame, beside the networks; None where it shows the crop alone.

        Args:
            coefficients: [59].
            weight: how much of the frame is shown in place of the crop.
        """
        if weight == 0:
            return None
        posed = self._layers.posed(coefficients)
        moved = min(self._layers.motion(posed) / SMALL, 1.0)
        return BegunFrame(posed, moved, self._turned.frame(posed) if moved > 0 else None)

    def frame(self, flow: Array, painting: Array, begun: BegunFrame | None, weight: float = 1.0) -> NDArray[np.uint8]:
        """One frame, uint8 [S, S, 3].

        Args:
            flow: the networks' backward flow [h, w, 2], pixels of its own grid.
            painting: what they add to the picture [H, W, 3], in levels, and how far it hides the picture [H, W, 1].
            begun: the same frame, begun; it is used up.
            weight: as it was begun with.
        """
        if begun is None:
            return self.crop
        posed, turned = begun.posed, begun.turned
        added = self._added(painting, posed)
        if turned is None:
            picture = self._still(flow, added, posed)
        else:
            picture = _painted(turned, added)
            if begun.moved < 1:
                picture += (1 - begun.moved) * (self._still(flow, added, posed) - picture)
        self._layers.paint(picture, posed)
        return pixels.levels(picture, self.crop, float(weight))

    def _still(self, flow: Array, added: Array, posed: PosedFace) -> Array:
        """A head that keeps its place, float32 [S, S, 3]: what is around the mesh goes with the networks' flow."""
        skin = self._layers.flow(posed)
        columns, rows = pixels.flowing(flow, len(self.crop))
        pixels.overlay(columns, rows, skin.places, skin.weight, skin.window.x, skin.window.y)
        picture = cv2.remap(self.crop, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return pixels.painted(np.asarray(picture, np.uint8), added)

    def _added(self, painting: Array, posed: PosedFace) -> Array:
        """What the networks add outside of eyes and mouth [S, S, 3], and how far it hides the picture [S, S, 1]."""
        side = len(self.crop)
        bare = painting * (1 - self._layers.covered(posed, len(painting)))[..., None]
        added = cv2.resize(bare, (side, side), interpolation=cv2.INTER_CUBIC if side > len(bare) else cv2.INTER_AREA)
        return np.asarray(added, np.float32)


def _painted(turned: TurnedFrame, added: Array) -> Array:
    """A head that moves over its background, float32 [S, S, 3]. Hair goes with the head: the networks' flow is left
    out, and what they add beside the face."""
    head_pixels.lay_paint(turned.picture, added, turned.face, turned.window.x, turned.window.y)
    return turned.picture
