"""One frame of a source: the networks' flow and painting, and over them what the layers draw."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.renderer.layers.masks import sampled
from models.renderer.layers.source import SourceLayers

Array = NDArray[np.float32]


class LayeredSource:
    """One crop, uint8 [S, S, 3], with its layers, ready to make frames."""

    def __init__(self, crop: NDArray[np.uint8], layers: SourceLayers) -> None:
        self._crop, self._layers = crop, layers
        side = np.arange(len(crop), dtype=np.float32)
        self._grid = np.stack(np.meshgrid(side, side), -1)

    def frame(self, flow: Array, painting: Array, coefficients: Array) -> Array:
        """One frame, float32 [S, S, 3] in levels of 255.

        Args:
            flow: the networks' backward flow [h, w, 2], pixels of its own grid.
            painting: what they add to the picture [H, W, 3], in levels, and how far it hides the picture [H, W, 1].
            coefficients: [59].
        """
        side = len(self._crop)
        posed = self._layers.posed(coefficients)
        skin = self._layers.flow(posed)
        places = self._grid + cv2.resize(flow * (side / len(flow)), (side, side), interpolation=cv2.INTER_LINEAR)
        places[skin.window.place] += skin.weight[..., None] * (skin.places - places[skin.window.place])
        picture = sampled(self._crop, places).astype(np.float32)
        kept = painting * (1 - self._layers.covered(posed, len(painting)))[..., None]
        kept = cv2.resize(kept, (side, side), interpolation=cv2.INTER_CUBIC if side > len(kept) else cv2.INTER_AREA)
        picture *= 1 - np.clip(kept[..., 3:], 0, 1)
        picture += kept[..., :3]
        self._layers.paint(picture, posed)
        return np.clip(picture, 0, 255, out=picture)
