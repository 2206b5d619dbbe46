"""Reading PyTorch checkpoints of others: tensors only, never code."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.errors import BundleError


def read_checkpoint(path: Path, entry: str | None) -> dict[str, Tensor]:
    """The tensors under `entry` of a file that `torch.save` wrote, without `module.` in front of their names.

    Without an entry, the file is the table of tensors itself.

    The file is a pickle; PyTorch's restricted unpickler (`weights_only`) builds nothing but tensors and plain
    containers, so that nothing in it is executed.

    Raises:
        BundleError: no such file or entry, something in it that is no tensor, a name that comes twice.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise BundleError(f"{path} does not exist: give the path of the checkpoint") from None
    except pickle.UnpicklingError as error:
        reason = str(error).splitlines()[0]
        raise BundleError(
            f"{path} holds something other than tensors, which was not executed ({reason}): get the authors' own file"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise BundleError(f"{path} is no PyTorch checkpoint ({error}): get the authors' own file") from error
    if entry is None:
        return _tensors(path, "the file", content)
    if not isinstance(content, Mapping) or entry not in content:
        held = ", ".join(map(str, content)) if isinstance(content, Mapping) else type(content).__name__
        raise BundleError(f"{path} has no {entry}; it holds {held}")
    return _tensors(path, entry, content[entry])


def _tensors(path: Path, entry: str, state: Any) -> dict[str, Tensor]:
    if not isinstance(state, Mapping):
        raise BundleError(f"{path}: {entry} is no table of tensors but {type(state).__name__}")
    tensors: dict[str, Tensor] = {}
    for key, value in state.items():
        name = str(key).removeprefix("module.")
        if not isinstance(value, Tensor):
            raise BundleError(f"{path}: {entry} holds {key}, which is no tensor but {type(value).__name__}")
        if name in tensors:
            raise BundleError(f"{path}: {entry} holds {name} twice, with and without 'module.'")
        tensors[name] = value
    return tensors


def matched(path: Path, tensors: Mapping[str, Tensor], shapes: Mapping[str, Tensor]) -> None:
    """Check that `tensors` are exactly those of `shapes` by name, shape and kind, and finite.

    Raises:
        BundleError: naming the tensor at fault.
    """
    if missing := sorted(shapes.keys() - tensors.keys()):
        raise BundleError(f"{path} lacks the tensor {missing[0]}{_more(missing)}: is it the official checkpoint?")
    if strangers := sorted(tensors.keys() - shapes.keys()):
        raise BundleError(f"{path} has a tensor that the authors' network has not: {strangers[0]}{_more(strangers)}")
    for name, wanted in shapes.items():
        tensor = tensors[name]
        if tensor.shape != wanted.shape:
            raise BundleError(f"{path}: {name} has shape {list(tensor.shape)}; the authors' has {list(wanted.shape)}")
        if tensor.is_floating_point() != wanted.is_floating_point():
            raise BundleError(f"{path}: {name} holds {tensor.dtype}; the authors' has {wanted.dtype}")
        if not torch.isfinite(tensor).all():
            raise BundleError(f"{path}: {name} holds NaN or infinity: the file is damaged, get it again")


def _more(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""
