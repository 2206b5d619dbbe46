from pathlib import Path

import pytest

from models.bundle import DEFAULT_BUNDLE
from models.errors import BundleError
from models.extractor.session import open_session
from models.runtime import thread_count


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"nowhere\.onnx does not exist"):
        open_session(tmp_path / "nowhere.onnx", 1, ("scores",))


def test_file_that_is_no_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "detector.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(BundleError, match=r"detector\.onnx is no ONNX model"):
        open_session(path, 1, ("scores",))


def test_idle_threads_of_a_session_sleep() -> None:
    options = open_session(DEFAULT_BUNDLE / "detector.onnx", None, ()).get_session_options()
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.get_session_config_entry("session.inter_op.allow_spinning") == "0"
    assert options.intra_op_num_threads == thread_count()
