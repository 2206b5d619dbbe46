"""One frame of a source: the networks' flow and painting, and over them what the layers draw."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face3d.landmark_fit import LandmarkFit
from models.renderer.layers.masks import Window, sampled
from models.renderer.layers.source import SourceLayers

SOFTNESS = 0.45
"""Blur, in pixels of a photo, that enlarging it shows."""

Array = NDArray[np.float32]


class LayeredSource:
    """One crop, uint8 [S, S, 3], with its layers, ready to make frames."""

    def __init__(self, crop: NDArray[np.uint8], layers: SourceLayers) -> None:
        self.crop, self._layers = crop, layers
        self._grid = Window(0, 0, len(crop), len(crop)).grid

    @classmethod
    def of(
        cls, fit: LandmarkFit, crop: NDArray[np.uint8], landmarks: Array, coefficients: Array, scale: float
    ) -> LayeredSource:
        """Lay the face model on a crop.

        Args:
            landmarks: [478, 2] fractions of the crop. coefficients: [59], as read from it.
            scale: pixels of the crop for each of the photo, along a side.
        """
        face = fit.fit(landmarks, coefficients, len(crop))
        return cls(crop, SourceLayers(crop, face, max(0.0, SOFTNESS * (scale - 1))))

    def frame(self, flow: Array, painting: Array, coefficients: Array, weight: float = 1.0) -> NDArray[np.uint8]:
        """One frame, uint8 [S, S, 3].

        Args:
            flow: the networks' backward flow [h, w, 2], pixels of its own grid.
            painting: what they add to the picture [H, W, 3], in levels, and how far it hides the picture [H, W, 1].
            coefficients: [59].
            weight: how much of the frame is shown in place of the crop.
        """
        if weight == 0:
            return self.crop
        side = len(self.crop)
        posed = self._layers.posed(coefficients)
        skin = self._layers.flow(posed)
        places = self._grid + cv2.resize(flow * (side / len(flow)), (side, side), interpolation=cv2.INTER_LINEAR)
        places[skin.window.place] += skin.weight[..., None] * (skin.places - places[skin.window.place])
        picture = sampled(self.crop, places)
        bare = painting * (1 - self._layers.covered(posed, len(painting)))[..., None]
        kept = cv2.resize(bare, (side, side), interpolation=cv2.INTER_CUBIC if side > len(bare) else cv2.INTER_AREA)
        picture *= 1 - np.clip(kept[..., 3:], 0, 1)
        picture += kept[..., :3]
        self._layers.paint(picture, posed)
        picture += (1 - weight) * (self.crop - picture)
        return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
