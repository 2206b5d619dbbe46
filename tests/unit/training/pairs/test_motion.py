"""Which motions training pairs ask for."""

from __future__ import annotations

import numpy as np

from training.pairs.motion import ExpressionPrior, MotionSampler


def test_the_prior_moves_together_what_moves_together() -> None:
    rng = np.random.default_rng(0)
    smile = rng.uniform(0.2, 0.8, 500)
    known = np.zeros((500, 53))
    known[:, 3], known[:, 4], known[:, 10] = smile, smile + rng.normal(0, 0.02, 500), rng.uniform(0.3, 0.5, 500)
    prior = ExpressionPrior(np.clip(known, 0, 1))
    drawn = np.stack([prior.draw(rng) for _ in range(500)])
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert np.corrcoef(drawn[:, 3], drawn[:, 4])[0, 1] > 0.95
    assert abs(np.corrcoef(drawn[:, 3], drawn[:, 10])[0, 1]) < 0.2
    np.testing.assert_allclose(drawn.mean(0), known.mean(0), atol=0.03)
    np.testing.assert_allclose(drawn[:, 3].std(), smile.std(), atol=0.03)


def test_a_single_known_expression_is_all_that_its_prior_draws() -> None:
    prior = ExpressionPrior(np.full((1, 53), 0.25))
    np.testing.assert_allclose(prior.draw(np.random.default_rng(0)), 0.25)


def test_expressions_stay_within_their_bounds_and_lips_apart() -> None:
    rng = np.random.default_rng(1)
    sampler = MotionSampler(rng.uniform(0, 1, (50, 53)), rng, sweeps=0.0)
    for _ in range(200):
        weights = sampler._expression(rng.uniform(0, 1, 53))
        assert weights.min() >= 0
        assert weights.max() <= 1
