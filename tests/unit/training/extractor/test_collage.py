import numpy as np
import pytest

from datasets.backgrounds import Backgrounds
from datasets.photos import FacePhotos, mirror_order
from training.extractor import collage as module
from training.extractor.collage import CollageMaker
from training.extractor.networks.detector import STRIDE
from training.extractor.targets import detector_targets

NO_GROUNDS = np.zeros((0, 256, 256, 3), np.uint8)


@pytest.fixture
def maker(faces: FacePhotos, backgrounds: Backgrounds, monkeypatch: pytest.MonkeyPatch) -> CollageMaker:
    monkeypatch.setattr(module, "degrade", lambda picture, rng: picture)  # red must stay red to be looked for
    return CollageMaker(faces, mirror_order(faces.landmarks), backgrounds, NO_GROUNDS)


def test_boxes_lie_around_what_was_pasted(maker: CollageMaker) -> None:
    checked = 0
    for seed in range(40):
        collage = maker.draw(np.random.default_rng(seed))
        red = (collage.picture[..., 0].astype(int) - collage.picture[..., 1]) > 120
        for x0, y0, x1, y1 in collage.boxes:
            assert x1 - x0 == pytest.approx(y1 - y0, abs=1e-3)
            if x1 - x0 > 60 and min(x0, y0) >= 0 and max(x1, y1) <= len(red):
                assert red[int(y0) : int(y1), int(x0) : int(x1)].any()
                checked += 1
        rows, columns = np.nonzero(red)
        for x, y in zip(columns, rows, strict=True):
            assert any(x0 - 4 <= x <= x1 + 4 and y0 - 4 <= y <= y1 + 4 for x0, y0, x1, y1 in collage.boxes)
    assert checked >= 8


def test_the_same_number_draws_the_same_collage(maker: CollageMaker) -> None:
    first, second = (maker.draw(np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first.picture, second.picture)
    assert first.boxes == second.boxes


def test_some_collages_have_no_face_and_some_have_several(maker: CollageMaker) -> None:
    counts = [len(maker.draw(np.random.default_rng(seed)).boxes) for seed in range(40)]
    assert min(counts) == 0
    assert max(counts) >= 2


def test_targets_say_in_cells_what_the_boxes_say_in_pixels() -> None:
    boxes = np.array([[40.0, 60.0, 104.0, 124.0]])
    points = np.array([[[60.0, 80.0], [84, 80], [72, 92], [62, 108], [82, 108]]])
    maps = detector_targets(boxes, points, 256)
    row, column = np.argwhere(maps["heatmap"][0] == 1)[0]
    dx, dy, log_side = maps["box"][:, row, column]
    assert ((column + 0.5 + dx) * STRIDE, (row + 0.5 + dy) * STRIDE) == pytest.approx((72, 92))
    assert np.exp(log_side) * STRIDE == pytest.approx(64)
    assert maps["points"][:, row, column].reshape(5, 2) * 64 + (72, 92) == pytest.approx(points[0])
    assert (maps["weight"] > 0).sum() < 12


def test_no_face_gives_empty_targets() -> None:
    maps = detector_targets(np.zeros((0, 4)), np.zeros((0, 5, 2)), 256)
    assert not any(value.any() for value in maps.values())


def test_pictures_that_fooled_a_detector_are_shown_more_often(
    faces: FacePhotos, backgrounds: Backgrounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "degrade", lambda picture, rng: picture)
    green = np.zeros((1, 320, 320, 3), np.uint8)
    green[..., 1] = 250
    maker = CollageMaker(faces, mirror_order(faces.landmarks), backgrounds, green)
    grounds = [maker.draw(np.random.default_rng(seed)).picture[0, 0] for seed in range(60)]
    shown = sum(int(ground[1]) > 200 for ground in grounds)
    assert 10 < shown < 40
