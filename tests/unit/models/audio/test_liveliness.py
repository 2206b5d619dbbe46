"""A head that lives: glances that come back, breaths, nods on stressed words, sides that are not quite alike."""

from __future__ import annotations

import numpy as np
import pytest

from models.audio.features import BLOCK
from models.audio.liveliness import Liveliness, add_gaze, gaze_of
from models.audio.rhythm import Rhythm
from models.coefficients import ARKIT

PITCH, Y = 54, 57
BROWS = [ARKIT.index["browInnerUpLeft"], ARKIT.index["browOuterUpRight"]]


def rhythm(speech: float = 0, stress: dict[int, float] | None = None) -> Rhythm:
    stresses = np.zeros(BLOCK, np.float32)
    for frame, strength in (stress or {}).items():
        stresses[frame] = strength
    return Rhythm(np.full(BLOCK, speech, np.float32), stresses, np.zeros(BLOCK, bool))


def lived(seed: int = 0, blocks: int = 40, amount: float = 1, base: float = 0, **heard: object) -> np.ndarray:
    life = Liveliness(seed, amount)
    still = np.full((BLOCK, 59), base, np.float32)
    return np.concatenate([life.add(still, rhythm(**heard)) for _ in range(blocks)])  # type: ignore[arg-type]


def test_eyes_look_away_for_a_while_and_return_to_the_viewer() -> None:
    looks = np.concatenate([gaze_of(lived(seed)) for seed in range(5)])
    at_viewer = (looks == 0).all(1)
    assert 0.5 < at_viewer.mean() < 0.95
    assert 5 < (np.diff(at_viewer.astype(int)) < 0).sum() < 100, "5 x 40 s"
    assert np.abs(looks).max() < 0.7
    assert lived().min() >= -0.02, "no eye is pulled both ways"


def test_a_silent_head_breathes() -> None:
    pitch = lived()[:, PITCH]
    breaths = int(((pitch[1:] > 0.005) & (pitch[:-1] <= 0.005)).sum())
    assert 6 <= breaths <= 12, "in 40 s"
    assert np.degrees(pitch.max()) < 1


def test_who_speaks_breathes_at_pauses_alone() -> None:
    assert np.ptp(lived(speech=1)[:, Y]) == 0


def test_a_stressed_word_nods_the_head_and_raises_the_brows() -> None:
    life = Liveliness(0, 0)
    still = np.zeros((BLOCK, 59), np.float32)
    motion = np.concatenate([life.add(still, rhythm(1, {5: 1.0})), life.add(still, rhythm(1))])
    assert np.degrees(motion[:, PITCH].min()) == pytest.approx(-1.8, abs=0.2)
    assert motion[:, BROWS].max() == pytest.approx(0.16, abs=0.02)
    assert (motion[:5, PITCH] == 0).all()
    assert (motion[25:, PITCH] == 0).all()


def test_gestures_go_on_over_the_border_of_a_block() -> None:
    life = Liveliness(0, 0)
    still = np.zeros((BLOCK, 59), np.float32)
    motion = np.concatenate([life.add(still, rhythm(1, {22: 1.0})), life.add(still, rhythm(1))])
    assert np.degrees(motion[24:30, PITCH].min()) < -1.5


def test_sides_differ_a_little_and_only_by_chance() -> None:
    smiles = [ARKIT.index["mouthSmileLeft"], ARKIT.index["mouthSmileRight"]]
    left, right = lived(blocks=1, base=0.5)[0, smiles]
    assert 0 < abs(left - right) < 0.11
    assert left + right == pytest.approx(1, abs=1e-6)
    left, right = lived(blocks=1, base=0.5, amount=0)[0, smiles]
    assert left == right


def test_looks_add_up_with_signs() -> None:
    face = np.zeros((1, 59), np.float32)
    face[0, [ARKIT.index["eyeLookInLeft"], ARKIT.index["eyeLookOutRight"]]] = 0.3  # to the person's right
    assert gaze_of(face)[0] == pytest.approx([-0.3, 0])
    turned = add_gaze(face, np.array([[0.5, 0.1]]))
    assert gaze_of(turned)[0] == pytest.approx([0.2, 0.1])
    assert turned[0, ARKIT.index["eyeLookInLeft"]] == 0
    assert np.array_equal(add_gaze(face, np.zeros((1, 2))), face)
