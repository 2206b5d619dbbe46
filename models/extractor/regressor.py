"""The coefficient regressor: a face crop -> coefficients, landmarks, presence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.extractor.session import open_session

CROP = 256
"""Side of the crops that the regressor takes, in pixels."""

_OUTPUTS = ("coefficients", "landmarks", "presence")


@dataclass(frozen=True, eq=False)
class Extraction:
    """What the regressor reads from one crop, or from each of a batch (then every array has a leading batch axis).

    Attributes:
        coefficients: float32 [59] of the `arkit` space: expression weights in [0, 1], yaw, pitch, roll (radians), x, y
            (fractions of the crop), log zoom.
        landmarks: float32 [478, 2], MediaPipe's face mesh with irises, in fractions of the crop from its upper left.
        presence: probability that the crop shows a face, float32.
    """

    coefficients: np.ndarray
    landmarks: np.ndarray
    presence: np.ndarray


class Regressor:
    """Reads coefficients with `extractor.onnx`. Calls may come from several threads.

    Args:
        path: the ONNX file: `pictures` uint8 [N, 256, 256, 3] -> coefficients, landmarks, presence.
        threads: CPU threads of one call; None for one a core.

    Raises:
        BundleError: the file cannot be used.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        self._session = open_session(path, threads, _OUTPUTS)

    def extract(self, crops: np.ndarray) -> Extraction:
        """Read one crop uint8 [256, 256, 3] or a batch [N, 256, 256, 3]."""
        single = crops.ndim == 3
        batch = np.ascontiguousarray(crops[None] if single else crops)
        results = self._session.run(list(_OUTPUTS), {"pictures": batch})
        return Extraction(*(result[0] if single else result for result in results))
