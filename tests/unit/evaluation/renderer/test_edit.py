"""Random edits are edits that a user may ask for."""

from __future__ import annotations

import numpy as np

from evaluation.renderer.edit import Edit, draw_edit
from models.coefficients import ARKIT


def test_the_seed_decides() -> None:
    drawn = {draw_edit(ARKIT, np.random.default_rng(seed)).label for seed in range(20)}
    assert len(drawn) > 15
    assert draw_edit(ARKIT, np.random.default_rng(3)) == draw_edit(ARKIT, np.random.default_rng(3))


def test_every_draw_can_be_applied_and_asks_for_something() -> None:
    own = np.full(59, 0.1, np.float32)
    edits = [draw_edit(ARKIT, np.random.default_rng(seed)) for seed in range(300)]
    for edit in edits:
        assert not np.array_equal(edit.apply(ARKIT, own), own), edit
        assert len(edit.expression) <= 3
        assert len(edit.pose) <= 2
    used = {name for edit in edits for name in edit.expression}
    assert {"jawOpen", "eyeBlink", "eyeBlinkLeft", "mouthSmile", "jawLeft"} <= used


def test_the_label_says_what_is_requested() -> None:
    assert Edit({"jawOpen": 0.55}, {"yaw": -12.4}).label == "jawOpen +0.55, yaw -12°"
