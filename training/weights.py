"""Weights of earlier runs: what a run releases, and what of it another network can begin with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from models.errors import TrainingDataError
from training.run_folder import load_state


def averaged_weights(folder: Path) -> dict[str, Tensor]:
    """The averaged weights of a run, by tensor name. Raises TrainingDataError where there is no state."""
    average: dict[str, Tensor] = load_state(folder)["average"]
    return average


def load_averaged(folder: Path, network: nn.Module, preset: str) -> None:
    """Give `network`, of that preset, the averaged weights of a run.

    Raises:
        TrainingDataError: the run has no state, or one that does not fit.
    """
    weights, own = averaged_weights(folder), network.state_dict()
    taken = matching_weights(weights, own)
    if unlike := sorted((weights.keys() | own.keys()) - taken.keys()):
        raise TrainingDataError(
            f"the weights in {folder} do not fit the preset {preset} (the first that differs is {unlike[0]}): name the "
            "preset that the run was trained with"
        )
    network.load_state_dict(taken)


def matching_weights(weights: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those of an earlier network's `weights` that a network with the tensors `own` can take: same name and shape."""
    return {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
