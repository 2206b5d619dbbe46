import numpy as np
import pytest

from models.extractor.detector import GREY, letterbox


@pytest.mark.parametrize("shape", [(600, 512), (90, 300), (320, 320), (1, 1), (5000, 20)])
def test_letterbox_maps_the_picture_into_the_canvas(shape: tuple[int, int]) -> None:
    height, width = shape
    canvas, scale, offset = letterbox(np.full((height, width, 3), 200, np.uint8), 320)
    left, top = offset
    right, bottom = np.array([width, height]) * scale + offset
    inside = canvas[round(top) : round(bottom), round(left) : round(right)]
    assert (inside == 200).all()
    assert max(inside.shape[:2]) == 320
    assert (canvas == GREY).all(-1).sum() == 320 * 320 - inside.shape[0] * inside.shape[1]
