"""Methods compared on pictures whose coefficients are spelled out."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.renderer.comparison import AED, APD, JUDGED_AED, JUDGED_APD, TARGET, averaged, compare
from tests.unit.evaluation.renderer.conftest import HalvingJudge, bench, read, spell


def test_distances_are_those_of_the_readings(portrait: np.ndarray) -> None:
    off = read(portrait)
    off[:53] += 0.2
    off[55] += 0.3  # roll
    result = compare(bench(judge=HalvingJudge()), "one", portrait, {"same": portrait, "off": spell(off, 138)})
    assert result.values["same"][AED] == result.values["same"][JUDGED_APD] == 0
    assert result.values["off"][AED] == pytest.approx(0.2)
    assert result.values["off"][APD] == pytest.approx(0.3 / 6)
    assert result.values["off"][JUDGED_AED] == pytest.approx(0.1)
    assert result.values["off"][JUDGED_APD] == pytest.approx(0.1)
    assert result.values["off"]["L1 mouth"] == 10
    assert result.values["off"]["PSNR face"] == pytest.approx(20 * np.log10(25.5))
    assert list(result.pictures) == [TARGET, "same", "off"]


def test_a_face_that_the_judge_loses_leaves_its_measures_out(portrait: np.ndarray) -> None:
    down = read(portrait)
    down[54] = -0.4
    values = compare(bench(judge=HalvingJudge()), "one", portrait, {"down": spell(down)}).values["down"]
    assert JUDGED_AED not in values
    assert values[AED] == 0
    assert JUDGED_AED not in compare(bench(), "one", portrait, {"same": portrait}).values["same"]


def test_a_clip_is_the_mean_of_its_frames(portrait: np.ndarray) -> None:
    off = read(portrait)
    off[:53] += 0.2
    down = read(portrait)
    down[54] = -0.4
    frames = [
        compare(bench(judge=HalvingJudge()), "clip", portrait, {"renderer": picture})
        for picture in (portrait, spell(off), spell(down))
    ]
    clip = averaged("clip", frames)
    assert clip.values["renderer"][AED] == pytest.approx(0.2 / 3)
    assert clip.values["renderer"][JUDGED_AED] == pytest.approx(0.05)  # of the two frames that it sees
