"""What the layers draw on the public-domain portraits: where, in which colours, and that nothing moves at rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
import pytest

from models.coefficients import ARKIT, apply_controls
from models.renderer.layers.compose import LayeredSource
from models.renderer.layers.masks import Window, filled
from models.renderer.layers.source import SourceLayers
from tests.fitted_faces import SIDE, FittedPortrait

NAMES = ("astronaut", "hopper")
NO_FLOW, NO_PAINT = np.zeros((64, 64, 2), np.float32), np.zeros((256, 256, 4), np.float32)


def changed(portrait: FittedPortrait, sliders: Mapping[str, float], **pose: float) -> np.ndarray:
    return apply_controls(
        ARKIT, portrait.coefficients, mode="relative", expression=sliders, pose=pose, coefficients=None
    )


def frame(portrait: FittedPortrait, sliders: Mapping[str, float], **pose: float) -> np.ndarray:
    source = LayeredSource(portrait.crop, lambda: SourceLayers(portrait.crop, portrait.face))
    begun = source.begun(changed(portrait, sliders, **pose))
    return source.frame(NO_FLOW, NO_PAINT, begun).astype(np.float32)


def mask_of(outline: np.ndarray) -> np.ndarray:
    return filled(outline, Window(0, 0, SIDE, SIDE))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_moves_at_rest(fitted: dict[str, FittedPortrait], name: str) -> None:
    difference = np.abs(frame(fitted[name], {}) - fitted[name].crop)
    assert difference.max() < 12
    assert difference.mean() < 0.1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sliders", [{"jawOpen": 0.6}, {"jawOpen": 0.3, "mouthSmile": 0.8}, {"mouthFunnel": 0.7}])
def test_the_mouth_is_painted_inside_the_lips_alone(
    fitted: dict[str, FittedPortrait], name: str, sliders: dict[str, float]
) -> None:
    portrait = fitted[name]
    layers = SourceLayers(portrait.crop, portrait.face)
    posed = layers.posed(changed(portrait, sliders, yaw=10))
    canvas = np.full((SIDE, SIDE, 3), -1000, np.float32)  # a colour that no paint leaves as it is
    layers.paint(canvas, replace(posed, lids=[replace(lid, closing=0.0) for lid in posed.lids]))
    rim = posed.vertices[portrait.face.model.mouth_rim, :2]
    eyes = np.zeros((SIDE, SIDE), bool)
    for upper, lower in portrait.face.model.lid_rims:
        eyes |= mask_of(np.concatenate([posed.vertices[upper, :2], posed.vertices[lower[::-1], :2]])) > 0
    painted = (np.abs(canvas + 1000).max(-1) > 30) & ~cv2.dilate(eyes.astype(np.uint8), np.ones((5, 5))).astype(bool)
    inside = cv2.dilate((mask_of(rim) > 0).astype(np.uint8), np.ones((7, 7))) > 0
    assert painted.sum() > 50
    assert not (painted & ~inside).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_mouth_that_opens_is_dark_inside(fitted: dict[str, FittedPortrait], name: str) -> None:
    portrait = fitted[name]
    opened = frame(portrait, {"jawOpen": 0.7})
    posed = SourceLayers(portrait.crop, portrait.face).posed(changed(portrait, {"jawOpen": 0.7}))
    inside = mask_of(posed.vertices[portrait.face.model.mouth_rim, :2]) > 0.99
    assert inside.sum() > 150
    assert np.percentile(opened[inside].mean(-1), 20) < 0.5 * portrait.crop[inside].mean()


@pytest.mark.parametrize("name", NAMES)
def test_a_grey_photo_stays_grey(fitted: dict[str, FittedPortrait], name: str) -> None:
    portrait = fitted[name]
    grey = np.repeat(cv2.cvtColor(portrait.crop, cv2.COLOR_RGB2GRAY)[..., None], 3, -1)
    layered = LayeredSource(grey, lambda: SourceLayers(grey, portrait.face))
    for sliders in ({"jawOpen": 0.6, "mouthSmile": 0.5}, {"eyeBlink": 1}, {"eyeWide": 1}):
        picture = layered.frame(NO_FLOW, NO_PAINT, layered.begun(changed(portrait, sliders, yaw=12)))
        assert np.ptp(picture, axis=-1).max() <= 1


def test_a_blink_covers_the_eye_with_skin(fitted: dict[str, FittedPortrait]) -> None:
    portrait = fitted["astronaut"]
    shut = frame(portrait, {"eyeBlink": 1})
    for upper, lower in portrait.face.model.lid_rims:
        rims = portrait.face.placed[upper, :2], portrait.face.placed[lower[::-1], :2]
        eye = mask_of(np.concatenate(rims)) > 0.9
        before, after = portrait.crop[eye].mean(-1), shut[eye].mean(-1)
        assert np.percentile(after, 25) > np.percentile(before, 25) + 30  # the dark iris is gone


def test_an_iris_turns_with_the_gaze(fitted: dict[str, FittedPortrait]) -> None:
    portrait = fitted["astronaut"]
    eye = (
        mask_of(
            np.concatenate(
                [
                    portrait.face.placed[rim, :2]
                    for rim in (portrait.face.model.lid_rims[0, 0], portrait.face.model.lid_rims[0, 1][::-1])
                ]
            )
        )
        > 0.9
    )

    def darkest(picture: np.ndarray) -> float:
        level = np.where(eye, picture.mean(-1), 255)
        return float(np.argwhere(level <= np.percentile(level[eye], 25))[:, 1].mean())

    looks = {
        name: darkest(frame(portrait, {f"eyeLookOut{name}": 0.8, f"eyeLookIn{other}": 0.8}))
        for name, other in (("Left", "Right"), ("Right", "Left"))
    }
    assert looks["Left"] > darkest(portrait.crop.astype(np.float32)) > looks["Right"]
