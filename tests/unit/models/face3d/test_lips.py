"""Lips of a laughing photo can meet, and nothing moves that was not asked to close."""

from __future__ import annotations

import numpy as np
import pytest

from models.coefficients import ARKIT
from models.face3d.lips import LOWER, PARTING, UPPER
from tests.fitted_faces import SIDE, FittedPortrait


def gap(portrait: FittedPortrait, weights: np.ndarray) -> float:
    """Pixels between the lips, mean from corner to corner."""
    face = portrait.face
    vertices = face.vertices(weights, face.pose)
    upper, lower = (face.model.landmarks[list(rim[1:-1])] for rim in (UPPER, LOWER))
    return float((vertices[lower, 1] - vertices[upper, 1]).mean())


def without_opening(portrait: FittedPortrait) -> np.ndarray:
    weights = portrait.face.expression.copy()
    weights[PARTING] = 0
    return weights


def test_a_smile_that_shows_teeth_closes(fitted: dict[str, FittedPortrait]) -> None:
    laughing = fitted["astronaut"]
    assert gap(laughing, laughing.face.expression) > 0.02 * SIDE
    shut = without_opening(laughing)
    assert gap(laughing, shut) < 0
    half = (shut + laughing.face.expression) / 2
    assert gap(laughing, shut) < gap(laughing, half) < gap(laughing, laughing.face.expression)


def test_the_skin_moves_near_the_lips_alone(fitted: dict[str, FittedPortrait]) -> None:
    face = fitted["astronaut"].face
    moved = np.abs(np.asarray(face.lips.closed(without_opening(fitted["astronaut"])))) > 0
    assert 0.005 < moved.mean() < 0.5
    nose = face.model.landmarks[4]
    assert not moved[nose]
    assert not moved[~face.model.is_skin].any(), "teeth stay"


@pytest.mark.parametrize("slider", ["jawOpen", "mouthSmileLeft", "browInnerUpLeft"])
def test_what_opens_or_has_nothing_to_do_with_lips_closes_nothing(
    fitted: dict[str, FittedPortrait], slider: str
) -> None:
    face = fitted["astronaut"].face
    weights = face.expression.copy()
    assert not np.any(face.lips.closed(weights))
    weights[ARKIT.index[slider]] = 1
    assert not np.any(face.lips.closed(weights))
