"""Tables, JSON and contact sheets of results whose numbers are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from evaluation.checks import CHECKS
from evaluation.edits import EditOutcome, EditsResult, PhotoResult
from evaluation.report import edits_data, edits_table, write
from evaluation.sheet import write_sheets


def photo(number: int, colour: bool, judged: float | None) -> PhotoResult:
    names = [check.name for check in CHECKS]
    pictures = {name: np.full((30, 20, 3), number, np.uint8) for name in ["source", *names, "zero edit"]}
    return PhotoResult(
        number, colour, 31.0 if colour else 29.0, dict.fromkeys(names, EditOutcome(judged, 0.8)), pictures
    )


RESULT = EditsResult([photo(1, True, 10.0), photo(2, False, 12.0), photo(3, True, None)], {9: "no face"})


def test_the_table_counts_lost_faces_against_the_bundle() -> None:
    rows = {row[0]: row for row in edits_table(RESULT).rows}
    assert rows["yaw +15"][3].startswith("11.00 [10.00, 12.00]")
    assert rows["yaw +15"][4] == "2 of 3"
    assert rows["eyeBlink +1"][4] == "0 of 3"
    assert rows["jawOpen +0.6"][5].startswith("0.80")


def test_colour_is_reported_apart_where_it_matters() -> None:
    rows = {row[0]: row for row in edits_table(RESULT).rows}
    assert rows["zero edit, colour"][4] == "2 of 2"
    assert rows["zero edit, grey"][4] == "0 of 1"
    assert rows["zero edit, all"][4] == "2 of 3"


def test_files_hold_the_numbers(tmp_path: Path) -> None:
    write(tmp_path / "out", "edits", edits_table(RESULT), edits_data(RESULT))
    data = json.loads((tmp_path / "out" / "edits.json").read_text())
    assert data["checks"]["yaw +15"]["all"]["judged"]["mean"] == 11
    assert data["checks"]["yaw +15"]["grey"]["judged"]["count"] == 1
    assert [entry["number"] for entry in data["photos"]] == [1, 2, 3]
    assert data["unmeasured"] == {"9": "no face"}
    markdown = (tmp_path / "out" / "edits.md").read_text()
    assert "| jawOpen +0.6 | lip opening, % of face height | ≥ 8 |" in markdown


def test_an_evaluation_of_nothing_is_still_json(tmp_path: Path) -> None:
    nothing = EditsResult([], {})
    write(tmp_path, "edits", edits_table(nothing), edits_data(nothing))
    assert json.loads((tmp_path / "edits.json").read_text())["photos"] == []


def test_sheets_show_ten_photos_each(tmp_path: Path) -> None:
    paths = write_sheets([photo(i, True, 10.0) for i in range(11)], tmp_path)
    assert len(paths) == 2
    with Image.open(paths[0]) as first, Image.open(paths[1]) as second:
        assert first.width == second.width == 192 * (len(CHECKS) + 2)
        assert first.height == 10 * second.height
