import numpy as np
import pytest

from models.extractor import Crop, square_crop


def test_crop_is_centred_above_the_box_and_its_side_follows_the_policy() -> None:
    crop = square_crop((100, 200, 237.125, 337.125))
    assert crop.side == 256
    assert crop.x + crop.side / 2 == pytest.approx(168.6, abs=0.6)
    assert crop.y + crop.side / 2 == pytest.approx(268.6 - 11, abs=0.6)


def test_crop_of_the_training_photos_is_their_middle_window() -> None:
    # Stored photos are 288², their face box is 137.125 wide and centred at (144, 155).
    low, high = 155 - 137.125 / 2, 155 + 137.125 / 2
    assert square_crop((144 - 137.125 / 2, low, 144 + 137.125 / 2, high)) == Crop(16, 16, 256)


@pytest.mark.parametrize("factor", [0.5, 3])
def test_crop_scales_with_the_picture(factor: float) -> None:
    box = (40.0, 60.0, 140.0, 160.0)
    small, large = square_crop(box), square_crop(tuple(v * factor for v in box))  # type: ignore[arg-type]
    assert large.side == pytest.approx(small.side * factor, abs=2)
    assert large.x == pytest.approx(small.x * factor, abs=2)
    assert large.y == pytest.approx(small.y * factor, abs=2)


def test_oblong_box_counts_by_its_longer_side() -> None:
    upright, lying, whole = (square_crop(box) for box in ((25, 0, 75, 100), (0, 25, 100, 75), (0, 0, 100, 100)))
    assert upright == lying == whole


def test_tiny_box_still_gives_a_crop() -> None:
    assert square_crop((5, 5, 5.5, 5.5)).side == 8


def test_cut_of_the_same_size_copies_pixels(astronaut: np.ndarray) -> None:
    cut = Crop(30, 40, 64).cut(astronaut, 64)
    assert np.array_equal(cut, astronaut[40:104, 30:94])


def test_cut_repeats_the_border(astronaut: np.ndarray) -> None:
    cut = Crop(-10, 500, 32).cut(astronaut, 32)
    assert np.array_equal(cut[:12, 10:], astronaut[500:512, :22])
    assert (cut[:12, :10] == astronaut[500:512, :1]).all()
    assert (cut[12:, 10:] == astronaut[511, :22]).all()


@pytest.mark.parametrize(("x", "y"), [(-100, -100), (600, 20), (20, 600), (600, 600), (-100, 20)])
def test_cut_outside_the_picture_repeats_its_nearest_pixels(astronaut: np.ndarray, x: int, y: int) -> None:
    cut = Crop(x, y, 40).cut(astronaut, 40)
    rows, columns = (np.clip(np.arange(v, v + 40), 0, 511) for v in (y, x))
    assert np.array_equal(cut, astronaut[rows][:, columns])


def test_cut_is_antialiased() -> None:
    board = np.indices((256, 256)).sum(0) % 2 * 255
    cut = Crop(0, 0, 256).cut(np.repeat(board[..., None], 3, -1).astype(np.uint8), 64)
    assert np.abs(cut.astype(int) - 127).max() < 12


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 500, 3), (500, 2, 3)])
def test_cut_of_odd_pictures(shape: tuple[int, int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert Crop(-4, -4, 9).cut(picture, 256).shape == (256, 256, 3)
