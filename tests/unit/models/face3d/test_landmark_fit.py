"""The face model laid on the public-domain portraits."""

from __future__ import annotations

import numpy as np
import pytest

from models.coefficients import ARKIT
from models.face3d.pose import HeadPose
from tests.fitted_faces import SIDE, FittedPortrait

NAMES = ("astronaut", "hopper")


@pytest.mark.parametrize("name", NAMES)
def test_landmarks_lie_on_the_photos_own(fitted: dict[str, FittedPortrait], name: str) -> None:
    portrait = fitted[name]
    model = portrait.face.model
    placed = portrait.face.placed[model.landmarks, :2] + 0.5
    distance = np.linalg.norm(placed - portrait.landmarks[: len(model.landmarks)] * SIDE, axis=1)
    assert distance.mean() < 0.001 * SIDE
    unfitted = (
        model.project(model.expressed(model.mean, portrait.face.expression), portrait.face.pose)[model.landmarks, :2]
        + 0.5
    )
    raw = np.linalg.norm(unfitted - portrait.landmarks[: len(model.landmarks)] * SIDE, axis=1)
    assert raw.mean() > 5 * distance.mean()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", ["Left", "Right"])
def test_a_full_blink_brings_the_lids_together(fitted: dict[str, FittedPortrait], name: str, side: str) -> None:
    face = fitted[name].face
    weights = face.expression.copy()
    weights[ARKIT.index[f"eyeBlink{side}"]] = 1
    shut, open_ = face.vertices(weights, face.pose), face.placed
    eye = 0 if (face.model.mean[face.model.lid_rims[0, 0, 0], 0] > 0) == (side == "Left") else 1
    upper, lower = face.model.lid_rims[eye]
    width = np.linalg.norm(open_[upper[0], :2] - open_[upper[-1], :2])
    assert (open_[lower, 1] - open_[upper, 1])[1:-1].mean() > 0.15 * width
    assert np.abs(shut[lower, 1] - shut[upper, 1]).max() < 0.06 * width


def test_the_face_at_rest_is_where_it_was_fitted(fitted: dict[str, FittedPortrait]) -> None:
    face = fitted["hopper"].face
    again = HeadPose.from_coefficients(fitted["hopper"].coefficients[53:], SIDE, float(face.pose.translation[2]))
    np.testing.assert_allclose(face.vertices(face.expression, again), face.placed, atol=0.01)
