"""The exact key map: what every tensor of our `paper` network is called in the official checkpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from models.renderer.presets import Preset

FIRST = "editing.first.conv.weight"
"""The one tensor that is laid out differently: the authors' editing network reads source, then warped picture; ours
warped picture, then source."""

_ADAIN = (("shared.0", "mlp_shared.0"), ("gamma", "mlp_gamma"), ("beta", "mlp_beta"))
_RULES = (
    (r"mapping\.first\.", "mapping_net.first.0."),
    (r"mapping\.blocks\.(\d+)\.1\.", r"mapping_net.encoder\1.1."),
    (r"warping\.first\.", "warpping_net.hourglass.encoder.input_layer."),
    (r"warping\.down\.(\d+)\.", r"warpping_net.hourglass.encoder.encoder\1."),
    (r"warping\.head_norm\.", "warpping_net.flow_out.0."),
    (r"warping\.head\.", "warpping_net.flow_out.2."),
    (r"editing\.first\.conv\.", "editing_net.encoder.first.model.0."),
    (r"editing\.first\.norm\.", "editing_net.encoder.first.model.1."),
    (r"editing\.down\.(\d+)\.conv\.", r"editing_net.encoder.down\1.model.0."),
    (r"editing\.down\.(\d+)\.norm\.", r"editing_net.encoder.down\1.model.1."),
    (r"editing\.last\.", "editing_net.decoder.final.model.0."),
)


def official_name(name: str, preset: Preset) -> str:
    """What a tensor of `PIRenderer(preset)` is called in the official checkpoint.

    Raises:
        KeyError: a name that the network has not.
    """
    if match := re.match(r"warping\.up\.(\d+)\.(.+)", name):  # theirs count levels, ours from the bottom up
        level = preset.warping.down - 1 - int(match[1])
        return _adain(f"warpping_net.hourglass.decoder.decoder{level}.{match[2]}")
    if match := re.match(r"editing\.up\.(\d+)\.(.+)", name):
        return _decoder(preset.editing.levels - 1 - int(match[1]), match[2])
    for pattern, theirs in _RULES:
        if re.match(pattern, name):
            return _adain(re.sub(pattern, theirs, name, count=1))
    raise KeyError(name)


def _decoder(level: int, rest: str) -> str:
    if match := re.match(r"(up|jump)\.(conv|norm)\.(.+)", rest):
        return f"editing_net.decoder.{match[1]}{level}.model.{0 if match[2] == 'conv' else 1}.{match[3]}"
    if match := re.match(r"blocks\.(\d+)\.(conv|norm)_(\d)\.(.+)", rest):
        return _adain(f"editing_net.decoder.res{level}.res{match[1]}.{match[2]}{match[3]}.{match[4]}")
    raise KeyError(rest)


def _adain(name: str) -> str:
    for ours, theirs in _ADAIN:
        name = re.sub(rf"(norm\w*)\.{re.escape(ours)}\.", rf"\1.{theirs}.", name)
    return name


def official_state(state: Mapping[str, Tensor], preset: Preset) -> dict[str, Tensor]:
    """Our network's tensors under their official names and in the official layout."""
    return {official_name(name, preset): _swapped(name, tensor) for name, tensor in state.items()}


def our_state(official: Mapping[str, Tensor], names: Mapping[str, Tensor], preset: Preset) -> dict[str, Tensor]:
    """The official tensors under our `names`, in our layout."""
    return {name: _swapped(name, official[official_name(name, preset)]) for name in names}


def _swapped(name: str, tensor: Tensor) -> Tensor:
    return tensor.roll(3, dims=1) if name == FIRST else tensor  # six channels: its own inverse
