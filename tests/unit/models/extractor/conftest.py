import pytest

from models.bundle import DEFAULT_BUNDLE
from models.extractor import Extractor


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    """The shipped networks."""
    return Extractor(DEFAULT_BUNDLE / "detector.onnx", DEFAULT_BUNDLE / "extractor.onnx", threads=1)
