"""L1, PSNR and SSIM in regions, and the regions."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from evaluation.renderer.regions import regions, skin
from evaluation.renderer.scores import luma, region_scores, ssim_map
from tests.unit.evaluation.renderer.conftest import face_landmarks


def test_regions_are_where_the_landmarks_are() -> None:
    masks = regions(face_landmarks(), 200)
    assert masks["mouth"][136, 100]
    assert not masks["mouth"][80, 76]
    assert masks["eyes"][80, 76]
    assert masks["eyes"][80, 124]
    assert masks["face"][100, 100]
    assert masks["background"][5, 5]
    assert not (masks["face"] & masks["background"]).any()
    assert (masks["mouth"] & masks["face"]).sum() == masks["mouth"].sum()
    assert masks["mouth"].sum() > np.pi * 16 * 8  # wider than the lips themselves
    rest = skin(masks)
    assert rest[100, 100]
    assert not (rest & (masks["mouth"] | masks["eyes"] | masks["background"])).any()


def test_scores_count_where_the_error_is(photo_like: np.ndarray) -> None:
    left, right = np.zeros((2, 64, 64), bool)
    left[:, :32], right[:, 32:] = True, True
    wrong = photo_like.copy()
    wrong[:, :32] += 8
    scores = region_scores(wrong, photo_like, {"left": left, "right": right, "none": np.zeros((64, 64), bool)})
    assert scores["L1 left"] == 8
    assert scores["PSNR left"] == pytest.approx(20 * np.log10(255 / 8))
    assert scores["L1 right"] == 0
    assert scores["PSNR right"] == 100
    assert scores["SSIM left"] < scores["SSIM right"] <= 1
    assert "L1 none" not in scores


def test_ssim_is_the_standard_one(photo_like: np.ndarray) -> None:
    noisy = np.clip(photo_like + np.random.default_rng(1).normal(0, 12, photo_like.shape), 0, 255).astype(np.uint8)
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255, "full": True}
    _, wanted = structural_similarity(luma(photo_like), luma(noisy), **settings)
    np.testing.assert_allclose(ssim_map(photo_like, noisy)[8:-8, 8:-8], wanted[8:-8, 8:-8], atol=1e-6)


@pytest.fixture
def photo_like() -> np.ndarray:
    y, x = np.mgrid[0:64, 0:64]
    return np.stack([120 + 60 * np.sin(x / (5 + k)) * np.cos(y / 7) for k in range(3)], -1).astype(np.uint8)
