"""Coefficient spaces: what the numbers that drive a face mean, and how edits change them."""

from __future__ import annotations

from models.coefficients.arkit import ARKIT
from models.coefficients.bfm import BFM
from models.coefficients.change import Change
from models.coefficients.controls import apply_controls, constrain, read_change
from models.coefficients.descriptor import descriptor_windows
from models.coefficients.keyframes import keyframe_motion, keyframed_change
from models.coefficients.lazy_motion import LazyMotion
from models.coefficients.rotation import euler_angles, rotation_matrix
from models.coefficients.sampling import sample
from models.coefficients.space import CoefficientSpace, PoseAxis, Slider
from models.coefficients.transfer import Transfer, transfer
from models.errors import SpaceError

_SPACES = {known.name: known for known in (ARKIT, BFM)}


def space(name: str) -> CoefficientSpace:
    """The coefficient space of that name. Raises SpaceError."""
    try:
        return _SPACES[name]
    except KeyError:
        raise SpaceError(f"unknown coefficient space {name!r}; this version knows {', '.join(_SPACES)}") from None


__all__ = [
    "ARKIT",
    "BFM",
    "Change",
    "CoefficientSpace",
    "LazyMotion",
    "PoseAxis",
    "Slider",
    "Transfer",
    "apply_controls",
    "constrain",
    "descriptor_windows",
    "euler_angles",
    "keyframe_motion",
    "keyframed_change",
    "read_change",
    "rotation_matrix",
    "sample",
    "space",
    "transfer",
]
