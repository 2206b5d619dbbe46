"""Faces, their crops and their coefficients, read from real pictures by ONNX Runtime."""

from models.extractor.crop import Box, Crop, square_crop
from models.extractor.extractor import Extractor
from models.extractor.face import POINTS, Face
from models.extractor.regressor import CROP, Extraction
from models.extractor.tracker import FaceTracker, TrackedFrame

__all__ = [
    "CROP",
    "POINTS",
    "Box",
    "Crop",
    "Extraction",
    "Extractor",
    "Face",
    "FaceTracker",
    "TrackedFrame",
    "square_crop",
]
