"""A lid that comes down: skin without lashes and streaks; what lies before the eye stays."""

from __future__ import annotations

import cv2
import numpy as np

from models.renderer.layers.lids import EyeRims, LidSkin
from tests.fitted_faces import FittedPortrait

SIDE, WIDTH = 240, 100
SKIN = np.array([200, 160, 140], np.float32)


def rims(opening: float = 0.3) -> EyeRims:
    along = np.linspace(0, 1, 9, dtype=np.float32)
    bow = np.sin(np.pi * along) * WIDTH * opening / 2
    x = 70 + WIDTH * along
    return EyeRims(*(np.stack([x, 130 + sign * bow], -1).astype(np.float32) for sign in (-1, 1)))


def photo(*, lashes: bool = True, frame: bool = False) -> np.ndarray:
    """Skin with grain, an eye that is dark, lashes above it and the frame of glasses above those."""
    picture = SKIN + np.random.default_rng(0).normal(0, 4, (SIDE, SIDE, 1))
    cv2.fillPoly(picture, [np.rint(rims().outline).astype(np.int32)], (40, 40, 50))
    if lashes:
        for x in range(75, 166, 6):
            cv2.line(picture, (x, 114), (x, 106), (50, 45, 45), 2)
    if frame:
        cv2.rectangle(picture, (0, 78), (SIDE, 88), (30, 30, 30), -1)
    return np.clip(picture, 0, 255).astype(np.uint8)


BROW = np.stack([np.linspace(60, 180, 5), np.full(5, 55)], -1).astype(np.float32)


def shut(picture: np.ndarray, closing: float = 1.0) -> np.ndarray:
    drawn, own = picture.astype(np.float32), rims()
    now = EyeRims(own.upper + closing * (own.lower - own.upper), own.lower)
    LidSkin(picture, own, BROW, SKIN).paint(drawn, own, now, closing)
    return drawn


def test_a_shut_lid_is_skin_with_its_grain() -> None:
    lid = shut(photo())[105:130, 90:150]
    assert np.abs(lid.mean((0, 1)) - SKIN).max() < 25
    assert lid.min() > 90  # neither lashes nor iris
    fine = lid - cv2.GaussianBlur(lid, (0, 0), 3)
    assert 2 < fine.std() < 6  # 4 in the photo
    across, down = np.abs(np.diff(fine, axis=1)).mean(), np.abs(np.diff(fine, axis=0)).mean()
    assert 0.8 < across / down < 1.25  # no streaks


def test_a_lid_that_hardly_closes_changes_hardly_anything() -> None:
    picture = photo()
    own = rims()
    drawn = picture.astype(np.float32)
    LidSkin(picture, own, BROW, SKIN).paint(drawn, own, EyeRims(own.upper + np.float32([0, 0.3]), own.lower), 0.01)
    assert np.abs(drawn - picture).mean() < 0.2
    half = shut(picture, 0.5)
    assert half[110:116, 90:150].mean() > picture[110:116, 90:150].mean() + 20  # lashes have gone down with the lid


def test_frames_of_glasses_stay_before_a_shut_eye() -> None:
    lid = shut(photo(frame=True))
    assert lid[80:86, 80:160].mean() < 45
    assert lid[108:128, 90:150].mean() > 120


def test_grey_stays_grey() -> None:
    grey = np.repeat(photo().mean(-1, keepdims=True).astype(np.uint8), 3, -1)
    drawn = grey.astype(np.float32)
    own = rims()
    LidSkin(grey, own, BROW, np.full(3, 165, np.float32)).paint(drawn, own, EyeRims(own.lower, own.lower), 1.0)
    assert np.ptp(drawn, axis=-1).max() < 0.01


def test_portraits_have_no_streaks_above_shut_eyes(fitted: dict[str, FittedPortrait]) -> None:
    portrait = fitted["astronaut"]
    face = portrait.face
    for (upper, lower), brow in zip(
        face.model.lid_rims, ((55, 65, 52, 53, 46), (285, 295, 282, 283, 276)), strict=True
    ):
        own = EyeRims(face.placed[upper, :2], face.placed[lower, :2])
        drawn = portrait.crop.astype(np.float32)
        tone = np.median(portrait.crop.reshape(-1, 3), 0).astype(np.float32)
        above = face.placed[face.model.landmarks[list(brow)], :2]
        LidSkin(portrait.crop, own, above, tone).paint(drawn, own, EyeRims(own.lower, own.lower), 1.0)
        (x0, y0), (x1, _) = np.rint(own.outline.min(0)), np.rint(own.outline.max(0))
        lid = drawn[int(y0) : int(y0 + 0.2 * own.width), int(x0 + 0.2 * own.width) : int(x1 - 0.2 * own.width)]
        assert np.abs(np.diff(lid.mean(-1), axis=1)).max() < 12
