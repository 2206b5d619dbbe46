"""A portrait made smaller keeps what was read of it."""

from __future__ import annotations

import numpy as np

from models.extractor import Crop, Face
from models.portrait import Source
from models.preview import reduced


def portrait(height: int, width: int) -> Source:
    """A dark photo, white inside of its crop."""
    image = np.zeros((height, width, 3), np.uint8)
    crop = Crop(x=width // 4, y=height // 8, side=height // 2, turn=1)
    image[crop.y : crop.y + crop.side, crop.x : crop.x + crop.side] = 255
    face = Face((width / 4, height / 8, width / 2, height / 4), 0.9, np.full((5, 2), 100.0, np.float32))
    return Source(image, face, crop, np.arange(3.0), np.full((478, 2), 0.5, np.float32))


def test_picture_crop_and_face_shrink_together() -> None:
    large = portrait(800, 1200)
    small = reduced(large, 300)
    assert small.image.shape == (200, 300, 3)
    assert small.crop == Crop(x=75, y=25, side=100, turn=1)
    inside = small.image[small.crop.y + 2 : small.crop.y + 98, small.crop.x + 2 : small.crop.x + 98]
    assert inside.min() > 250, "the crop shows what it showed"
    assert small.face.box == (75, 25, 150, 50)
    np.testing.assert_allclose(small.face.points, 25.0)
    assert small.coefficients is large.coefficients
    assert small.landmarks is large.landmarks
    assert small.prepared is not large.prepared, "what is prepared of one does not fit the other"
    assert small.prepared_black is not large.prepared_black


def test_a_small_one_stays_as_it_is() -> None:
    small = portrait(80, 120)
    assert reduced(small, 120) is small
