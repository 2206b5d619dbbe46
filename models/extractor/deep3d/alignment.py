"""Five-point alignment: the picture that Deep3DFaceRecon's network reads, and the crop coefficients that follow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.errors import BundleError

ALIGNED = 224
"""Side of the aligned picture, in pixels."""

FACE = 102.0
"""Pixels of the aligned picture that one unit of the template becomes."""

_SMALLEST, _LARGEST = 1 / 8, 8.0  # scales beyond belong to points that are no face, and would need gigabytes


@dataclass(frozen=True, eq=False)
class Alignment:
    """An aligned face.

    Attributes:
        picture: uint8 [224, 224, 3] RGB.
        crop: s, t_x, t_y: the picture was scaled by s and centred on (t_x, t_y), pixels of its own, y upwards.
    """

    picture: NDArray[np.uint8]
    crop: tuple[float, float, float]


def align(picture: NDArray[np.uint8], points: NDArray[np.floating], template: NDArray[np.floating]) -> Alignment:
    """Scale and shift a picture so that its face covers the template as the network has learnt it.

    The scale comes from the affine camera that maps the template onto the points with the least squared error; nothing
    is rotated: roll is for the network to read. Sizes and positions are cut to whole pixels and the resampling is
    bicubic, as the authors do; outside of the picture it is black.

    Args:
        picture: uint8 [H, W, 3]; the authors' crop coefficients are those of 256².
        points: [5, 2], in the order of `face.POINTS`; (0, 0) is the centre of the upper left pixel.
        template: the same points of the face model [5, 3], y upwards.
    """
    height, width = picture.shape[:2]
    upward = np.asarray(points, np.float64) * (1, -1) + (0, height - 1)
    design = np.concatenate([np.asarray(template, np.float64), np.ones((5, 1))], 1)
    camera = np.linalg.lstsq(design, upward, rcond=None)[0]  # [4, 2]: a row of rotation a column, then the shift
    t_x, t_y = (float(value) for value in camera[3])
    size = float(np.linalg.norm(camera[:3], axis=0).mean())
    scale = min(max(FACE / max(size, 1e-6), _SMALLEST), _LARGEST)
    new_width, new_height = int(width * scale), int(height * scale)
    left = int(new_width / 2 - ALIGNED / 2 + (t_x - width / 2) * scale)
    top = int(new_height / 2 - ALIGNED / 2 + (height / 2 - t_y) * scale)
    scaled = Image.fromarray(picture).resize((new_width, new_height), Image.Resampling.BICUBIC)
    return Alignment(np.asarray(scaled.crop((left, top, left + ALIGNED, top + ALIGNED))), (scale, t_x, t_y))


def read_template(path: Path) -> NDArray[np.float64]:
    """The template [5, 3] of a bundle's `alignment.json`. Raises BundleError."""
    try:
        template = np.array(json.loads(path.read_text())["landmarks"], np.float64)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path} holds no five landmarks ({error}): import the checkpoint again") from error
    if template.shape != (5, 3) or not np.isfinite(template).all():
        raise BundleError(f"{path} holds no five finite landmarks of three numbers: import the checkpoint again")
    return template
