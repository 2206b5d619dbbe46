"""Slopes and cross-talk of renderers whose faults are known."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.photos import Photo
from evaluation.renderer.response import JUDGE, MAIN, OWN, Slopes, evaluate_responses, slope
from evaluation.renderer.thresholds import worst
from tests.unit.evaluation.renderer.conftest import (
    HalvingJudge,
    SpellingRenderer,
    bench,
    geometry,
    read,
    spell,
)


def measure(portrait: np.ndarray, renderer: SpellingRenderer, judge: HalvingJudge | None) -> dict[str, Slopes]:
    other = read(portrait)
    other[53] += 0.1
    pictures = [portrait, spell(other)]
    photos = [Photo(number, picture, colour=True) for number, picture in enumerate(pictures)]
    return dict(evaluate_responses(bench(renderer, judge=judge), geometry(*pictures), photos).slopes)


def test_a_perfect_renderer_has_the_unit_matrix_for_every_reader(portrait: np.ndarray) -> None:
    slopes = measure(portrait, SpellingRenderer(), HalvingJudge())
    assert set(slopes) == {JUDGE, OWN}
    for one in slopes.values():  # a judge that reads other quantities too
        np.testing.assert_allclose(one.matrix(), np.eye(8), atol=0.01)
        np.testing.assert_allclose(one.matrix(), one.known_matrix(), atol=1e-4)
        assert worst(one).mean == pytest.approx(0, abs=0.01)
    jaw, smile, pucker = (MAIN.index(name) for name in ("jawOpen", "mouthSmile", "mouthPucker"))
    assert slopes[JUDGE].known[0, smile, pucker] == pytest.approx(-0.1, abs=1e-4)  # a smile widens the mouth
    assert slopes[JUDGE].known[0, jaw, jaw] == pytest.approx(0.5, abs=1e-4)
    assert slopes[OWN].known[0, jaw, jaw] == pytest.approx(1)


def test_slopes_and_leaks_are_reported_as_they_are(portrait: np.ndarray) -> None:
    for reader in measure(portrait, SpellingRenderer(fraction=0.6, leak=0.3), HalvingJudge()).values():
        for slider in ("jawOpen", "eyeBlink", "mouthPucker", "yaw", "roll"):
            assert reader.slope(slider).mean == pytest.approx(0.6, abs=0.01)
        matrix = reader.matrix()
        assert matrix[MAIN.index("jawOpen"), MAIN.index("mouthSmile")] == pytest.approx(0.3, abs=0.01)
        assert matrix[MAIN.index("mouthSmile"), MAIN.index("jawOpen")] == pytest.approx(0, abs=0.01)
        assert worst(reader).mean == pytest.approx(0.3, abs=0.01)


def test_what_clamping_takes_away_is_not_requested(portrait: np.ndarray) -> None:
    smiling = read(portrait)
    smiling[:53] = 0.97
    photos = [Photo(0, spell(smiling), colour=True)]
    own = evaluate_responses(bench(), geometry(spell(smiling)), photos).slopes[OWN]
    assert own.slope("mouthSmile").mean == pytest.approx(1)


def test_lost_faces_are_counted_and_left_out(portrait: np.ndarray) -> None:
    result = evaluate_responses(
        bench(judge=HalvingJudge()), geometry(portrait), [Photo(0, portrait, True), Photo(1, 0 * portrait, True)]
    )
    assert result.lost == {JUDGE: 1, OWN: 0}  # the judge loses the head that looks 20° down
    assert result.slopes[JUDGE].slope("pitch").mean == pytest.approx(1)
    assert list(result.unmeasured) == ["photo 1"]


def test_a_slope_is_that_of_least_squares() -> None:
    requested = np.array([0, 0.3, 0.6, 0.9])
    judged = np.stack([2 * requested + 1, 0 * requested], 1)
    np.testing.assert_allclose(slope(requested, judged), [2, 0], atol=1e-12)
    assert np.isnan(slope(np.zeros(4), judged)).all()
