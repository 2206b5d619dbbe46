"""The renderer's table, requirements and files on results whose numbers are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.flow import FlowReport
from evaluation.renderer.bench import COPIED, RENDERED, WARPED
from evaluation.renderer.blinks import PHOTOGRAPH, Blink
from evaluation.renderer.comparison import AED, JUDGED_AED, PICTURE, TARGET, Comparison
from evaluation.renderer.following import ACROSS, LIPS, YAW
from evaluation.renderer.generated import Generated
from evaluation.renderer.identity import IdentityChange
from evaluation.renderer.report import comparison_table, metrics, tables, write
from evaluation.renderer.response import JUDGE, MAIN, OWN, Responses, Slopes
from evaluation.renderer.sharpness import Sharpness
from evaluation.renderer.steadiness import Steadiness
from evaluation.renderer.suite import NO_FLOW, RendererReport
from evaluation.renderer.teeth import Teeth
from evaluation.renderer.thresholds import verdicts
from evaluation.statistics import summarise


def comparison(name: str, rendered: float, warped: float, copied: float) -> Comparison:
    values = {
        method: {"L1 mouth": value, AED: value / 1000}
        for method, value in {RENDERED: rendered, WARPED: warped, COPIED: copied}.items()
    }
    return Comparison(name, values)


def slopes(diagonal: float, beside: float, scale: float) -> Slopes:
    rendered = np.full((2, 8, 8), beside * scale)
    rendered[:, range(8), range(8)] = diagonal * scale
    rendered[1, 0] = np.nan  # a jaw that could not be requested to move
    known = np.repeat(np.eye(8)[None] * scale, 2, 0)
    return Slopes(rendered, known, unmixed=scale != 1)


def stranger(name: str, rendered: float, copied: float) -> Comparison:
    values = {
        method: {JUDGED_AED: value / 1000, "L1 mouth": value, PICTURE: value}
        for method, value in {RENDERED: rendered, COPIED: copied}.items()
    }
    values[RENDERED][LIPS + ACROSS] = 0.9 + rendered / 100
    return Comparison(name, values)


SMILES = [comparison("a", 4, 5, 6), comparison("b", 4, 7, 8)]
REPORT = RendererReport(
    flow=FlowReport(summarise([1.2, 1.3]), summarise([16.0])),
    smiles=SMILES,
    clips=[comparison("clip", 2, 3, 5)],
    strangers=[stranger("a", 1, 4), stranger("b", 3, 4)],
    generated=Generated(SMILES, SMILES, [35.0, 36.0], {}),
    responses=Responses({JUDGE: slopes(0.9, 0.1, 0.5), OWN: slopes(0.7, 0.3, 1)}, {JUDGE: 3, OWN: 0}, {}),
    identity=IdentityChange([1.0], [0.5], [4.0]),
    steadiness=[Steadiness("still 1", 0, 0.004, dict.fromkeys(("mouth", "eyes", "face", "background"), 0.25))],
    sharpness=[Sharpness("Collins: nothing", {"mouth": 0.4, "eyes": 0.8, "skin": 0.8})],
    blinks=[Blink("a", PHOTOGRAPH, 0.1, 0.7), Blink("a", "smoothed", 0.3, 0.4), Blink("b", "smoothed", None, None)],
    teeth=[Teeth("a: jawOpen +0.6", 200, 0), Teeth("b: jawOpen +0.6", 200, 1)],
    seconds={"flow": 2.0},
    unmeasured={"photo 9": "no face"},
)


def test_every_requirement_gets_its_verdict() -> None:
    found = {one.what: one for one in verdicts(REPORT)}
    assert found["flow error on the fixed test, pixels of 256²"].met
    assert found[f"own smile, L1 mouth: lead over “{COPIED}”"].value.mean == pytest.approx(3)
    assert found[f"own smile, AED: lead over “{WARPED}”"].met
    assert found["clips, AED of copying over the renderer's"].value.mean == pytest.approx(2.5)
    assert found["clips, AED of copying over the renderer's"].met is False
    for measure in (JUDGED_AED, "L1 mouth", PICTURE):
        assert found[f"clips of strangers, {measure} over copying's"].value.mean == pytest.approx((0.25 + 0.75) / 2)
    assert found[f"clips of strangers, {PICTURE} over copying's"].met
    assert found[f"clips of strangers, {JUDGED_AED} over copying's"].met is False
    assert found[f"clips of strangers, {LIPS}{ACROSS}"].value.mean == pytest.approx(0.92)
    assert found[f"clips of strangers, {YAW}{ACROSS}"].met is None
    jaw = found["slope of jawOpen"]
    assert (jaw.value.mean, jaw.value.count) == (pytest.approx(0.9), 1)  # the photo without one does not count
    assert jaw.second is not None
    assert jaw.second.mean == pytest.approx(0.7)
    assert found["largest cross-talk"].met
    assert found["largest cross-talk"].value.mean == pytest.approx(0.1)
    assert found["edit of nothing, dB"].met
    assert found["mouth at 1024², sharpness over the skin's"].met is False
    assert found["eyes at 1024², sharpness over the skin's"].met
    assert found["equal descriptors, largest difference of frames"].met
    shut = {name: one for name, one in found.items() if "shuts" in name}
    assert [(one.value.mean, one.met) for one in shut.values()] == [(1, True), (0, False)]
    assert found["pixels of teeth outside the lips"].met is False
    worse = replace(REPORT, steadiness=[replace(REPORT.steadiness[0], repeated=1)])
    assert verdicts(worse)[-1].met is False


def test_a_lead_that_is_none_does_not_hold() -> None:
    behind = replace(REPORT, smiles=[comparison("a", 6, 5, 5)])
    found = {one.what: one.met for one in verdicts(behind)}
    assert found[f"own smile, L1 mouth: lead over “{COPIED}”"] is False


def test_without_a_judge_our_own_extractor_decides() -> None:
    alone = replace(REPORT, responses=Responses({OWN: slopes(0.7, 0.3, 1)}, {OWN: 0}, {}), identity=None)
    found = {one.what: one for one in verdicts(alone)}
    assert found["slope of jawOpen"].met is False
    assert found["slope of jawOpen"].second is None
    assert ("identity", "no judge") in tables(alone)[-1].rows


def test_tables_show_methods_side_by_side_and_say_what_is_missing() -> None:
    table = comparison_table("smiles", SMILES)
    rows = {row[0]: row[1:] for row in table.rows}
    assert table.header == ("measure", RENDERED, WARPED, COPIED)
    assert rows["L1 mouth, levels"][0] == "4.00 [4.00, 4.00]"
    assert rows["AED, thousandths"][2].startswith("7.00")
    assert rows["LPIPS"] == rows["FID"] == ("weights not given",) * 3
    assert "PSNR mouth, dB" not in rows


def test_parts_that_were_not_measured_stay_open(tmp_path: Path) -> None:
    nothing = Slopes(*(np.zeros((0, 8, 8)) for _ in range(2)), unmixed=False)
    empty = RendererReport(
        NO_FLOW, [], [], [], Generated([], [], [], {}), Responses({OWN: nothing}, {OWN: 0}, {}), None, [], []
    )
    assert {one.met for one in verdicts(empty)} == {None}
    write(tmp_path, empty)
    assert json.loads((tmp_path / "renderer_metrics.json").read_text()) == {}


def test_fid_is_over_all_pictures_of_a_method() -> None:
    rng = np.random.default_rng(0)
    features = [rng.normal(0, 1, (1, 2)) for _ in range(30)]
    both = [replace(SMILES[0], features={TARGET: one, RENDERED: one + 3}) for one in features]
    rows = {row[0]: row[1:] for row in comparison_table("smiles", both).rows}
    assert rows["FID"] == ("18.0", "weights not given", "weights not given")


def test_files_hold_tables_numbers_and_metrics(tmp_path: Path) -> None:
    write(tmp_path, REPORT)
    markdown = (tmp_path / "renderer.md").read_text()
    assert "| edit of nothing, dB | ≥ 34 | 35.500 [35.000, 36.000] |  | yes |" in markdown
    assert f"Slopes and cross-talk judged by {JUDGE}, 2 photos, 3 edits without a face" in markdown
    data = json.loads((tmp_path / "renderer.json").read_text())
    assert data["smiles"]["a"][RENDERED]["L1 mouth"] == 4
    assert data["responses"][JUDGE]["rendered"][1][0][0] is None
    assert "| smoothed | 0.30 [0.30, 0.30] | 0 of 2 | 0.40 [0.40, 0.40] |" in markdown
    assert data["blinks"][2]["left"] is None
    assert data["sliders"] == list(MAIN)
    figures = json.loads((tmp_path / "renderer_metrics.json").read_text())
    assert figures == metrics(REPORT)
    assert figures["slope of yaw"] == pytest.approx(0.9)
    assert all(isinstance(value, float) for value in figures.values())
