"""Weights to begin with: an earlier run's state, or the ONNX file that such a run has exported into a bundle."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, numpy_helper
from torch import Tensor, nn

from models.errors import TrainingDataError
from training.extractor.export import HALF
from training.weights import matching_weights

logger = logging.getLogger(__name__)

_NETWORK = "network."  # `export._FromBytes` holds it under this name
_NORMALISED = {"Mul": "weight", "Add": "bias"}  # what an exported GroupNorm ends in
_RENAMED = {"polish.": "ridge_head.", "readout.share": "expression_head.alpha", "readout.": "expression_head."}
"""Names of tensors in bundles and runs of earlier versions, by how they begin."""


def load_init_weights(network: nn.Module, path: Path, pictures: Iterable[Tensor]) -> None:
    """Take weights from `path` where name and shape agree; the rest stays as it is.

    Args:
        path: the `state.pt` of a run (its averaged weights), or a .onnx file that a run has exported.
        pictures: batches of [N, 3, H, W] as in training; only a .onnx file needs the first. It holds convolutions
            with their batch normalisation worked in, and their statistics have to be measured again.

    Raises:
        TrainingDataError: there is no such file, or nothing of it fits.
    """
    if not path.is_file():
        raise TrainingDataError(f"{path} is no file: point --start at an earlier run's state.pt, or at a .onnx file")
    exported = path.suffix == ".onnx"
    stored = _exported(path) if exported else torch.load(path, map_location="cpu", weights_only=True)["average"]
    weights = {_current(name): value for name, value in stored.items()}
    own = network.state_dict()
    # A shape model belongs to the weights that were trained on it: a file holds both, a run has its own.
    kept = set() if exported else {name for name, _ in network.named_buffers() if "running_" not in name}
    matching = matching_weights(weights, {name: value for name, value in own.items() if name not in kept})
    if not matching:
        raise TrainingDataError(f"{path} is of another network: point --start at one of this kind")
    network.load_state_dict(matching, strict=False)
    if exported:
        _calibrate(network, weights, next(iter(pictures)))
    logger.info("%d of %d tensors from %s", len(matching), len(own), path)


def _current(name: str) -> str:
    """The name of a tensor in this version."""
    for before, now in _RENAMED.items():
        if name.startswith(before):
            return now + name.removeprefix(before)
    return name


def _exported(path: Path) -> dict[str, Tensor]:
    """The file's tensors by the names they have in the network; a fused convolution has a `bias` that theirs lack."""
    graph = onnx.load(path).graph
    values = {
        one.name.removesuffix(HALF): torch.from_numpy(np.array(numpy_helper.to_array(one), np.float32))
        for one in graph.initializer
        if one.data_type in (TensorProto.FLOAT, TensorProto.FLOAT16)
    }
    weights = {name.removeprefix(_NETWORK): value for name, value in values.items() if name.startswith(_NETWORK)}
    for node in graph.node:
        constants = [values[name] for name in node.input if name in values]
        module = _module(node.name)
        if node.op_type == "Conv":
            weights |= {f"{module}.{kind}": value for kind, value in zip(("weight", "bias"), constants, strict=False)}
        elif node.op_type == "MatMul" and constants:
            weights.setdefault(f"{module}.weight", constants[0].T.contiguous())
        elif node.op_type in _NORMALISED and constants and constants[0].ndim == 3:
            weights[f"{module}.{_NORMALISED[node.op_type]}"] = constants[0].flatten()
    return weights


def _module(node: str) -> str:
    """`/network/stem/stem.0/stem.0.0/Conv` -> `stem.0.0`: a part of a sequence repeats the name of the whole."""
    parts: list[str] = []
    for part in node.split("/")[2:-1]:
        if parts and part.startswith(parts[-1] + "."):
            parts.pop()
        parts.append(part)
    return ".".join(parts)


@torch.no_grad()
def _calibrate(network: nn.Module, weights: dict[str, Tensor], pictures: Tensor) -> None:
    """Take every convolution that was exported with its batch normalisation apart again.

    Its output gets a variance of 1, as in a fresh network, and the normalisation what that takes away. The network's
    output stays that of the file.
    """
    hooks = []
    for name, module in network.named_modules():
        if isinstance(module, nn.Sequential) and len(module) > 1 and isinstance(module[1], nn.BatchNorm2d):
            bias = weights.get(f"{name}.0.bias")
            if bias is not None:
                hooks.append(module[1].register_forward_pre_hook(_Separated(module[0], bias)))
    network.eval()(pictures)
    for hook in hooks:
        hook.remove()
    network.train()


class _Separated:
    """Sets a convolution and the normalisation after it from the convolution's output."""

    def __init__(self, convolution: nn.Module, bias: Tensor) -> None:
        self._convolution, self._bias = convolution, bias

    def __call__(self, norm: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
        assert isinstance(norm, nn.BatchNorm2d)
        assert isinstance(self._convolution, nn.Conv2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3), correction=0)
        scale = (variance + norm.eps).sqrt()
        self._convolution.weight /= scale[:, None, None, None]
        norm.running_mean.copy_(mean / scale)
        norm.running_var.copy_(variance / scale.square())
        norm.weight.copy_(scale * (norm.running_var + norm.eps).sqrt())
        norm.bias.copy_(self._bias + mean)
        return inputs[0] / scale[:, None, None]
