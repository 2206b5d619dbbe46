"""From an edit's controls to motion."""

from __future__ import annotations

import numpy as np

from models.coefficients import ARKIT, sample
from workers.contract.kinds.edit import EditRequest
from workers.media.clock import Clock
from workers.tasks.edit import edited_motion
from workers.tasks.reenact import at_rate


def motion(controls: dict[str, object]) -> np.ndarray:
    request = EditRequest.model_validate({"source_id": "0" * 64, "controls": controls})
    return edited_motion(ARKIT, np.zeros(ARKIT.size, np.float32), request.controls, request.rate)


def test_sliders_make_one_frame() -> None:
    frames = motion({"expression": {"jawOpen": 0.5}})
    assert frames.shape == (1, ARKIT.size)
    assert frames[0, ARKIT.index["jawOpen"]] == 0.5


def test_keyframes_start_from_the_controls_beside_them() -> None:
    frames = motion(
        {
            "expression": {"mouthSmile": 0.25},
            "keyframes": [{"time": 0}, {"time": 1, "expression": {"mouthSmile": 0.5}}],
        }
    )
    smile = frames[:, ARKIT.index["mouthSmileLeft"]]
    assert smile[0] == 0.25
    assert smile[-1] == 0.75
    assert (np.diff(smile) >= 0).all()


def test_another_rate_samples_the_same_motion() -> None:
    times = np.array([0, 0.1, 0.4, 0.5])
    motion = np.zeros((4, ARKIT.size), np.float32)
    motion[:, 0] = times * 2
    clock = at_rate(Clock.of(times, 8.0), 20)
    sampled = sample(times, motion, clock.times)
    assert clock.steady
    assert clock.seconds == 0.6
    assert np.allclose(sampled[:11, 0], clock.times[:11] * 2)
    assert (sampled[11] == motion[-1]).all(), "the last frame is held to the clip's end"
