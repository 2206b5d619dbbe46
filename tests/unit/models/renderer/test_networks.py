"""The networks: the authors' sizes and shapes; what AdaIN, residual blocks and the mapping window compute."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from models.renderer import PRESETS, PIRenderer
from models.renderer.adain import AdaIN
from models.renderer.editing import GATE_WEIGHT, _Residual, blended


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def inputs(renderer: PIRenderer, count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    preset = renderer.preset
    generator = torch.Generator().manual_seed(0)
    source = torch.rand(count, 3, preset.image_size, preset.image_size, generator=generator) * 2 - 1
    windows = torch.randn(count, preset.coefficients, preset.mapping.window, generator=generator)
    return source, renderer.descriptor(windows, torch.zeros(count, preset.coefficients))


def test_paper_preset_has_the_authors_parameter_counts() -> None:
    renderer = PIRenderer(PRESETS["paper"])
    assert parameters(renderer.mapping) == 721_664
    assert parameters(renderer.warping) == 12_707_138
    assert parameters(renderer.editing) == 9_090_307
    assert not list(renderer.buffers())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "flow_size"), [("paper", 64), ("small", 64), ("debug", 16)])
def test_tensor_shapes(name: str, flow_size: int) -> None:
    renderer = PIRenderer(PRESETS[name]).eval()
    source, descriptor = inputs(renderer, count=1)
    assert descriptor.shape == (1, renderer.preset.mapping.channels, renderer.preset.mapping.window)
    with torch.inference_mode():
        z = renderer.mapping(descriptor)
        rendering = renderer(source, descriptor)
    assert z.shape == (1, renderer.preset.mapping.width)
    assert rendering.flow.shape == (1, 2, flow_size, flow_size)
    assert rendering.warped.shape == rendering.image.shape == (1, 3, 256, 256)
    assert rendering.image.abs().max() <= 1


def test_small_preset_stays_within_its_budget() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    renderer = PIRenderer(PRESETS["small"]).eval()
    source, descriptor = inputs(renderer, count=1)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        renderer(source, descriptor)
    assert counter.get_total_flops() <= 5e9


def test_adain_normalises_and_restyles() -> None:
    layer = AdaIN(3, latent=5)
    x, z = torch.randn(2, 3, 8, 8) * 4 + 7, torch.randn(2, 5)
    style = torch.relu(z @ layer.shared[0].weight.T + layer.shared[0].bias)
    gamma = style @ layer.gamma.weight.T + layer.gamma.bias
    beta = style @ layer.beta.weight.T + layer.beta.bias
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), unbiased=False, keepdim=True)
    expected = (x - mean) / (variance + 1e-5).sqrt() * (1 + gamma[..., None, None]) + beta[..., None, None]
    torch.testing.assert_close(layer(x, z), expected, atol=1e-5, rtol=1e-5)


def test_bypassed_residual_ignores_its_first_convolution() -> None:
    x, z = torch.randn(1, 4, 8, 8), torch.randn(1, 6)
    block = _Residual(4, 6, bypass=True)
    before = block(x, z)
    nn.init.constant_(block.conv_1.weight, 3.0)
    torch.testing.assert_close(block(x, z), before, atol=0, rtol=0)
    block.bypass = False
    assert not torch.allclose(block(x, z), before)


def test_the_painting_begins_without_the_detail_of_the_warped_picture() -> None:
    editing = PIRenderer(PRESETS["debug"]).eval().editing
    eye = torch.full((1, 3, 256, 256), 0.5)
    eye[..., ::2, 1::2] = eye[..., 1::2, ::2] = -0.5  # a checkerboard: all detail, one mean colour
    painting, gate = editing.paint(eye, eye, torch.rand(1, 16))
    assert painting.abs().max() < 1e-5
    assert gate.sigmoid().max() < 0.05


def test_the_gate_leaves_what_training_was_unsure_about() -> None:
    warped, painting = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)
    fractions = torch.tensor([0.05, 0.5, 0.9]).view(3, 1, 1, 1)  # the parts of a pixel that should be painted
    taught = GATE_WEIGHT * fractions / (GATE_WEIGHT * fractions + 1 - fractions)  # what the weighted loss makes of them
    little, half, much = blended(warped, painting, taught.logit())[:, 0, 0, 0]
    assert little < 0.01
    assert half == pytest.approx(0.5, abs=1e-5)
    assert much > 0.98
    half_gate = blended(warped, painting, taught.logit().bfloat16())  # what autocast makes of the gate alone
    assert half_gate[:, 0, 0, 0].tolist() == pytest.approx([float(little), float(half), float(much)], abs=0.02)


def test_mapping_reads_the_whole_window_of_the_paper() -> None:
    renderer = PIRenderer(PRESETS["paper"])
    window = torch.zeros(1, 73, 27, requires_grad=True)
    renderer.mapping(window).sum().backward()
    assert window.grad is not None
    assert (window.grad.abs().sum(1) > 0).all(), "every frame of the window must matter"


def test_an_untrained_editing_network_of_ours_hardly_changes_the_warped_picture() -> None:
    renderer = PIRenderer(PRESETS["debug"]).eval()
    rendering = renderer(*inputs(renderer))
    torch.testing.assert_close(rendering.image, rendering.warped.clamp(-1, 1), atol=1e-3, rtol=0)


def test_a_gate_chooses_between_the_warped_picture_and_the_painting() -> None:
    editing = PIRenderer(PRESETS["debug"]).eval().editing
    warped, source, z = torch.zeros(1, 3, 256, 256), torch.rand(1, 3, 256, 256), torch.rand(1, 16)
    folded = editing.config.unshuffle**2
    with torch.no_grad():
        editing.last.bias[: 3 * folded] = 0.5
        editing.last.weight[3 * folded :] = 0
        for logit, weight in ((-30.0, 0.0), (math.log(GATE_WEIGHT), 0.5), (30.0, 1.0)):
            editing.last.bias[3 * folded :] = logit
            torch.testing.assert_close(editing(warped, source, z), torch.full_like(warped, 0.5 * weight))


def test_source_and_target_of_the_descriptor_are_standardised_alike() -> None:
    renderer = PIRenderer(PRESETS["debug"])
    renderer.mean.fill_(0.5)
    renderer.deviation.fill_(0.25)
    descriptor = renderer.descriptor(torch.full((1, 59, 1), 1.0), torch.full((1, 59), 0.0))
    torch.testing.assert_close(descriptor[:, :59], torch.full((1, 59, 1), -2.0))
    torch.testing.assert_close(descriptor[:, 59:], torch.full((1, 59, 1), 2.0))


def test_where_the_warping_network_says_nothing_the_rigid_head_turns_alone() -> None:
    renderer = PIRenderer(PRESETS["debug"]).eval()
    renderer.deviation.fill_(0.25)  # poses come out of the descriptor as they went in
    assert renderer.rigid_head is not None
    source, own, turned = torch.rand(1, 3, 256, 256), torch.zeros(1, 59), torch.zeros(1, 59)
    turned[0, 53] = 0.3
    with torch.no_grad():
        renderer.warping.head.weight.zero_()
        renderer.warping.head.bias.zero_()
        flow, _ = renderer.flow(source, renderer.descriptor(turned[..., None], own))
        turn, mask = renderer.rigid_head(own[:, -6:], turned[:, -6:], 16)
        torch.testing.assert_close(flow, turn * mask.sigmoid(), atol=1e-5, rtol=0)
        assert flow.abs().max() > 1
        renderer.warping.head.bias[2] = -30  # the mask's correction: no head anywhere
        flow, _ = renderer.flow(source, renderer.descriptor(turned[..., None], own))
        assert flow.abs().max() < 1e-3
