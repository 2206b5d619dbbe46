"""Named network configurations. One code, three sets of numbers.

`paper` is the authors' network, parameter for parameter, and `paper-debug` the same with hardly any channels, for
tests and trials; `small` is what the default bundle ships, sized for a CPU; `debug` is a real but tiny network for
tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class MappingConfig:
    """f_m: the descriptor window p to the latent z.

    `channels` counts the coefficients of one frame, twice if `source_and_target`; `window` is 2k + 1 frames.
    """

    channels: int
    window: int
    width: int = 256
    first_kernel: int = 7
    kernel: int = 3
    dilation: int = 3
    layers: int = 3


@dataclass(frozen=True)
class WarpingConfig:
    """g_w: the source and z to a flow field.

    The picture enters at `input_size` and the flow leaves at input_size / 2^(down - up). `coordinates` adds two
    channels that tell each pixel where it is. `flow_unit` is how many pixels of the flow's own grid one unit of the
    head means.
    """

    input_size: int
    base: int
    maximum: int
    down: int
    up: int
    upsampling: Literal["transposed", "bilinear"] = "transposed"
    coordinates: bool = False
    flow_unit: float = 1.0


@dataclass(frozen=True)
class EditingConfig:
    """g_e: warped picture, source and z to the final picture.

    `unshuffle` folds that many pixels a side into channels before the first layer, and unfolds them after the last: the
    same receptive field for a quarter of the memory traffic. With `gated` the network predicts a picture and the
    fraction of it that replaces the warped one, instead of the picture alone; it paints on a ground of mean colours of
    squares of `ground` pixels. `bypass_first_conv` reproduces the authors' code, whose residual block computes
    norm2(conv2(x)) + x and leaves conv1 without effect.
    """

    base: int
    maximum: int
    levels: int
    blocks: int
    outer_kernel: int = 7
    unshuffle: int = 1
    gated: bool = False
    ground: int = 8
    bypass_first_conv: bool = False


@dataclass(frozen=True)
class Preset:
    """A named configuration of the whole renderer.

    Attributes:
        space: the coefficient space it reads ("arkit" or "bfm").
        coefficients: size of one frame's vector in that space.
        source_and_target: the descriptor carries the source's coefficients beside the target's.
        standardise: coefficients are centred and scaled by statistics stored with the weights.
        rigid_head: the change of pose is applied in closed form (`models.renderer.head`) before the warping network
            sees the picture; it is left to predict the rest, and which pixels belong to the head. Needs
            `source_and_target`, and pose as the last coefficients.
        reference_grid: build the sampling grid as the authors' code does (align-corners grid, sampled without); zero
            flow is then not exactly the identity.
    """

    name: str
    space: str
    coefficients: int
    mapping: MappingConfig
    warping: WarpingConfig
    editing: EditingConfig
    source_and_target: bool = False
    standardise: bool = False
    rigid_head: bool = False
    reference_grid: bool = False
    image_size: int = 256

    @property
    def radius(self) -> int:
        """k of the paper: frames on either side of the one that is rendered."""
        return self.mapping.window // 2


def _ours(name: str, mapping_width: int, warping: WarpingConfig, editing: EditingConfig) -> Preset:
    mapping = MappingConfig(channels=2 * 59, window=1, width=mapping_width, first_kernel=1, kernel=1, dilation=1)
    return Preset(
        name, "arkit", 59, mapping, warping, editing, source_and_target=True, standardise=True, rigid_head=True
    )


def _pirender(name: str, width: int, warping: WarpingConfig, editing: EditingConfig) -> Preset:
    mapping = MappingConfig(channels=73, window=27, width=width)
    return Preset(name, "bfm", 73, mapping, warping, editing, reference_grid=True)


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        _pirender(
            "paper",
            256,
            WarpingConfig(input_size=256, base=32, maximum=256, down=5, up=3),
            EditingConfig(base=64, maximum=256, levels=3, blocks=2, bypass_first_conv=True),
        ),
        _pirender(
            "paper-debug",
            16,
            WarpingConfig(input_size=256, base=4, maximum=8, down=5, up=3),
            EditingConfig(base=4, maximum=8, levels=3, blocks=2, bypass_first_conv=True),
        ),
        _ours(
            "small",
            256,
            WarpingConfig(
                128,
                base=16,
                maximum=128,
                down=5,
                up=4,
                upsampling="bilinear",
                coordinates=True,
                flow_unit=2.0,
            ),
            EditingConfig(base=24, maximum=96, levels=3, blocks=2, outer_kernel=3, unshuffle=2, gated=True),
        ),
        _ours(
            "debug",
            16,
            WarpingConfig(
                32,
                base=4,
                maximum=8,
                down=2,
                up=1,
                upsampling="bilinear",
                coordinates=True,
                flow_unit=2.0,
            ),
            EditingConfig(base=4, maximum=8, levels=1, blocks=1, outer_kernel=3, unshuffle=4, gated=True),
        ),
    )
}
