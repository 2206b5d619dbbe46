"""Learning rates by step."""

from __future__ import annotations

import pytest

from training.schedules import CosineDecay, LinearDecay, StepDecay


def test_learning_rate_warms_up_holds_and_falls() -> None:
    schedule = LinearDecay(1.0, steps=10_000)
    rates = [schedule(step) for step in (0, 199, 5_000, 8_000, 10_000)]
    assert rates == pytest.approx([1 / 200, 1, 1, 0.51, 0.02])


def test_the_learning_rate_rises_then_falls() -> None:
    schedule = LinearDecay(1.0, 1000, decay=0.5)
    assert schedule(0) < schedule(100) < schedule(300) == schedule(499) == 1
    assert schedule(999) == pytest.approx(0.02, abs=0.01)


def test_a_cosine_ends_at_nothing() -> None:
    schedule = CosineDecay(2.0, 1000, warmup=10)
    assert [schedule(step) for step in (0, 500, 1000)] == pytest.approx([0.2, 1, 0], abs=1e-6)


def test_a_step_decay_drops_once_and_describes_itself() -> None:
    schedule = StepDecay(1e-4, 300, 0.2, 400)
    assert [schedule(step) for step in (299, 300)] == pytest.approx([1e-4, 2e-5])
    assert str(schedule) == "0.0001, 2e-05 after step 300"
    assert str(StepDecay(1e-4, 300, 0.2, 200)) == "0.0001"
