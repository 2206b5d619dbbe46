"""Shut eyes: what is counted, and what a drawing makes of a picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from evaluation.photos import Photo
from evaluation.renderer.blinks import PHOTOGRAPH, blink_pictures, evaluate_blinks, shut_fractions
from evaluation.renderer.drawings import CORNERS, ENLARGED, LEVELS, SIDE, STYLES, drawings, enlarged_eyes
from tests.unit.evaluation.renderer.conftest import HalvingJudge, SpellingRenderer, bench


def test_what_is_left_of_the_opening_is_counted(portrait: np.ndarray) -> None:
    pictures = [("a", PHOTOGRAPH, portrait), ("b", "smoothed", portrait), ("c", PHOTOGRAPH, 0 * portrait)]
    half, unmeasured = evaluate_blinks(bench(SpellingRenderer(fraction=0.5), judge=HalvingJudge()), pictures)
    assert list(unmeasured) == [f"c, {PHOTOGRAPH}"]
    assert [blink.left for blink in half] == pytest.approx([0.5, 0.5])  # 0.05 in the photo, 0.525 then
    assert shut_fractions(half) == {"photographs": [0], "drawings": [0]}
    whole, _ = evaluate_blinks(bench(judge=HalvingJudge()), pictures)
    assert [blink.left for blink in whole] == pytest.approx([0, 0], abs=1e-6)
    assert shut_fractions(whole) == {"photographs": [1], "drawings": [1]}
    assert evaluate_blinks(bench(), pictures) == ([], {})  # without a judge


def test_photos_come_as_they_are_and_drawn_in_every_style(portrait: np.ndarray) -> None:
    photos = [Photo(7, portrait, colour=True)]
    made = list(blink_pictures(bench(), photos, {"Collins": portrait, "nobody": 0 * portrait}))
    kinds = [(name, kind) for name, kind, _ in made]
    assert kinds[0] == ("photo 7", PHOTOGRAPH)
    assert np.array_equal(made[0][2], portrait)
    assert [kind for name, kind in kinds if name == "Collins"] == [k for _, k in kinds[-2 * len(STYLES) :]]
    assert len(kinds) == 1 + 2 * 2 * len(STYLES)


def test_enlarged_eyes_are_larger_and_the_rest_stays() -> None:
    picture = np.full((SIDE, SIDE, 3), 200, np.uint8)
    landmarks = np.zeros((478, 2))
    for (first, second), x in zip(CORNERS, (250, 520), strict=True):
        landmarks[[first, second]] = [x - 40, 300], [x + 40, 300]
        cv2.circle(picture, (x, 300), 12, (0, 0, 0), -1)
    large = enlarged_eyes(picture, landmarks)
    assert (large < 100).sum() == pytest.approx(ENLARGED**2 * (picture < 100).sum(), rel=0.15)
    assert np.array_equal(large[500:], picture[500:])


def test_drawings_have_few_colours_or_flat_surfaces(astronaut: np.ndarray) -> None:
    picture = cv2.resize(astronaut[:256, 96:352], (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    noisy = np.clip(picture + np.random.default_rng(0).normal(0, 8, picture.shape), 0, 255).astype(np.uint8)
    made = dict(drawings(noisy, np.zeros((478, 2))))
    assert len(np.unique(made["posterised"])) <= LEVELS

    def grain(one: np.ndarray) -> float:
        return float(np.median(np.abs(np.diff(one.astype(float), axis=1))))

    assert all(grain(made[name]) < 0.3 * grain(noisy) for name in ("smoothed", "stylised"))
