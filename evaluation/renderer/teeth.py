"""Whether teeth stay behind the lips: what the layer of the mouth paints outside of their inner contour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.photos import Photo
from evaluation.renderer.bench import RendererBench, cut
from evaluation.renderer.edit import draw_edit
from models.errors import NoFaceError
from models.renderer.layers.masks import Window, filled
from models.renderer.layers.source import PosedFace, SourceLayers

SIDE, NEAR = 512, 0.5
"""Side of the crops, and how far around the lips is counted, in widths of the mouth."""


@dataclass(frozen=True)
class Teeth:
    """Pixels that one edit of one photo painted, inside and outside the lips."""

    name: str
    inside: int
    outside: int


def evaluate_teeth(bench: RendererBench, photos: Iterable[Photo], seed: int) -> list[Teeth]:
    """A random edit of every photo; those without a face are left out."""
    found: list[Teeth] = []
    if bench.fit is None:
        return found
    rng = np.random.default_rng(seed)
    for photo in photos:
        edit = draw_edit(bench.space, rng)
        try:
            square = bench.square(photo.picture)
        except NoFaceError:
            continue
        seen = bench.see(cut(square, photo.picture)[None])
        own, crop = seen.coefficients[0], square.cut(photo.picture, SIDE)
        layers = SourceLayers(crop, bench.fit.fit(seen.landmarks[0], own, SIDE))
        inside, outside = painted(layers, layers.posed(edit.apply(bench.space, own)))
        found.append(Teeth(f"photo {photo.number}: {edit.label}", inside, outside))
    return found


def painted(layers: SourceLayers, posed: PosedFace) -> tuple[int, int]:
    """How many pixels a frame's mouth has inside and outside the inner contour of the lips.

    On black: what is painted shows, and what is only shaded stays black."""
    contour = layers.inner_lips(posed)
    canvas: NDArray[np.float32] = np.zeros((layers.side, layers.side, 3), np.float32)
    layers.paint_mouth(canvas, posed)
    window = Window.around(contour, NEAR * float(np.ptp(contour[:, 0])), layers.side)
    shown, inside = canvas[window.place].max(-1) > 0, filled(contour, window) > 0
    return int((shown & inside).sum()), int((shown & ~inside).sum())
