"""Networks to and from safetensors: half precision on disk, full precision in memory, nothing lenient."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from models.errors import BundleError


def save_tensors(model: nn.Module, path: Path | str) -> None:
    """Write the state of `model` to `path`, floating point as fp16.

    Raises BundleError for a value that is not finite or does not fit fp16.
    """
    state = {name: _stored(name, tensor) for name, tensor in model.state_dict().items()}
    save_file(state, path)


def load_tensors(path: Path, model: nn.Module) -> None:
    """Fill `model` with the tensors of a safetensors file.

    Every tensor of the model must be there, with its shape and kind of number, finite, and none more. fp16 is widened
    to the model's own precision. Raises BundleError, which names the tensor and the file; the model is then untouched.
    """
    try:
        stored = load_file(path)
    except SafetensorError as error:
        raise BundleError(f"{path} is no safetensors file: {error}") from error
    wanted = model.state_dict()
    if missing := sorted(wanted.keys() - stored.keys()):
        raise BundleError(f"{path} lacks the tensor {missing[0]}{_more(missing)}; was it exported from another preset?")
    if strangers := sorted(stored.keys() - wanted.keys()):
        raise BundleError(f"{path} has a tensor that the network has not: {strangers[0]}{_more(strangers)}")
    for key, target in wanted.items():
        _check(f"{path}: the tensor {key}", stored[key], target)
    model.load_state_dict(stored)


def _check(what: str, tensor: torch.Tensor, target: torch.Tensor) -> None:
    if tensor.shape != target.shape:
        raise BundleError(f"{what} has shape {list(tensor.shape)}; the network takes {list(target.shape)}")
    allowed = {target.dtype, torch.float16} if target.is_floating_point() else {target.dtype}
    if tensor.dtype not in allowed:
        raise BundleError(f"{what} is {tensor.dtype}; the network takes {target.dtype}")
    if not torch.isfinite(tensor).all():
        raise BundleError(f"{what} holds NaN or infinity; export the bundle again from a sound checkpoint")


def _stored(name: str, tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.detach().cpu()
    stored = (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
    if not torch.isfinite(stored).all():
        raise BundleError(f"the tensor {name} holds values that fp16 cannot; was the training sound?")
    return stored.clone()  # safetensors refuses tensors that share memory


def _more(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""
