import numpy as np
import pytest

from models.extractor.decode import decode


def maps(cells: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.full((1, cells, cells), -9.0), np.zeros((3, cells, cells)), np.zeros((10, cells, cells))


def test_one_peak_becomes_one_box_with_its_points() -> None:
    heatmap, box, points = maps()
    heatmap[0, 12, 20] = 3.0
    box[:, 12, 20] = 0.25, -0.5, np.log(10)
    points[:, 12, 20] = np.linspace(-0.5, 0.5, 10)
    found = decode(heatmap, box, points, 0.5)
    centre = np.array([(20.5 + 0.25) * 8, (12.5 - 0.5) * 8])
    assert found.scores == pytest.approx([1 / (1 + np.exp(-3))])
    assert found.boxes[0] == pytest.approx([*(centre - 40), *(centre + 40)])
    assert found.points[0] == pytest.approx(np.linspace(-0.5, 0.5, 10).reshape(5, 2) * 80 + centre)


def test_flanks_of_a_peak_are_no_faces() -> None:
    heatmap, box, points = maps()
    heatmap[0, 10:13, 10:13] = 2.0
    heatmap[0, 11, 11] = 2.5
    assert len(decode(heatmap, box, points, 0.5).scores) == 1


def test_peak_in_a_corner_counts() -> None:
    heatmap, box, points = maps(4)
    heatmap[0, 0, 3] = 2.0
    assert len(decode(heatmap, box, points, 0.5).scores) == 1


def test_nothing_above_the_threshold_is_nothing() -> None:
    found = decode(*maps(), 0.5)
    assert found.boxes.shape == (0, 4)
    assert found.points.shape == (0, 5, 2)


def test_absurd_side_stays_finite() -> None:
    heatmap, box, points = maps()
    heatmap[0, 5, 5], box[2, 5, 5] = 2.0, 1e4
    assert np.isfinite(decode(heatmap, box, points, 0.5).boxes).all()
