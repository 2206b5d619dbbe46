"""The released face model on the two public-domain portraits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from models.bundle import DEFAULT_BUNDLE, load_extractor, open_bundle
from models.coefficients import ARKIT, constrain
from models.extractor import CROP, square_crop
from models.face3d.face_model import FILE, FaceModel
from models.face3d.landmark_fit import FittedFace, LandmarkFit

SIDE = 320


@dataclass(frozen=True, eq=False)
class FittedPortrait:
    """A portrait's crop uint8 [SIDE, SIDE, 3], what the extractor reads in it, and the face model fitted to it."""

    crop: np.ndarray
    coefficients: np.ndarray
    landmarks: np.ndarray
    face: FittedFace


@pytest.fixture(scope="session")
def face_model() -> FaceModel:
    return FaceModel.load(DEFAULT_BUNDLE / FILE)


@pytest.fixture(scope="session")
def fitted(face_model: FaceModel, astronaut: np.ndarray, hopper: np.ndarray) -> dict[str, FittedPortrait]:
    """Both portraits by name."""
    extractor, fit = load_extractor(open_bundle(DEFAULT_BUNDLE)), LandmarkFit(face_model)
    portraits = {}
    for name, photo in {"astronaut": astronaut, "hopper": hopper}.items():
        square = square_crop(extractor.detect(photo)[0].box)
        seen = extractor.extract(square.cut(photo, CROP))
        coefficients = constrain(ARKIT, seen.coefficients)
        face = fit.fit(seen.landmarks, coefficients, SIDE)
        portraits[name] = FittedPortrait(square.cut(photo, SIDE), coefficients, seen.landmarks, face)
    return portraits
