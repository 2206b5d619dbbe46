"""Five-point alignment against the authors' procedure, step by step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import BundleError
from models.extractor.deep3d import ALIGNED, align, read_template
from tests.pirender_reference import landmarks_68

GROUPS = ((36, 39), (42, 45), (30,), (48,), (54,))
TEMPLATE = np.stack([landmarks_68()[list(group)].mean(0) for group in GROUPS])
POINTS = np.array([[98.3, 110.2], [150.9, 108.4], [126.0, 140.7], [104.9, 170.1], [147.2, 168.8]])


def picture() -> np.ndarray:
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8))
    return np.asarray(small.resize((256, 256), Image.Resampling.BICUBIC))


def reference(image: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """One equation system of ten rows and eight unknowns, as Deep3DFaceRecon writes it."""
    flipped = points.copy()
    flipped[:, 1] = 256 - 1 - flipped[:, 1]
    rows, values = [], []
    for model, seen in zip(TEMPLATE, flipped, strict=True):
        rows += [[*model, 1, 0, 0, 0, 0], [0, 0, 0, 0, *model, 1]]
        values += list(seen)
    k = np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)[0]
    s = 102.0 / ((np.linalg.norm(k[0:3]) + np.linalg.norm(k[4:7])) / 2)
    w = h = np.int32(256 * s)
    left, up = np.int32(w / 2 - 112 + (k[3] - 128) * s), np.int32(h / 2 - 112 + (128 - k[7]) * s)
    scaled = Image.fromarray(image).resize((int(w), int(h)), Image.Resampling.BICUBIC)
    return np.asarray(scaled.crop((left, up, left + 224, up + 224))), [s, k[3], k[7]]


def test_picture_and_crop_are_the_authors_ones() -> None:
    aligned = align(picture(), POINTS, TEMPLATE)
    wanted, crop = reference(picture(), POINTS)
    assert aligned.picture.shape == (ALIGNED, ALIGNED, 3)
    np.testing.assert_array_equal(aligned.picture, wanted)
    np.testing.assert_allclose(aligned.crop, crop, rtol=1e-9)


@pytest.mark.parametrize("shift", [(17.0, -9.0), (-60.0, 40.0)])
def test_a_face_elsewhere_is_cut_from_there(shift: tuple[float, float]) -> None:
    here, there = align(picture(), POINTS, TEMPLATE), align(picture(), POINTS + shift, TEMPLATE)
    assert there.crop[0] == pytest.approx(here.crop[0])
    np.testing.assert_allclose(np.subtract(there.crop[1:], here.crop[1:]), (shift[0], -shift[1]), atol=1e-9)
    np.testing.assert_array_equal(there.picture, reference(picture(), POINTS + shift)[0])


def test_a_larger_face_is_scaled_less() -> None:
    larger = (POINTS - 128) * 1.5 + 128
    assert align(picture(), larger, TEMPLATE).crop[0] == pytest.approx(align(picture(), POINTS, TEMPLATE).crop[0] / 1.5)


def test_points_that_are_no_face_need_no_gigabytes() -> None:
    assert align(picture(), np.full((5, 2), 100.0), TEMPLATE).picture.shape == (224, 224, 3)


@pytest.mark.parametrize("text", ["", "{}", '{"landmarks": [[0, 0, 0]]}', '{"landmarks": [[0, 0, NaN]]}'])
def test_a_damaged_template_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "alignment.json"
    path.write_text(text)
    with pytest.raises(BundleError, match="import the checkpoint again"):
        read_template(path)
