"""Our `paper` network against a plain re-computation of the authors' formulas (tests/pirender_reference.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from models.importers.pirender.keys import official_state, our_state
from models.renderer import PRESETS, PIRenderer
from models.renderer.flow import reference_warp
from tests import pirender_reference


def pair(sizes: pirender_reference.Sizes, name: str, size: int = 256) -> tuple[PIRenderer, pirender_reference.State]:
    """Our network and the official state dict, with equal random weights."""
    preset = PRESETS[name]
    renderer = PIRenderer(replace(preset, warping=replace(preset.warping, input_size=size))).eval()
    state = pirender_reference.renderer_state(sizes)
    renderer.load_state_dict(our_state(state, renderer.state_dict(), preset))
    return renderer, state


def inputs(size: int, count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(count, 3, size // 8, size // 8, generator=generator) * 2 - 1
    # Smooth, as photos are, and grey at the border, as everything outside: a step in colour would turn the rounding of
    # a sampling position into a difference.
    coarse = F.pad(coarse[..., 1:-1, 1:-1], (1, 1, 1, 1))
    source = F.interpolate(coarse, (size, size), mode="bilinear", align_corners=False)
    return source, torch.randn(count, 73, 27, generator=generator)


def close(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sizes", "name", "size"),
    [
        (pirender_reference.TINY, "paper-debug", 256),
        (pirender_reference.Sizes(), "paper", 64),
    ],  # every layer, at a 16th of the cost
)
@torch.no_grad()
def test_the_whole_network_computes_the_authors_formulas(sizes: pirender_reference.Sizes, name: str, size: int) -> None:
    renderer, state = pair(sizes, name, size)
    source, window = inputs(size)
    rendering = renderer(source, renderer.descriptor(window, torch.zeros(2, 73)))
    flow, warped, image = pirender_reference.render(state, source, window)
    assert flow.abs().mean() > 0.02, "a flow that moves nothing would prove nothing"
    assert image.std() > 0.02
    close(rendering.flow, flow)
    close(rendering.warped, warped)
    close(rendering.image, image)


@torch.no_grad()
def test_adain() -> None:
    renderer, state = pair(pirender_reference.TINY, "paper-debug")
    x, z = torch.randn(2, 4, 9, 7) * 3 + 2, torch.randn(2, 16)
    name = "warpping_net.hourglass.encoder.encoder0.norm_0"
    close(renderer.warping.down[0].norm_0(x, z), pirender_reference.adain(state, name, x, z))  # type: ignore[operator,union-attr]


@torch.no_grad()
def test_residual_block() -> None:
    renderer, state = pair(pirender_reference.TINY, "paper-debug")
    x, z = torch.randn(2, 8, 9, 7), torch.randn(2, 16)
    block = renderer.editing.up[0].blocks[1]  # type: ignore[index,union-attr]
    close(block(x, z), pirender_reference.residual(state, "editing_net.decoder.res2.res1", x, z))  # type: ignore[operator]


def test_flow_to_grid_has_the_authors_quirk() -> None:
    source, flow = torch.rand(2, 3, 32, 32), torch.randn(2, 2, 8, 8)
    close(reference_warp(source, flow), pirender_reference.warped(source, flow))
    zero = reference_warp(source, torch.zeros(2, 2, 8, 8))
    assert (zero - source).abs().max() > 0.01, "zero flow is not the identity there"


@torch.no_grad()
def test_mapping_window() -> None:
    renderer, state = pair(pirender_reference.Sizes(), "paper")
    window = torch.randn(3, 73, 27)
    close(renderer.mapping(window), pirender_reference.mapping(state, window))


def test_the_key_map_is_one_to_one_and_back() -> None:
    renderer, state = pair(pirender_reference.TINY, "paper-debug")
    again = official_state(renderer.state_dict(), PRESETS["paper-debug"])
    assert again.keys() == state.keys()
    for name, tensor in state.items():
        torch.testing.assert_close(again[name], tensor, atol=0, rtol=0)
    assert len(set(official_state(PIRenderer(PRESETS["paper"]).state_dict(), PRESETS["paper"]))) == len(state)
