"""What counts as a turn that was made as requested, and as a background that stayed."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.renderer.turns import TurnOutcome, TurnsResult, unchanged
from evaluation.renderer.turns_report import turns_table
from models.extractor import Crop, Face
from models.portrait import Source

SIDE = 256


@pytest.fixture
def source() -> Source:
    """A head in the middle of a noisy picture, as large as the extractor's crops show them."""
    picture = np.random.default_rng(0).integers(0, 256, (300, 280, 3), np.uint8)
    face = Face((80, 80, 200, 220), 1.0, np.zeros((5, 2), np.float32))
    return Source(picture, face, Crop(10, 20, SIDE), np.zeros(59, np.float32), np.zeros((478, 2), np.float32))


def outcome(requested: float = 25, fitted: float | None = 23, faces: int = 1) -> TurnOutcome:
    return TurnOutcome(7, requested, faces, fitted, fitted, None, 1.0)


def test_a_turn_is_met_by_one_face_within_four_degrees() -> None:
    assert outcome(25, 21.1).is_met
    assert outcome(-25, -28.9).is_met
    assert not outcome(25, 20.9).is_met
    assert not outcome(-25, 25).is_met
    assert not outcome(faces=2).is_met
    assert not outcome(fitted=None, faces=0).is_met


def test_a_background_is_what_no_hair_reaches(source: Source) -> None:
    assert unchanged(source, source.image) == 1
    head = source.image.copy()
    head[90:230, 80:200] = 0
    assert unchanged(source, head) == 1
    corner = source.image.copy()
    corner[20:24, 10:266] ^= 255  # the crop's first rows, at whose corners there is background
    assert 0.5 < unchanged(source, corner) < 1
    assert unchanged(source, 255 - source.image) == 0


def test_the_table_counts_turns_to_both_sides_alike() -> None:
    result = TurnsResult([outcome(25, 22), outcome(-25, -22), outcome(25, None, 0)], [outcome(0, -3), outcome(0, 5)])
    rows = {row[0]: row[1:] for row in turns_table(result).rows}
    assert rows["turned by ±25°"][0] == "2 of 3"
    assert rows["turned by ±25°"][3].startswith("22.00")
    assert rows["turned by ±25°"][4] == "2 of 3"
    assert rows["from the side to 0°: degrees off"][3].startswith("4.00")
    assert rows["the same, with their sign"][3].startswith("1.00")
    assert rows["the same, with their sign"][4] == "1 of 2"
