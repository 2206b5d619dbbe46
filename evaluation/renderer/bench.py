"""What every measurement of a renderer works with: the bundle's networks, and who reads the pictures they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from evaluation.judge import Judge
from evaluation.renderer.perceptual import Perceptual
from models.bundle import load_face, load_renderer, open_bundle
from models.coefficients import ARKIT, CoefficientSpace, constrain
from models.errors import EvaluationError, NoFaceError
from models.extractor import CROP, Crop, Extraction, Extractor, square_crop
from models.face3d.landmark_fit import LandmarkFit
from models.renderer import PIRenderer
from models.rendering import FrameRenderer

RENDERED, UNEDITED, WARPED, COPIED = "renderer", "without editing", "geometric warp", "copy the source"
"""The methods that are compared: the bundle; its warped picture alone (the paper's ablation); the 3DMM's own flow by
the same coefficients, without networks; the source as it is."""

_BATCH = 16
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class RendererBench:
    """A bundle to measure, and its readers.

    Attributes:
        space: of the bundle's coefficients.
        extractor: the bundle's: it drives, as it does for users, and reads the pictures again.
        renderers: method -> what makes pictures; `RENDERED` first, the ablations where they are requested.
        judge: an outside reader; None where there is none.
        perceptual: LPIPS and FID, as far as their weights are given.
        fit: lays the bundle's face model on photos; None where it has none.
    """

    space: CoefficientSpace
    extractor: Extractor
    renderers: Mapping[str, FrameRenderer]
    judge: Judge | None = None
    perceptual: Perceptual = field(default_factory=Perceptual)
    fit: LandmarkFit | None = None

    @classmethod
    def load(cls, bundle: Path, judge: Judge | None, perceptual: Perceptual, *, without_editing: bool) -> RendererBench:
        """Open and verify a bundle.

        Raises:
            BundleError: it cannot be used.
            EvaluationError: its space is not `arkit`, in which the fits and the sliders are given.
        """
        opened = open_bundle(bundle)
        if opened.manifest.space != ARKIT.name:
            raise EvaluationError(f"{bundle} has the space {opened.manifest.space}; choose a bundle of {ARKIT.name}")
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        face = load_face(opened)
        renderers = {RENDERED: FrameRenderer(load_renderer(opened).to(device), device, face)}
        if without_editing:
            renderers[UNEDITED] = FrameRenderer(unedited(load_renderer(opened)).to(device), device, face)
        extractor = Extractor(opened.path("detector.onnx"), opened.path("extractor.onnx"))
        return cls(ARKIT, extractor, renderers, judge, perceptual, LandmarkFit(face) if face else None)

    def square(self, picture: Pixels) -> Crop:
        """The square of the largest face of a picture [H, W, 3]. Raises NoFaceError."""
        faces = self.extractor.detect(picture)
        if not faces:
            raise NoFaceError("our detector finds no face in it")
        return square_crop(faces[0].box)

    def see(self, crops: Pixels) -> Extraction:
        """What the extractor reads in crops [N, 256, 256, 3], the coefficients constrained as for an edit."""
        parts = [self.extractor.extract(crops[start : start + _BATCH]) for start in range(0, len(crops), _BATCH)]
        coefficients, landmarks, presence = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("coefficients", "landmarks", "presence")
        )
        return Extraction(constrain(self.space, coefficients), landmarks, presence)

    def coefficients(self, crop: Pixels) -> NDArray[np.float32]:
        """Of one crop [256, 256, 3]: [C]."""
        return np.asarray(self.see(crop[None]).coefficients[0])

    def render(
        self,
        crop: Pixels,
        own: NDArray[np.float32],
        motion: NDArray[np.float32],
        method: str = RENDERED,
        *,
        layers: bool = True,
    ) -> Pixels:
        """A crop [S, S, 3] with coefficients `own` [C] making a motion [T, C]: [T, S, S, 3].

        The whole of what the service does with a crop, at any S: networks at 256², then full resolution.

        Args:
            layers: as `/edit` and `/talk` render; False as `/reenact` does, whose motions are read from pictures.
        """
        side = len(crop)
        square = Crop(0, 0, side)
        landmarks = self.extractor.extract(cut(square, crop)).landmarks if layers else None
        return np.stack(list(self.renderers[method].photo(crop, square, own, motion, side, landmarks)))

    def still(
        self, crop: Pixels, own: NDArray[np.float32], requested: NDArray[np.float32], *, layers: bool = True
    ) -> dict[str, Pixels]:
        """One picture of a crop at the coefficients `requested` [C] by every method that has a renderer.

        `layers` as in `render`."""
        return {method: self.render(crop, own, requested[None], method, layers=layers)[0] for method in self.renderers}


def cut(square: Crop, picture: Pixels) -> Pixels:
    """What the networks see of a picture: [256, 256, 3]."""
    return square.cut(picture, CROP)


def unedited(renderer: PIRenderer) -> PIRenderer:
    """The same renderer with nothing after the warp: Î = Î_w (the paper's ablation)."""
    renderer.editing = _Unedited()  # type: ignore[assignment]
    return renderer.eval()


class _Unedited(nn.Module):
    def forward(self, warped: Tensor, source: Tensor, z: Tensor) -> Tensor:  # noqa: ARG002 - the network's interface
        return warped
