"""Teeth stay behind the lips, whatever the edit; what the photo shows of them stays its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from evaluation.renderer.teeth import painted
from models.coefficients import ARKIT, apply_controls
from models.renderer.layers.masks import Window, filled
from models.renderer.layers.source import SourceLayers
from tests.fitted_faces import SIDE, FittedPortrait

NAMES = ("astronaut", "hopper")
WHOLE = Window(0, 0, SIDE, SIDE)


def moved(portrait: FittedPortrait, sliders: Mapping[str, float], **pose: float) -> np.ndarray:
    return apply_controls(ARKIT, portrait.coefficients, expression=sliders, pose=pose)


def drawn(portrait: FittedPortrait, motion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the mouth paints on black, [S, S, 3], and whether a pixel is well inside the lips, [S, S]."""
    layers = SourceLayers(portrait.crop, portrait.face)
    posed = layers.posed(motion)
    canvas = np.zeros((SIDE, SIDE, 3), np.float32)
    layers.paint(canvas, posed)
    return canvas, filled(layers.inner_lips(posed), WHOLE) > 0.99


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("sliders", "yaw"),
    [
        ({"jawOpen": 0.6}, 0),
        ({"jawOpen": 0.4, "mouthSmile": 0.8}, 20),
        ({"mouthUpperUp": 1, "mouthLowerDown": 1}, -15),
        ({"mouthFunnel": 0.9, "jawLeft": 0.8}, 10),
    ],
)
def test_no_tooth_is_outside_the_lips(
    fitted: dict[str, FittedPortrait], name: str, sliders: dict[str, float], yaw: float
) -> None:
    portrait = fitted[name]
    layers = SourceLayers(portrait.crop, portrait.face)
    inside, outside = painted(layers, layers.posed(moved(portrait, sliders, yaw=yaw)))
    assert inside > 30
    assert outside == 0


def test_teeth_that_the_photo_shows_are_its_own(fitted: dict[str, FittedPortrait]) -> None:
    portrait = fitted["astronaut"]
    canvas, inside = drawn(portrait, moved(portrait, {"jawOpen": 0.4}))
    teeth = canvas[inside]
    bright = teeth[teeth.mean(-1) >= np.percentile(teeth.mean(-1), 85)]
    marked = portrait.crop.copy()
    marked[..., 2] //= 2  # a photo with yellow teeth
    yellow, _ = drawn(
        FittedPortrait(marked, portrait.coefficients, portrait.landmarks, portrait.face),
        moved(portrait, {"jawOpen": 0.4}),
    )
    same = yellow[inside][teeth.mean(-1) >= np.percentile(teeth.mean(-1), 85)]
    assert np.median(same[:, 2] / bright[:, 2]) == pytest.approx(0.5, abs=0.1)
    assert np.median(same[:, 0] / bright[:, 0]) == pytest.approx(1, abs=0.02)


def test_the_tongue_is_lighter_than_the_dark_behind_it(fitted: dict[str, FittedPortrait]) -> None:
    portrait = fitted["hopper"]
    canvas, inside = drawn(portrait, moved(portrait, {"jawOpen": 0.9}))
    rows = np.argwhere(inside)[:, 0]
    light = canvas.mean(-1)
    top, bottom = np.percentile(rows, 45), np.percentile(rows, 85)
    middle, low = (light[int(row)][inside[int(row)]].mean() for row in (top, bottom))
    assert low > 1.15 * middle


def test_back_teeth_of_a_turned_mouth_are_lost_in_the_dark(fitted: dict[str, FittedPortrait]) -> None:
    portrait = fitted["hopper"]
    canvas, inside = drawn(portrait, moved(portrait, {"jawOpen": 0.6}, yaw=20))
    columns = np.nonzero(inside.any(0))[0]
    far = inside & (np.arange(SIDE) > np.percentile(columns, 70))
    low = far & (np.arange(SIDE)[:, None] > np.percentile(np.argwhere(far)[:, 0], 40))
    assert np.percentile(canvas[low].mean(-1), 95) < 0.5 * np.median(portrait.crop[inside].mean(-1))


def test_lips_that_open_are_darker_at_their_rim(fitted: dict[str, FittedPortrait]) -> None:
    portrait = fitted["hopper"]
    layers = SourceLayers(portrait.crop, portrait.face)
    posed = layers.posed(moved(portrait, {"jawOpen": 0.6}))
    canvas = np.full((SIDE, SIDE, 3), 100, np.float32)
    layers.paint(canvas, posed)
    contour = layers.inner_lips(posed)
    window = Window.around(contour, 4, SIDE)
    lips = canvas[window.place][filled(contour, window) == 0]
    assert (lips < 97).any()
    assert lips.min() > 70
    assert np.median(lips) > 99  # at the rim alone
