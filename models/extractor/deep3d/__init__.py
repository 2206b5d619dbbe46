"""Coefficients of the Basel face model: Deep3DFaceRecon's network on aligned faces, through ONNX Runtime."""

from models.extractor.deep3d.alignment import ALIGNED, Alignment, align, read_template
from models.extractor.deep3d.extractor import COEFFICIENTS, Deep3DExtractor

__all__ = ["ALIGNED", "COEFFICIENTS", "Alignment", "Deep3DExtractor", "align", "read_template"]
