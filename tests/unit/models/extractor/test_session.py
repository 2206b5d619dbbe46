from pathlib import Path

import pytest

from models.errors import BundleError
from models.extractor.session import open_session


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"nowhere\.onnx does not exist"):
        open_session(tmp_path / "nowhere.onnx", 1, ("scores",))


def test_file_that_is_no_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "detector.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(BundleError, match=r"detector\.onnx is no ONNX model"):
        open_session(path, 1, ("scores",))
