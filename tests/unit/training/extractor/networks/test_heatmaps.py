import pytest
import torch

from training.extractor.networks.heatmaps import PatchHeatmaps, centres_of_mass


def test_sharp_heatmap_is_where_its_peak_is() -> None:
    heatmap = torch.zeros(1, 1, 32, 32)
    heatmap[0, 0, 8, 20] = 50
    assert centres_of_mass(heatmap)[0, 0].numpy() == pytest.approx([20.5 / 32, 8.5 / 32], abs=1e-5)


def test_flat_heatmap_is_in_the_middle() -> None:
    assert centres_of_mass(torch.zeros(1, 1, 32, 32))[0, 0].numpy() == pytest.approx([0.5, 0.5], abs=1e-5)


@pytest.mark.slow
def test_a_heatmap_learns_where_a_spot_is_from_a_guess_beside_it() -> None:
    torch.manual_seed(0)
    heatmaps = PatchHeatmaps(1, 32, (8, 8, 8, 8))
    optimiser = torch.optim.AdamW(heatmaps.parameters(), 1e-2)
    line = (torch.arange(32) + 0.5) / 16 - 1

    def error() -> torch.Tensor:
        spots = torch.rand(16, 1, 2) * 1.2 - 0.6
        x, y = (spots[..., None] - line).square().unbind(2)
        patch = torch.exp(-30 * (x[..., None, :] + y[..., None])).expand(-1, 3, -1, -1)
        found, deepest = heatmaps(patch, spots + 0.15 * torch.randn(16, 1, 2))
        assert deepest.shape == (16, 8, 2, 2)
        return (found - spots).norm(dim=-1).mean()

    before = float(error().detach())
    for _ in range(80):
        optimiser.zero_grad()
        error().backward()
        optimiser.step()
    assert before > 0.1
    assert float(error().detach()) < before / 3
