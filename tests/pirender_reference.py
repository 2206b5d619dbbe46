"""What the authors' files look like, and what their networks compute.

Written from the paper's formulas and the layout of the authors' checkpoints, without our own networks, so that the two
can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy.io import savemat
from torch import Tensor

State = dict[str, Tensor]


@dataclass(frozen=True)
class Sizes:
    """Channels of the authors' renderer; the defaults are the paper's."""

    latent: int = 256
    warping: tuple[int, int] = (32, 256)
    editing: tuple[int, int] = (64, 256)

    def width(self, network: tuple[int, int], level: int) -> int:
        base, most = network
        return min(base * 2**level, most)


TINY = Sizes(latent=16, warping=(4, 8), editing=(4, 8))


def renderer_state(sizes: Sizes, seed: int = 0) -> State:
    """Random weights of the official renderer under their official names: none is neutral, flows stay small."""
    generator = torch.Generator().manual_seed(seed)
    state: State = {}
    for name, shape in _shapes(sizes):
        noise = torch.randn(shape, generator=generator)
        if shape[1:] == (1, 1):  # a norm's gain or bias
            state[name] = 0.1 * noise + name.endswith("weight")
        elif len(shape) == 1:
            state[name] = 0.1 * noise
        else:
            state[name] = noise / int(np.prod(shape[1:])) ** 0.5
    state["warpping_net.flow_out.2.weight"] *= 0.1
    return state


def _shapes(sizes: Sizes) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _layer("mapping_net.first.0", (sizes.latent, 73, 7))
    for i in range(3):
        yield from _layer(f"mapping_net.encoder{i}.1", (sizes.latent, sizes.latent, 3))
    wide = [sizes.width(sizes.warping, level) for level in range(6)]
    hourglass = "warpping_net.hourglass"
    yield from _layer(f"{hourglass}.encoder.input_layer", (wide[0], 3, 7, 7))
    for i in range(5):
        block = f"{hourglass}.encoder.encoder{i}"
        yield from _layer(f"{block}.conv_0", (wide[i + 1], wide[i], 4, 4))
        yield from _layer(f"{block}.conv_1", (wide[i + 1], wide[i + 1], 3, 3))
        yield from _adain(f"{block}.norm_0", wide[i], sizes.latent)
        yield from _adain(f"{block}.norm_1", wide[i + 1], sizes.latent)
    for i in (4, 3, 2):
        block, inside = f"{hourglass}.decoder.decoder{i}", wide[i + 1] * (1 if i == 4 else 2)
        yield from _layer(f"{block}.conv_0", (wide[i], inside, 3, 3))
        for name, channels in (("conv_1", wide[i]), ("conv_s", inside)):  # transposed: input channels first
            yield f"{block}.{name}.weight", (channels, wide[i], 3, 3)
            yield f"{block}.{name}.bias", (wide[i],)
        for name, channels in (("norm_0", inside), ("norm_1", wide[i]), ("norm_s", inside)):
            yield from _adain(f"{block}.{name}", channels, sizes.latent)
    yield from _norm("warpping_net.flow_out.0", 2 * wide[2])
    yield from _layer("warpping_net.flow_out.2", (2, 2 * wide[2], 7, 7))
    fine = [sizes.width(sizes.editing, level) for level in range(4)]
    yield from _block("editing_net.encoder.first", (fine[0], 6, 7, 7))
    for i in range(3):
        yield from _block(f"editing_net.encoder.down{i}", (fine[i + 1], fine[i], 3, 3))
    for i in (2, 1, 0):
        yield from _block(f"editing_net.decoder.up{i}", (fine[i], fine[i + 1], 3, 3))
        yield from _block(f"editing_net.decoder.jump{i}", (fine[i], fine[i], 3, 3))
        for j in range(2):
            for k in (1, 2):
                block = f"editing_net.decoder.res{i}.res{j}"
                yield from _layer(f"{block}.conv{k}", (fine[i + 1], fine[i + 1], 3, 3))
                yield from _adain(f"{block}.norm{k}", fine[i + 1], sizes.latent)
    yield from _layer("editing_net.decoder.final.model.0", (3, fine[0], 7, 7))


def _layer(name: str, shape: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


def _norm(name: str, channels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (channels, 1, 1)
    yield f"{name}.bias", (channels, 1, 1)


def _block(name: str, shape: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _layer(f"{name}.model.0", shape)
    yield from _norm(f"{name}.model.1", shape[0])


def _adain(name: str, channels: int, latent: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _layer(f"{name}.mlp_shared.0", (128, latent))
    yield from _layer(f"{name}.mlp_gamma", (channels, 128))
    yield from _layer(f"{name}.mlp_beta", (channels, 128))


def leaky(x: Tensor) -> Tensor:
    """LeakyReLU 0.1."""
    return torch.maximum(x, 0.1 * x)


def mapping(state: State, window: Tensor) -> Tensor:
    """z of a window [N, 73, 27]: 27 frames to 21, 15, 9, 3, then their mean."""
    x = F.conv1d(window, state["mapping_net.first.0.weight"], state["mapping_net.first.0.bias"])
    for i in range(3):
        weight, bias = (state[f"mapping_net.encoder{i}.1.{part}"] for part in ("weight", "bias"))
        x = F.conv1d(leaky(x), weight, bias, dilation=3) + x[:, :, 3:-3]
    assert x.shape[-1] == 3
    return x.sum(-1) / 3


def adain(state: State, name: str, x: Tensor, z: Tensor) -> Tensor:
    """(x - μ)/σ · (1 + γ(z)) + β(z), μ and σ of every picture's channel."""

    def linear(part: str, value: Tensor) -> Tensor:
        return value @ state[f"{name}.{part}.weight"].T + state[f"{name}.{part}.bias"]

    style = linear("mlp_shared.0", z).clamp(min=0)
    gamma, beta = linear("mlp_gamma", style)[:, :, None, None], linear("mlp_beta", style)[:, :, None, None]
    mean = x.mean((2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((2, 3), keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt() * (1 + gamma) + beta


def residual(state: State, name: str, x: Tensor, z: Tensor) -> Tensor:
    """norm2(conv2(x)) + x: the authors' block overwrites what its first convolution made."""
    return adain(state, f"{name}.norm2", _conv(state, f"{name}.conv2", x, 1), z) + x


def picture_norm(state: State, name: str, x: Tensor) -> Tensor:
    """Layer norm over channels and pixels, one gain and bias a channel."""
    mean = x.mean((1, 2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((1, 2, 3), keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt() * state[f"{name}.weight"] + state[f"{name}.bias"]


def warped(source: Tensor, flow: Tensor) -> Tensor:
    """Flow in pixels to an align-corners grid, upsampled and sampled with align_corners=False."""
    h, w = flow.shape[-2:]
    x = 2 * (torch.arange(w) / (w - 1)) - 1 + 2 * (flow[:, 0] / (w - 1))
    y = 2 * (torch.arange(h) / (h - 1))[:, None] - 1 + 2 * (flow[:, 1] / (h - 1))
    grid = F.interpolate(torch.stack([x, y], 1), source.shape[-2:], mode="bilinear", align_corners=False)
    return F.grid_sample(source, grid.permute(0, 2, 3, 1), align_corners=False)


def flow(state: State, source: Tensor, z: Tensor) -> Tensor:
    """w [N, 2, H/4, W/4]."""
    hourglass = "warpping_net.hourglass"
    x = _conv(state, f"{hourglass}.encoder.input_layer", source, 3)
    skips = [x]
    for i in range(5):
        block = f"{hourglass}.encoder.encoder{i}"
        x = _conv(state, f"{block}.conv_0", leaky(adain(state, f"{block}.norm_0", x, z)), 1, stride=2)
        x = _conv(state, f"{block}.conv_1", leaky(adain(state, f"{block}.norm_1", x, z)), 1)
        skips.append(x)
    x = skips.pop()
    for i in (4, 3, 2):
        block = f"{hourglass}.decoder.decoder{i}"
        shortcut = _up(state, f"{block}.conv_s", leaky(adain(state, f"{block}.norm_s", x, z)))
        x = _conv(state, f"{block}.conv_0", leaky(adain(state, f"{block}.norm_0", x, z)), 1)
        x = shortcut + _up(state, f"{block}.conv_1", leaky(adain(state, f"{block}.norm_1", x, z)))
        x = torch.cat([x, skips.pop()], 1)
    return _conv(state, "warpping_net.flow_out.2", leaky(picture_norm(state, "warpping_net.flow_out.0", x)), 3)


def edited(state: State, source: Tensor, warp: Tensor, z: Tensor) -> Tensor:
    """Î of the source and the warped picture, in that order."""

    def block(name: str, x: Tensor, padding: int = 1) -> Tensor:
        return leaky(picture_norm(state, f"{name}.model.1", _conv(state, f"{name}.model.0", x, padding)))

    x = block("editing_net.encoder.first", torch.cat([source, warp], 1), 3)
    skips = [x]
    for i in range(3):
        x = block(f"editing_net.encoder.down{i}", x)
        x = (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4
        skips.append(x)
    x = skips.pop()
    for i in (2, 1, 0):
        for j in range(2):
            x = residual(state, f"editing_net.decoder.res{i}.res{j}", x, z)
        x = block(f"editing_net.decoder.up{i}", x.repeat_interleave(2, 2).repeat_interleave(2, 3))
        x = block(f"editing_net.decoder.jump{i}", skips.pop()) + x
    return torch.tanh(_conv(state, "editing_net.decoder.final.model.0", x, 3))


def render(state: State, source: Tensor, window: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Flow, warped picture and final picture of the authors' renderer."""
    z = mapping(state, window)
    w = flow(state, source, z)
    warp = warped(source, w)
    return w, warp, edited(state, source, warp, z)


def _conv(state: State, name: str, x: Tensor, padding: int, stride: int = 1) -> Tensor:
    return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], stride, padding)


def _up(state: State, name: str, x: Tensor) -> Tensor:
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    return F.conv_transpose2d(x, weight, bias, stride=2, padding=1, output_padding=1)


def resnet_state(width: int = 64, blocks: tuple[int, ...] = (3, 4, 6, 3), seed: int = 0) -> State:
    """Random weights of Deep3DFaceRecon's ResNet under their official names; heads that answer with small numbers."""
    generator = torch.Generator().manual_seed(seed)
    state: State = {}

    def conv(name: str, *shape: int) -> None:
        state[f"{name}.weight"] = torch.randn(shape, generator=generator) * (2 / int(np.prod(shape[1:]))) ** 0.5

    def norm(name: str, channels: int) -> None:
        for part, low in (("weight", 0.5), ("bias", -0.1), ("running_mean", -0.1), ("running_var", 0.8)):
            state[f"{name}.{part}"] = low + 0.2 * torch.rand(channels, generator=generator)
        state[f"{name}.num_batches_tracked"] = torch.tensor(1000)

    conv("backbone.conv1", width, 3, 7, 7)
    norm("backbone.bn1", width)
    inside = width
    for stage, count in enumerate(blocks):
        narrow = width * 2**stage
        for index in range(count):
            block = f"backbone.layer{stage + 1}.{index}"
            for number, shape in enumerate(
                ((narrow, inside, 1, 1), (narrow, narrow, 3, 3), (4 * narrow, narrow, 1, 1)), 1
            ):
                conv(f"{block}.conv{number}", *shape)
                norm(f"{block}.bn{number}", shape[0])
            if not index:
                conv(f"{block}.downsample.0", 4 * narrow, inside, 1, 1)
                norm(f"{block}.downsample.1", 4 * narrow)
            inside = 4 * narrow
    for head, size in enumerate((80, 64, 80, 3, 27, 2, 1)):
        conv(f"final_layers.{head}", size, inside, 1, 1)
        state[f"final_layers.{head}.weight"] *= 0.02
        state[f"final_layers.{head}.bias"] = 0.02 * torch.randn(size, generator=generator)
    return state


def landmarks_68(seed: int = 0) -> np.ndarray:
    """68 landmarks with the five that matter where a face has them, in units of the face model."""
    points = np.random.default_rng(seed).normal(0, 0.3, (68, 3))
    for indices, place in (
        ((36, 39), (-0.31, 0.29, 0.13)),
        ((42, 45), (0.31, 0.29, 0.13)),
        ((30,), (0.0, -0.01, 0.56)),
        ((48,), (-0.24, -0.38, 0.27)),
        ((54,), (0.24, -0.38, 0.27)),
    ):
        points[list(indices)] = place
    return points


def write_files(folder: Path, renderer: State, resnet: State) -> dict[str, Path]:
    """Files of the official layout: the renderer's checkpoint, the extractor's, the landmarks."""
    paths = {"checkpoint": folder / "net.pt", "extractor": folder / "epoch_20.pth", "landmarks": folder / "lm3d.mat"}
    torch.save(
        {
            "net_G": {f"module.{name}": tensor for name, tensor in renderer.items()},
            "net_G_ema": renderer,
            "opt_G": {"state": {}, "param_groups": [{"lr": 1e-4}]},
            "sch_G": {"step_size": 300, "last_epoch": 190},
            "current_epoch": 190,
            "current_iteration": 400_000,
        },
        paths["checkpoint"],
    )
    torch.save({"net_recon": resnet, "opt_00": {}}, paths["extractor"])
    savemat(paths["landmarks"], {"lm": landmarks_68()})
    return paths
