"""A digest of data that is cheap, and that a copy keeps."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from training.digest import END, DataDigest


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "large.npy").write_bytes(bytes(3 * END))
    (folder / "small.json").write_text("{}")
    (folder / ".hidden").write_text("a lock")
    return folder


def test_names_sizes_and_both_ends_count(data: Path) -> None:
    digest = DataDigest.of(data)
    assert (digest.files, digest.bytes) == (2, 3 * END + 2)
    large = data / "inner" / "large.npy"
    for place in (0, 3 * END - 1):
        content = bytearray(3 * END)
        content[place] = 1
        large.write_bytes(content)
        assert DataDigest.of(data) != digest, f"byte {place}"
    large.write_bytes(bytes(3 * END))
    assert DataDigest.of(data) == digest
    (data / "small.json").rename(data / "other.json")
    assert DataDigest.of(data) != digest


def test_a_copy_has_the_digest_of_the_original(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data, tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))
    assert DataDigest.of(tmp_path / "copy") == DataDigest.of(data)


def test_several_paths_are_one_input(data: Path) -> None:
    both = DataDigest.of(data / "inner", data / "small.json")
    assert both.files == 2
    assert both != DataDigest.of(data / "inner")


def test_what_is_missing_is_empty(tmp_path: Path) -> None:
    digest = DataDigest.of(tmp_path / "nowhere")
    assert (digest.files, digest.bytes) == (0, 0)
    assert digest == DataDigest.of(tmp_path)
