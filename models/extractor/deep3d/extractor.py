"""Faces found and placed by our own networks, their coefficients read by Deep3DFaceRecon's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.coefficients.bfm import PICTURE, from_pirender
from models.extractor.deep3d.alignment import align
from models.extractor.extractor import Extractor
from models.extractor.landmarks import five_points
from models.extractor.regressor import Extraction
from models.extractor.session import open_session

COEFFICIENTS = 257
"""What the network tells: identity 80, expression 64, texture 80, angles 3, lighting 27, translation 3."""

EXPRESSION, ANGLES, TRANSLATION = slice(80, 144), slice(224, 227), slice(254, 257)
_OUTPUT = "coefficients"


class Deep3DExtractor(Extractor):
    """An extractor that speaks the `bfm` space.

    The authors' pipeline takes its five points from a landmark detector that comes with no checkpoint; here they come
    from our own regressor, which also tells whether there is a face at all.

    Args:
        detector, regressor: our own `detector.onnx` and `extractor.onnx`.
        network: `deep3d.onnx`: `pictures` uint8 [N, 224, 224, 3] -> coefficients [N, 257].
        template: five landmarks of the face model [5, 3].
        threads: CPU threads of one call; None for `models.runtime.thread_count`.
        device: as of `PortraitEditor.load`: "cpu" stays off every GPU, "cuda:1" is that one.

    Raises:
        BundleError: a file cannot be used.
    """

    def __init__(
        self,
        detector: Path,
        regressor: Path,
        network: Path,
        template: NDArray[np.float64],
        threads: int | None = None,
        device: str = "auto",
    ) -> None:
        super().__init__(detector, regressor, threads, device)
        self._network, self._template = open_session(network, threads, (_OUTPUT,), device), template

    def extract(self, crops: np.ndarray) -> Extraction:
        """Coefficients [73] of a crop uint8 [256, 256, 3], or [N, 73] of a batch; landmarks and presence are ours."""
        seen = super().extract(crops)
        if crops.ndim == 3:
            return replace(seen, coefficients=self._read(crops[None], seen.landmarks[None])[0])
        return replace(seen, coefficients=self._read(crops, seen.landmarks))

    def pirender_vectors(self, crops: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.float32]:
        """The authors' vectors [N, 73] of crops [N, 256, 256, 3] with five known points [N, 5, 2] (pixel centres)."""
        aligned = [align(crop, five, self._template) for crop, five in zip(crops, points, strict=True)]
        pictures = np.stack([one.picture for one in aligned])
        (read,) = self._network.run([_OUTPUT], {"pictures": pictures})
        crop = np.array([one.crop for one in aligned], np.float32)
        return np.concatenate([read[:, EXPRESSION], read[:, ANGLES], read[:, TRANSLATION], crop], 1)

    def _read(self, crops: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        points = np.stack([five_points(face) for face in landmarks]) * PICTURE - 0.5
        return from_pirender(self.pirender_vectors(crops, points))
