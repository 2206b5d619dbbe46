"""LPIPS and Inception of the usual layouts, FID by hand, AED and APD in the networks' own numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from evaluation.pirender.distances import frechet_distance, judges_of, motion_distances
from evaluation.pirender.inception import Inception, load_inception
from evaluation.pirender.lpips import load_lpips
from models.coefficients import ARKIT, BFM
from models.coefficients.bfm import pirender_vector
from models.errors import EvaluationError

SHAPES = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def lpips_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Random weights in the layouts of torchvision's AlexNet and of LPIPS 0.1."""
    folder, generator = tmp_path_factory.mktemp("lpips"), torch.Generator().manual_seed(0)
    alexnet, lines = {"classifier.6.bias": torch.zeros(1)}, {}
    for place, (index, (outside, inside, kernel)) in enumerate(SHAPES.items()):
        noise = torch.randn(outside, inside, kernel, kernel, generator=generator)
        alexnet[f"features.{index}.weight"] = noise / (inside * kernel**2) ** 0.5
        alexnet[f"features.{index}.bias"] = 0.1 * torch.randn(outside, generator=generator)
        lines[f"lin{place}.model.1.weight"] = torch.rand(1, outside, 1, 1, generator=generator)
    torch.save(alexnet, folder / "alexnet.pth")
    torch.save(lines, folder / "alex.pth")
    return folder / "alexnet.pth", folder / "alex.pth"


@torch.no_grad()
def test_lpips_is_the_sum_of_its_authors(lpips_files: tuple[Path, Path]) -> None:
    alexnet, lines = (torch.load(path, weights_only=True) for path in lpips_files)
    pictures = [torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(i)) * 2 - 1 for i in (0, 1)]

    def maps(picture: torch.Tensor) -> list[torch.Tensor]:
        shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
        x = (picture - shift[:, None, None]) / scale[:, None, None]
        found = []
        for index in SHAPES:
            if index in (3, 6):
                x = F.max_pool2d(x, 3, 2)
            stride, padding = {0: (4, 2), 3: (1, 2)}.get(index, (1, 1))
            x = F.conv2d(x, alexnet[f"features.{index}.weight"], alexnet[f"features.{index}.bias"], stride, padding)
            x = x.clamp(min=0)
            found.append(x)
        return [f / (f.norm(dim=1, keepdim=True) + 1e-10) for f in found]

    wanted = torch.zeros(2)
    for place, (ours, theirs) in enumerate(zip(maps(pictures[0]), maps(pictures[1]), strict=True)):
        wanted += F.conv2d((ours - theirs) ** 2, lines[f"lin{place}.model.1.weight"]).mean((1, 2, 3))
    network = load_lpips(*lpips_files)
    torch.testing.assert_close(network(*pictures), wanted, rtol=1e-4, atol=1e-6)
    assert network(pictures[0], pictures[0]).abs().max() == 0


def test_inception_has_the_tensors_of_the_2015_graph(tmp_path: Path) -> None:
    with torch.device("meta"):
        shape = Inception()
    assert sum(parameter.numel() for parameter in shape.parameters()) == 23_850_960
    names = set(shape.state_dict())
    assert {"Mixed_5b.branch3x3dbl_3.bn.running_var", "Mixed_7c.branch3x3dbl_3b.conv.weight", "fc.bias"} <= names
    torch.save({"fc.bias": torch.zeros(1008)}, tmp_path / "inception.pth")
    with pytest.raises(EvaluationError, match=r"FID: .*Conv2d_1a_3x3"):
        load_inception(tmp_path / "inception.pth")


@pytest.mark.slow
@torch.no_grad()
def test_inception_loads_and_answers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = {n: value for n, value in Inception().state_dict().items() if not n.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "inception.pth")
    features = load_inception(tmp_path / "inception.pth")(torch.rand(1, 3, 64, 64))
    assert features.shape == (1, 2048)
    assert torch.isfinite(features).all()


def test_fid_is_that_of_gaussians() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(0, 1, (4000, 3)) @ np.diag([1, 2, 3])
    second = rng.normal(0, 1, (4000, 3)) @ np.diag([2, 2, 1]) + (1, 0, -2)
    # Of independent axes: (Δμ)² + (σ - τ)² each.
    assert frechet_distance(first, second) == pytest.approx(1 + 4 + 1 + 0 + 4, rel=0.05)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-6)
    with pytest.raises(EvaluationError, match="at least two"):
        frechet_distance(first, second[:1])


def test_aed_and_apd_leave_the_crop_out() -> None:
    requested = np.zeros((2, 73), np.float32)
    found = requested.copy()
    found[:, :64] += 0.5
    found[1, 64] += 0.6  # translation
    found[:, -3:] += 0.1  # the crop
    aed, apd = motion_distances(BFM, requested, found)
    assert aed == pytest.approx(0.5)
    assert apd == pytest.approx(0.6 / 12)
    turned = requested.copy()
    turned[:, 67] = 0.3
    assert np.abs(pirender_vector(turned) - pirender_vector(requested))[:, 64:70].mean() == pytest.approx(
        motion_distances(BFM, requested, turned)[1]
    )
    ours = np.zeros((1, 59), np.float32)
    assert motion_distances(ARKIT, ours, ours + 0.2) == pytest.approx((0.2, 0.2))


def test_absent_judges_are_none_and_halves_are_refused(lpips_files: tuple[Path, Path]) -> None:
    assert judges_of(None, None, None, False, CPU).lpips is None
    assert judges_of(*lpips_files, None, False, CPU).lpips is not None
    with pytest.raises(EvaluationError, match="--alexnet and --lpips"):
        judges_of(lpips_files[0], None, None, False, CPU)
    with pytest.raises(EvaluationError, match=r"LPIPS: .*lin0"):
        judges_of(lpips_files[0], lpips_files[0], None, False, CPU)
