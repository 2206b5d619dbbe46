"""Faces, their crops and their coefficients, read from real pictures by ONNX Runtime."""

from models.extractor.crop import Box, Crop, square_crop
from models.extractor.extractor import Extractor
from models.extractor.face import POINTS, Face
from models.extractor.regressor import CROP, Extraction

__all__ = ["CROP", "POINTS", "Box", "Crop", "Extraction", "Extractor", "Face", "square_crop"]
