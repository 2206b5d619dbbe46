"""Ready motions: any face can make them, and repeat them."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from models.coefficients import ARKIT, keyframe_motion
from workers.contract.kinds.controls import Controls, check_controls
from workers.contract.motion_templates import MOTION_TEMPLATES, RATE

STEEPEST = 0.5
"""Of a weight's range in one frame: a blink takes two or three."""


@pytest.mark.parametrize("name", MOTION_TEMPLATES)
def test_it_is_made_of_sliders_and_ends_where_it_began(name: str) -> None:
    template = MOTION_TEMPLATES[name]
    controls = Controls.model_validate({"keyframes": template.keyframes})
    assert check_controls(controls, ARKIT.document(), max_clip_seconds=60) == []
    at_rest = np.zeros(ARKIT.size, np.float32)
    motion = keyframe_motion(ARKIT, at_rest, template.keyframes, RATE)
    assert len(motion) == math.ceil(template.seconds * RATE - 1e-6) + 1
    np.testing.assert_array_equal(motion[0], at_rest)
    np.testing.assert_allclose(motion[-1], at_rest, atol=1e-6)
    assert np.abs(motion).max() > 0.05, "something moves"
    assert np.abs(np.diff(motion, axis=0)).max() < STEEPEST, "nothing jumps"


def test_names_can_stand_in_an_address_and_are_no_ids_of_files() -> None:
    assert len(MOTION_TEMPLATES) >= 12
    assert all(re.fullmatch(r"[a-z][a-z-]{2,20}", name) for name in MOTION_TEMPLATES)
