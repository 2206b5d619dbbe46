import numpy as np
import pytest
import torch

from models.face3d.landmark_shape import ANCHORS
from training.extractor.networks.regions import EYES, FEATURES, LIPS, Regions, _Frame, similarity_to


@pytest.fixture
def mean() -> torch.Tensor:
    """A symmetric 'face': anchors in the crop, the left eye's being the right one's in a mirror."""
    torch.manual_seed(0)
    points = torch.rand(len(ANCHORS), 2) * 0.4 + 0.3
    right, left = EYES[0].anchors, EYES[1].anchors
    points[right] = torch.rand(len(right), 2) * 0.08 + torch.tensor([0.35, 0.4])
    points[left] = points[right] * torch.tensor([-1.0, 1]) + torch.tensor([1.0, 0])
    points[LIPS.anchors] = torch.rand(len(LIPS.anchors), 2) * 0.1 + torch.tensor([0.45, 0.6])
    return points


def test_similarity_is_the_scale_and_turn_of_the_anchors(mean: torch.Tensor) -> None:
    turn = 0.8 * np.exp(0.3j)
    rotation = torch.tensor([[turn.real, turn.imag], [-turn.imag, turn.real]], dtype=torch.float32)
    found = similarity_to(mean, (mean @ rotation + 0.1)[None])
    assert found[0].numpy() == pytest.approx([turn.real, turn.imag], abs=1e-5)


@pytest.mark.parametrize("region", [*EYES, LIPS])
def test_a_frame_leads_there_and_back(mean: torch.Tensor, region: object) -> None:
    frame = _Frame(region, mean[None], torch.tensor([[0.9, 0.4]]))
    points = torch.rand(1, 5, 2)
    assert frame.inside(frame.outside(points)).numpy() == pytest.approx(points.numpy(), abs=1e-5)


def test_a_patch_shows_the_region_upright(mean: torch.Tensor) -> None:
    """A picture whose colours are its own coordinates: a patch's colours tell where its pixels are."""
    line = (torch.arange(256) + 0.5) / 256
    y, x = torch.meshgrid(line, line, indexing="ij")
    crop = torch.stack([x, y, x * 0])[None]
    frame = _Frame(LIPS, mean[None], torch.tensor([[0.6, 0.8]]))
    patch = frame.patch(crop)
    assert patch.shape == (1, 3, 64, 64)
    corner = frame.outside(torch.tensor([[[-1 + 1 / 64, -1 + 1 / 64]]]))[0, 0]
    assert patch[0, :2, 0, 0].numpy() == pytest.approx(corner.numpy(), abs=1e-3)


def test_both_eyes_look_alike_to_their_network(mean: torch.Tensor) -> None:
    torch.manual_seed(1)
    half = torch.rand(1, 3, 256, 128)
    crop = torch.cat([half, half.flip(-1)], -1)
    turn = torch.tensor([[1.0, 0.0]])
    right, left = (_Frame(region, mean[None], turn).patch(crop) for region in EYES)
    assert right.numpy() == pytest.approx(left.numpy(), abs=1e-4)


def test_untrained_regions_leave_the_anchors_where_they_are(mean: torch.Tensor) -> None:
    anchors, features = Regions(mean)(torch.rand(2, 3, 256, 256), mean.expand(2, -1, -1))
    assert anchors.detach().numpy() == pytest.approx(mean.expand(2, -1, -1).numpy(), abs=5e-4)  # a bell on a raster
    assert features.shape == (2, 3 * FEATURES)


@pytest.mark.slow
def test_no_first_guess_of_the_trunk_leaves_a_region_dead() -> None:
    mean = torch.rand(len(ANCHORS), 2)
    regions = Regions(mean)
    optimiser = torch.optim.AdamW(regions.parameters(), 2e-3)
    crops = torch.rand(8, 3, 256, 256) * 2 - 1
    for step in range(4):  # a fresh trunk puts all anchors into the middle, and then anywhere
        guess = 0.5 + 1e-4 * torch.randn(8, len(ANCHORS), 2) if step < 2 else torch.rand(8, len(ANCHORS), 2) * 3 - 1
        refined, features = regions(crops, guess)
        assert refined.isfinite().all()
        loss = 100 * (refined - mean).abs().mean() + features.mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    _, features = regions(crops, mean.expand(8, -1, -1))
    alive = (features > 0).any(0).float().mean()
    assert alive > 0.8
    assert features.std(0).mean() > 0.1, "and what they say depends on the picture"
