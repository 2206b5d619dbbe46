"""The extractor's table on results whose numbers are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from evaluation import report
from evaluation.extractor import ExtractorReport
from evaluation.extractor_photos import PortraitScores
from evaluation.extractor_report import extractor_data, extractor_table

SCORES = PortraitScores(
    colour=np.array([True, False, True, True]),
    found=np.array([True, True, True, False]),
    landmark_error=np.array([2.0, 6.0, 2.0, 2.0]),
    rotation_error=np.array([[1.0, 4.0, 1.0]] * 4),
    correlation={"mouthSmileLeft": 0.95, "jawOpen": 0.85},
)
RESULT = ExtractorReport(
    portraits=SCORES,
    false_faces=2,
    clips={"a.mp4": {"jawOpen": 0.95, "eyeBlinkLeft": 0.5}, "b.mp4": {"jawOpen": 0.91}},
    stills=[{"expression": 0.02, "mean expression": 0.004, "pose": 0.1}],
    milliseconds={"detection": 20.0, "regression": 4.0},
    megabytes={"detector.onnx": 1.1, "extractor.onnx": 8.5},
    unmeasured={"c.mp4": "no face"},
)


def test_every_bar_gets_its_verdict() -> None:
    rows = {row[0]: row for row in extractor_table(RESULT).rows}
    assert rows["portraits found at IoU 0.5, %"][2:] == ("75.00 [25.00, 100.00]", "no")
    assert rows["false faces on 200 pictures"][1:] == ("≤ 1", "2", "no")
    assert rows["landmark error, % of inter-ocular distance"][2].startswith("3.00")
    assert rows["landmark error, % of inter-ocular distance, colour"][3] == "yes"
    assert rows["landmark error, % of inter-ocular distance, grey"][3] == "no"
    assert rows["yaw error, degrees"][3] == "yes"
    assert rows["pitch error, degrees"][3] == "no"
    assert rows["correlation with the fit, mean of blendshapes"][2].startswith("0.90")
    assert rows["correlation of jawOpen in clips"][3] == "yes"
    assert rows["correlation of eyeBlinkLeft in clips"][3] == "no"
    assert rows["still, deviation of the worst weight"][2].startswith("0.0200")
    assert rows["both files, MB"][2:] == ("9.6", "yes")


def test_what_was_not_measured_is_left_open() -> None:
    nothing = ExtractorReport(SCORES, None, {}, [], RESULT.milliseconds, RESULT.megabytes)
    rows = {row[0]: row for row in extractor_table(nothing).rows}
    assert rows["false faces on 200 pictures"][2:] == ("–", "–")
    assert rows["still, deviation of the worst weight"][2:] == ("–", "–")
    assert not any("in clips" in name for name in rows)


def test_the_numbers_are_json(tmp_path: Path) -> None:
    report.write(tmp_path, "extractor", extractor_table(RESULT), extractor_data(RESULT))
    data = json.loads((tmp_path / "extractor.json").read_text())
    assert data["portraits"]["landmark_error"] == [2, 6, 2, 2]
    assert data["clips"]["a.mp4"]["jawOpen"] == 0.95
    assert data["unmeasured"] == {"c.mp4": "no face"}
