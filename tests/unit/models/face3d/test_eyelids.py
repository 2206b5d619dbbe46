"""Closing lids are painted over the eye; everything else keeps its pixels."""

from __future__ import annotations

import numpy as np
import pytest

from models.face3d.eyelids import shut_eyes
from models.face3d.head import Head
from models.face3d.heads import Heads, MeshModel
from models.face3d.morphable import MorphableModel
from tests.synthetic_head import blinking, eye_on_skin
from tests.synthetic_head_batch import lids_painted

SIZE = 128
SKIN, EYE = 180, np.array([250, 250, 40], np.uint8)


@pytest.fixture
def picture(eyed: MorphableModel, face: Head) -> np.ndarray:
    """Plain skin with a bright eye between the rims."""
    return eye_on_skin(eyed, face, (SKIN,) * 3, EYE)


def eye_pixels(picture: np.ndarray) -> int:
    return int((np.abs(picture.astype(int) - EYE).sum(-1) < 30).sum())


def test_open_eyes_are_left_alone(eyed: MorphableModel, face: Head, picture: np.ndarray) -> None:
    np.testing.assert_array_equal(lids_painted(eyed, picture, picture, face, face), picture)
    shut = blinking(face, 1)
    np.testing.assert_array_equal(lids_painted(eyed, picture, picture, shut, shut), picture)


def test_a_shut_eye_shows_skin_and_a_dark_line(eyed: MorphableModel, face: Head, picture: np.ndarray) -> None:
    dark = np.where(picture == EYE, picture // 8, picture)  # the lash line takes its colour from the photo's eye
    painted = lids_painted(eyed, dark, picture, face, blinking(face, 1))
    assert eye_pixels(picture) > 50
    assert eye_pixels(painted) == 0
    assert painted.min() < 60
    changed = np.argwhere((painted != picture).any(-1))
    eye = np.argwhere((picture != SKIN).any(-1))
    assert (np.abs(changed.min(0) - eye.min(0)) <= 6).all()
    assert (np.abs(changed.max(0) - eye.max(0)) <= 6).all()


def test_a_half_shut_eye_keeps_its_lower_half(eyed: MorphableModel, face: Head, picture: np.ndarray) -> None:
    painted = lids_painted(eyed, picture, picture, face, blinking(face, 0.5))
    assert 0.2 * eye_pixels(picture) < eye_pixels(painted) < 0.7 * eye_pixels(picture)


def test_shut_eyes_are_where_an_open_eye_was(eyed: MorphableModel, face: Head, picture: np.ndarray) -> None:
    lidded = MeshModel.of(eyed, "cpu")

    def shut_between(source: Head, target: Head) -> np.ndarray:
        heads = (Heads.stack([one], "cpu") for one in (source, target))
        return shut_eyes(lidded, *heads, SIZE)[0].numpy()

    shut = shut_between(face, blinking(face, 1))
    eye = (picture == EYE).all(-1)
    assert shut[eye].all()
    assert shut.sum() < 3 * eye.sum()
    assert not shut_between(face, blinking(face, 0.4)).any(), "half shut, a warp still shows the eye"
    assert not shut_between(blinking(face, 1), face).any(), "an eye that opens has no lid to show"
