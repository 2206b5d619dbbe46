"""The extractor of a bundle."""

from __future__ import annotations

from models.bundle import Bundle
from models.coefficients import BFM
from models.extractor.deep3d.alignment import read_template
from models.extractor.deep3d.extractor import Deep3DExtractor
from models.extractor.extractor import Extractor


def load_extractor(bundle: Bundle, threads: int | None = None) -> Extractor:
    """The extractor that reads the bundle's coefficient space.

    Args:
        threads: CPU threads of one call; None for one a core.

    Raises:
        BundleError: a file is missing or cannot be used.
    """
    detector, regressor = bundle.path("detector.onnx"), bundle.path("extractor.onnx")
    if bundle.manifest.space != BFM.name:
        return Extractor(detector, regressor, threads)
    template = read_template(bundle.path("alignment.json"))
    return Deep3DExtractor(detector, regressor, bundle.path("deep3d.onnx"), template, threads)
