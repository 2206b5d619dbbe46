"""The coefficient regressor: a face crop -> coefficients, landmarks, presence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.coefficients import ARKIT
from models.extractor.landmarks import FACE_LANDMARKS
from models.extractor.session import open_session

CROP = 256
"""Side of the crops that the regressor takes, in pixels."""

MIRRORED = "mirrored"
"""The file's metadata under this key: landmark order of a mirrored face, a JSON list of 478 numbers."""

_OUTPUTS = ("coefficients", "landmarks", "presence")


@dataclass(frozen=True, eq=False)
class Extraction:
    """What the regressor reads from one crop, or from each of a batch (then every array has a leading batch axis).

    Attributes:
        coefficients: float32 [59] of the `arkit` space: expression weights in [0, 1], yaw, pitch, roll (radians), x, y
            (fractions of the crop), log zoom.
        landmarks: float32 [478, 2], MediaPipe's face mesh with irises, in fractions of the crop from its upper left.
        presence: probability that the crop shows a face, float32.
        mirror_error: mean distance between landmarks and those read in a mirror, in heights of the face; None where
            there was no mirror.
    """

    coefficients: np.ndarray
    landmarks: np.ndarray
    presence: np.ndarray
    mirror_error: np.ndarray | None = None


class Regressor:
    """Reads coefficients with `extractor.onnx`. Calls may come from several threads.

    Args:
        path: the ONNX file: `pictures` uint8 [N, 256, 256, 3] -> coefficients, landmarks, presence; `MIRRORED`.
        threads: CPU threads of one call; None for `models.runtime.thread_count`.
        device: as of `PortraitEditor.load`: "cpu" stays off every GPU, "cuda:1" is that one.

    Raises:
        BundleError: the file cannot be used.
    """

    def __init__(self, path: Path, threads: int | None = None, device: str = "auto") -> None:
        self._session = open_session(path, threads, _OUTPUTS, device)
        order = self._session.get_modelmeta().custom_metadata_map.get(MIRRORED)
        self._mirrored = None if order is None else np.array(json.loads(order))

    def extract(self, crops: np.ndarray) -> Extraction:
        """Read one crop uint8 [256, 256, 3] or a batch [N, 256, 256, 3], and what it is in a mirror; their mean.

        Two readings scatter less than one. A file that does not say how landmarks are mirrored is read once.
        """
        if self._mirrored is None:
            return self.glance(crops)
        batch = crops[None] if crops.ndim == 3 else crops
        seen, count = self.glance(np.concatenate([batch, batch[:, :, ::-1]])), len(batch)
        coefficients = (seen.coefficients[:count] + ARKIT.mirror(seen.coefficients[count:])) / 2
        exchanged = seen.landmarks[count:, self._mirrored]
        flipped = np.stack([1 - exchanged[..., 0], exchanged[..., 1]], -1)
        landmarks = (seen.landmarks[:count] + flipped) / 2
        apart = np.linalg.norm(seen.landmarks[:count] - flipped, axis=-1).mean(-1)
        found = (
            coefficients.astype(np.float32),
            landmarks,
            (seen.presence[:count] + seen.presence[count:]) / 2,
            apart / np.maximum(np.ptp(landmarks[:, :FACE_LANDMARKS, 1], axis=1), 1e-6),
        )
        return Extraction(*(part[0] if crops.ndim == 3 else part for part in found))

    def glance(self, crops: np.ndarray) -> Extraction:
        """One reading: half the time, for what needs no more than landmarks to cut by and presence."""
        single = crops.ndim == 3
        batch = np.ascontiguousarray(crops[None] if single else crops)
        results = self._session.run(list(_OUTPUTS), {"pictures": batch})
        return Extraction(*(result[0] if single else result for result in results))
