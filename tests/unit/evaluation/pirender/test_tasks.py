"""The three tasks on tiny clips with a real bundle, the motion sampler, and the table in the paper's layout."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from datasets.clip_store import Clip, ClipStoreWriter
from evaluation.pirender.__main__ import app
from evaluation.pirender.prior import MotionPrior
from evaluation.pirender.report import Report
from evaluation.pirender.tasks import Measured
from models.bundle import DEFAULT_BUNDLE, load_extractor, open_bundle
from models.coefficients import ARKIT, BFM
from models.errors import EvaluationError
from models.extractor import square_crop


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, astronaut: np.ndarray, hopper: np.ndarray) -> Path:
    """A clip of each portrait, shifted from frame to frame."""
    path = tmp_path_factory.mktemp("clips") / "clips.lmdb"
    extractor = load_extractor(open_bundle(DEFAULT_BUNDLE), threads=1)
    writer = ClipStoreWriter(path, "arkit", 64 << 20)
    for name, photo in (("collins", astronaut), ("hopper", hopper)):
        crop = square_crop(extractor.detect(photo)[0].box).cut(photo, 256)
        pictures = [np.roll(crop, shift, axis=1) for shift in np.linspace(0, 8, 16).astype(int)]
        motion = np.repeat(extractor.extract(crop).coefficients[None], 16, 0)
        data = [cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes() for picture in pictures]
        clip = Clip(name, name, f"{name}.mp4", 16, 25.0, (0, 0, 256))
        writer.add(clip.video, "1 clips", [(clip, data, motion)])
    writer.close()
    return path


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_one_command_measures_all_tasks(store: Path, tmp_path: Path) -> None:
    command = ["--clips", str(store), "--out", str(tmp_path), "--every", "8", "--samples", "2"]
    result = CliRunner().invoke(app, command, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    text = (tmp_path / "pirender.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert lines[0] == "| task |  | FID | AED | APD | LPIPS |"
    assert [line.split("|")[1].strip() for line in lines[2::2]] == [
        *("same-identity", "cross-identity", "intuitive editing"),
    ]
    cells = [[cell.strip() for cell in line.split("|")[2:-1]] for line in lines[2::2]]
    assert [row[0] for row in cells] == ["default (4 pictures)"] * 3
    assert [row[1] for row in cells] == ["no weights"] * 3
    assert cells[0][4] == "no weights"
    assert all(0 < float(row[2]) < 1 and 0 < float(row[3]) < 1 for row in cells)
    assert float(cells[0][2]) < float(cells[2][2]), "a still face is kept better than one drawn at random"
    assert "--inception" in text
    assert "--alexnet and --lpips" in text
    assert "JND study" in text
    assert ".1106" in lines[3]


@pytest.mark.slow
def test_the_sampler_draws_what_it_has_seen() -> None:
    rng = np.random.default_rng(0)
    rows = np.zeros((400, 73), np.float32)
    hidden = rng.normal(0, 1, 400)
    rows[:, 0], rows[:, 1] = hidden, -hidden + rng.normal(0, 0.1, 400)
    rows[:, 2] = 2.0
    rows[:, 67] = rng.normal(0.2, 0.1, 400)
    source = np.full(73, 0.25, np.float32)
    prior = MotionPrior(BFM, rows)
    drawn = prior.sample(source, 500, seed=1)
    assert np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1] < -0.8
    assert drawn[:, 0].std() == pytest.approx(1, abs=0.35)
    np.testing.assert_allclose(drawn[:, 2], 2.0, atol=0.05)
    assert drawn[:, 67].mean() == pytest.approx(0.2, abs=0.05)
    np.testing.assert_array_equal(drawn[:, -3:], np.full((500, 3), 0.25, np.float32))
    np.testing.assert_array_equal(drawn, prior.sample(source, 500, seed=1))
    with pytest.raises(EvaluationError, match="32"):
        MotionPrior(ARKIT, np.zeros((5, 59), np.float32))


def test_figures_stand_where_the_paper_has_them() -> None:
    same = Measured("same-identity", 10, 1, 8.0, 0.1, 0.02, 0.13)
    cross = Measured("cross-identity", 10, 0, None, 0.2, 0.03, None)
    report = Report("mine", "bfm", 2, (same, cross))
    rows = report.table().rows
    assert rows[0][2:] == ("8.000", "0.1000", "0.0200", "0.1300")
    assert rows[1][2:] == ("8.260", ".1106", ".0164", ".1285")
    assert rows[2][2:] == ("no weights", "0.2000", "0.0300", "–")
    assert any("1 of 10" in note for note in report.notes())
    assert not any("LPIPS needs" in note or "do not compare" in note for note in report.notes())
    assert any("do not compare" in note for note in Report("mine", "arkit", 2, (same,)).notes())
