"""`python -m models`."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from models.__main__ import main
from models.coefficients.document import read_motion


@pytest.fixture(scope="module")
def video(astronaut: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames of Eileen Collins; in the third she is covered."""
    path = tmp_path_factory.mktemp("videos") / "collins.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 512, 320, "yuv420p"
        for index in range(6):
            picture = np.full((320, 512, 3), 120, np.uint8) if index == 2 else astronaut[:320]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode(None))
    return path


def test_a_picture_gives_a_table(hopper_jpeg: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(hopper_jpeg), "--threads", "1"]) == 0
    printed = capsys.readouterr().out
    assert "1 picture" in printed
    assert "yaw" in printed


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["json", "npz"])
def test_a_video_gives_a_document(video: Path, suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / f"motion.{suffix}"
    assert main([str(video), "--out", str(out), "--smoothing", "0.5", "--threads", "1"]) == 0
    assert "frames 2 to 2" in capsys.readouterr().err
    motion = read_motion(out.read_bytes())
    assert motion.coefficients.shape == (6, 59)
    assert motion.fps == pytest.approx(25)
    if suffix == "json":
        assert [frame["face"] is None for frame in json.loads(out.read_text())["frames"]] == [False, False, True] + [
            False
        ] * 3


@pytest.mark.parametrize("face", ["1", "7"])
def test_errors_go_to_stderr_and_the_status(hopper_jpeg: Path, face: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(hopper_jpeg), "--face", face, "--threads", "1"]) == 1
    assert "0 to 0" in capsys.readouterr().err


@pytest.mark.slow
def test_a_file_that_is_neither_picture_nor_video_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    assert main([str(tmp_path / "notes.txt")]) == 1
    assert "no video" in capsys.readouterr().err
    assert main([str(tmp_path / "missing.mp4")]) == 1
    assert "missing.mp4" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--out", "a.txt"], ["--face", "-1"], ["--face", "left"]])
def test_arguments_are_checked(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["a.mp4", *wrong])
    capsys.readouterr()
