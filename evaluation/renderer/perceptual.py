"""LPIPS and FID, the paper's picture metrics, where somebody gives their weights; this project may ship neither.

Both are read as TorchScript files with the interface of the metrics of StyleGAN2-ADA and StyleGAN3, for which such
files are in general use: LPIPS as VGG-16 features whose squared distance is the metric, FID as Inception-v3 features.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from torch import Tensor

from models.errors import EvaluationError

LEAST_PICTURES = 2


@dataclass(frozen=True, eq=False)
class Perceptual:
    """The networks behind the two metrics, each None where its weights are not given.

    Attributes:
        lpips: (pictures [N, 3, H, W] in [0, 255], resize_images=False, return_lpips=True) -> features [N, F].
        inception: (pictures [N, 3, H, W] in [0, 255], return_features=True) -> features [N, F].
    """

    lpips: torch.jit.ScriptModule | None = None
    inception: torch.jit.ScriptModule | None = None

    @classmethod
    def load(cls, lpips: Path | None, inception: Path | None) -> Perceptual:
        """Read TorchScript files. Raises EvaluationError where one is none."""
        return cls(*(None if path is None else _script(path) for path in (lpips, inception)))

    def distance(self, picture: NDArray[np.uint8], target: NDArray[np.uint8]) -> float | None:
        """LPIPS of two pictures [H, W, 3]; None without weights."""
        if self.lpips is None:
            return None
        with torch.inference_mode():
            features = self.lpips(_tensor(np.stack([picture, target])), resize_images=False, return_lpips=True)
        return float((features[0] - features[1]).square().sum())

    def features(self, picture: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        """Inception features [F] of a picture [H, W, 3]; None without weights."""
        if self.inception is None:
            return None
        with torch.inference_mode():
            features = self.inception(_tensor(picture[None]), return_features=True)
        return np.asarray(features[0].double().numpy())


def frechet_distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """FID between two sets of features [N, F] (Heusel et al. 2017); None for fewer than two pictures a side.

    |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½). With fewer pictures than features it is biased upwards: compare only
    values of equally many pictures.
    """
    if min(len(one), len(other)) < LEAST_PICTURES:
        return None
    a, b = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (one, other))
    root = np.real(np.asarray(sqrtm(a @ b)))
    return float(np.square(one.mean(0) - other.mean(0)).sum() + np.trace(a + b - 2 * root))


def _script(path: Path) -> torch.jit.ScriptModule:
    try:
        return torch.jit.load(str(path), map_location="cpu").eval()
    except (RuntimeError, ValueError, OSError) as error:
        raise EvaluationError(f"{path} is no TorchScript file of a metric's network") from error


def _tensor(pictures: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float()
