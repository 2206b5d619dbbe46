"""Times of frames as whole ticks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from workers.media.clock import Clock

MILLISECOND = Fraction(1, 1000)


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30_000, 1001), Fraction(24_000, 1001), Fraction(60)])
def test_even_frames_are_exact_however_their_container_rounded(rate: Fraction) -> None:
    times = np.round(np.arange(3000) / float(rate), 3)
    clock = Clock.of(times, float(rate))
    assert clock.steady
    assert clock.ticks(MILLISECOND) == (1 / rate, list(range(3001)))
    assert clock.seconds == pytest.approx(3000 / rate)


def test_uneven_frames_keep_their_times() -> None:
    clock = Clock.of(np.array([0, 0.02, 0.07, 0.1, 0.3]), 25.0)
    assert not clock.steady
    assert clock.ticks(MILLISECOND) == (MILLISECOND, [0, 20, 70, 100, 300, 500])
    assert clock.seconds == pytest.approx(0.5)


def test_a_wrong_rate_is_not_believed() -> None:
    clock = Clock.of(np.arange(50) / 10, 25.0)
    assert not clock.steady
    assert clock.rate == 10
    assert clock.seconds == pytest.approx(5)


def test_a_dropped_frame_leaves_its_hole() -> None:
    times = np.delete(np.arange(50) / 25, 20)
    _, ticks = Clock.of(times, 25.0).ticks(MILLISECOND)
    assert ticks[20] - ticks[19] == 80


def test_ticks_rise_where_frames_are_closer_than_the_unit() -> None:
    _, ticks = Clock.of(np.array([0, 0.0002, 0.0004, 0.1]), 25.0).ticks(MILLISECOND)
    assert ticks[:4] == [0, 1, 2, 100]


def test_one_frame_lasts_a_frame() -> None:
    assert Clock.of(np.zeros(1), 50.0).seconds == pytest.approx(0.02)
    assert Clock.of(np.zeros(1), None).seconds == pytest.approx(0.04)
