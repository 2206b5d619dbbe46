"""People's own smiles, clips, random edits and stills, with renderers whose answers are known."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from datasets.portraits import Portraits
from datasets.speech.speakers import FOLDER
from evaluation.photos import Photo
from evaluation.renderer import clips as grid
from evaluation.renderer import steadiness
from evaluation.renderer.bench import COPIED, RENDERED, WARPED
from evaluation.renderer.clips import evaluate_clips, flicker
from evaluation.renderer.comparison import AED
from evaluation.renderer.following import ACROSS, LIPS, PITCH, YAW
from evaluation.renderer.generated import evaluate_generated
from evaluation.renderer.smile_pairs import Smile, evaluate_smiles, smiles
from evaluation.renderer.steadiness import evaluate_steadiness, largest_difference, step
from evaluation.renderer.strangers import across, stranger_clips
from evaluation.renderer.thresholds import fraction, lead, times
from models.coefficients import ARKIT
from models.errors import EvaluationError
from tests.unit.evaluation.renderer.conftest import HalvingJudge, SpellingRenderer, bench, geometry, read, spell

JAW = ARKIT.index["jawOpen"]


def test_pairs_are_a_persons_neutral_and_smiling_photo(tmp_path: Path) -> None:
    (tmp_path / "portraits").mkdir()
    rows = [
        "a.jpg,pif,,x/a.jpg,test",
        "b.jpg,london,7,neutral_front/7.jpg,test",
        "c.jpg,london,8,neutral_front/8.jpg,train",
        "d.jpg,london,9,neutral_front/9.jpg,test",
        "e.jpg,london,7,smiling_front/7.jpg,test",
    ]
    index = tmp_path / "portraits" / "index.csv"
    index.write_text("\n".join(["file,source,identity,original,split", *rows]))
    assert smiles(tmp_path) == [Smile("7", 1, 4)]
    index.write_text("file,source,identity,original,split\n")
    with pytest.raises(EvaluationError, match=r"index\.csv"):
        smiles(tmp_path)


def test_a_smile_is_driven_by_the_other_photo(portrait: np.ndarray) -> None:
    smile = read(portrait)
    smile[40:45] += 0.5
    pictures = [portrait, spell(smile), np.zeros_like(portrait)]
    portraits = cast(Portraits, SimpleNamespace(picture=lambda number: pictures[number]))
    found, unmeasured = evaluate_smiles(bench(), portraits, geometry(*pictures), [Smile("1", 0, 1), Smile("2", 0, 2)])
    assert list(unmeasured) == ["smile pair 2"]
    assert found[0].values[RENDERED][AED] == 0
    assert found[0].values[COPIED][AED] == found[0].values[WARPED][AED] == pytest.approx(5 * 0.5 / 53)
    assert lead(found, AED, COPIED).mean == pytest.approx(5 * 0.5 / 53)


def test_a_clip_is_held_against_its_own_frames(portrait: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    def frames(path: Path) -> list[tuple[float, np.ndarray]]:
        vectors = [read(portrait) for _ in range(10)]
        for number, vector in enumerate(vectors):
            vector[JAW] += 0.05 * number
        return [(k / 25, spell(vector, 100 + (k % 2))) for k, vector in enumerate(vectors)]

    monkeypatch.setattr(grid, "read_frames", frames)
    found, _ = evaluate_clips(bench(SpellingRenderer(fraction=0.75)), [Path("a.mp4")])
    assert found[0].values[COPIED][AED] == pytest.approx(0.05 * 6 / 53)  # frames 3, 6 and 9
    assert times(found, AED).mean == pytest.approx(4, rel=1e-4)
    assert fraction(found, AED).mean == pytest.approx(0.25, rel=1e-4)
    assert found[0].values[RENDERED]["flicker"] == 0  # its frames are equally bright
    assert found[0].name == "a.mp4"


def test_a_clip_also_drives_another_face(portrait: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    def frames(path: Path) -> list[tuple[float, np.ndarray]]:
        vectors = [read(portrait) for _ in range(31)]
        for number, vector in enumerate(vectors):
            vector[JAW] += 0.2 * np.sin(number / 5) + 0.2
            vector[53] += 0.1 * np.cos(number / 5)
        return [(k / 25, spell(vector, 100 + (k % 2))) for k, vector in enumerate(vectors)]

    monkeypatch.setattr(grid, "read_frames", frames)
    clips = [Path("x_1.mpg"), Path("x_2.mpg"), Path("y_1.mpg")]
    others = across(clips)
    assert {name: other.name for name, other in others.items()} == {
        "x_1.mpg": "y_1.mpg",
        "x_2.mpg": "y_1.mpg",
        "y_1.mpg": "x_1.mpg",
    }
    assert across(clips[:2]) == {}
    (alone,), _ = evaluate_clips(bench(judge=HalvingJudge()), clips[:1])
    assert alone.values[RENDERED][LIPS] > 0.99
    assert LIPS + ACROSS not in alone.values[RENDERED]
    (driven,), _ = evaluate_clips(bench(judge=HalvingJudge()), clips[:1], others)
    assert driven.values[RENDERED][LIPS + ACROSS] > 0.99
    assert driven.values[RENDERED][YAW + ACROSS] > 0.99
    assert PITCH + ACROSS not in driven.values[RENDERED], "the driver hardly nods"
    (still,), _ = evaluate_clips(bench(SpellingRenderer(fraction=0), judge=HalvingJudge()), clips[:1], others)
    assert still.values[RENDERED][LIPS + ACROSS] == 0


def test_strangers_are_speakers_who_were_in_no_training(tmp_path: Path) -> None:
    assert stranger_clips(tmp_path) == []
    (tmp_path / FOLDER).mkdir()
    for name in ("s31_b.mpg", "s31_a.mpg", "s26_a.mpg", "xd_1.mpg"):
        (tmp_path / FOLDER / name).touch()
    assert [clip.name for clip in stranger_clips(tmp_path)] == ["s31_a.mpg", "s31_b.mpg", "xd_1.mpg"]


def test_flicker_leaves_steady_motion_out() -> None:
    mask = np.ones((4, 4), bool)
    steady = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.full((4, 4, 3), 10, np.uint8)
    shaky = np.array([0, 3, 0, 3, 0], np.uint8)[:, None, None, None] * np.ones((4, 4, 3), np.uint8)
    assert flicker(steady, mask) == 0
    assert flicker(shaky, mask) == 6
    assert flicker(steady + shaky, mask) == 6


def test_random_edits_are_measured_there_and_back(portrait: np.ndarray) -> None:
    photos = [Photo(0, portrait, colour=True), Photo(1, np.zeros_like(portrait), colour=True)]
    result = evaluate_generated(bench(), geometry(portrait), photos, seed=0)
    assert list(result.unmeasured) == ["photo 1"]
    (forth,), (back,) = result.forth, result.back
    assert [one.values[RENDERED][AED] for one in (forth, back)] == pytest.approx([0, 0], abs=1e-7)
    assert forth.values[COPIED] == pytest.approx(back.values[COPIED])
    assert set(back.values) == {RENDERED, WARPED, COPIED}
    assert result.nothing == [100]
    lazy = evaluate_generated(bench(SpellingRenderer(fraction=0)), geometry(portrait), photos[:1], seed=0)
    assert lazy.forth[0].values[RENDERED] == pytest.approx(forth.values[COPIED])


def test_tremor_of_the_reading_shimmers_in_the_picture(portrait: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = np.repeat(read(portrait)[None], 6, 0)
    readings[::2, :53] += 0.02
    monkeypatch.setattr(steadiness, "still_readings", lambda extractor, picture: readings)

    class Shimmering(SpellingRenderer):
        def photo(self, *arguments: np.ndarray) -> list[np.ndarray]:  # type: ignore[override]
            return [spell(one, round(1000 * float(one[JAW])) % 200) for one in arguments[3]]

    (found,), unmeasured = evaluate_steadiness(bench(Shimmering()), [Photo(3, portrait, colour=True)])
    assert not unmeasured
    assert found.repeated == 0
    assert found.tremor == pytest.approx(0.01)
    assert found.shimmer["mouth"] == found.shimmer["eyes"] == pytest.approx(20)


def test_frames_that_should_be_equal_are_compared_pixel_by_pixel() -> None:
    frames = np.full((3, 4, 4, 3), 10, np.uint8)
    assert largest_difference(frames) == 0
    frames[2, 1, 1, 1] = 7
    assert largest_difference(frames) == 3
    assert step(frames, np.ones((4, 4), bool)) == pytest.approx(3 / (2 * 48))
