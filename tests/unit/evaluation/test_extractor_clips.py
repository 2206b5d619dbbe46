"""Speech and stills, read by an extractor whose answers are known."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from evaluation.extractor_clips import STILL_FRAMES, channel_correlation, tremor
from models.coefficients import ARKIT
from models.errors import NoFaceError
from models.extractor import Extraction, Extractor, Face

JAW, BLINK = ARKIT.index["jawOpen"], ARKIT.index["eyeBlinkLeft"]


class StandInExtractor:
    """Sees a face in the middle of every picture; every other time its jaw is open by `slip`."""

    def __init__(self, slip: float) -> None:
        self._slip, self._looks = slip, 0

    def detect(self, image: np.ndarray) -> list[Face]:
        return [Face((16, 16, 48, 48), 0.9, np.zeros((5, 2), np.float32))] if image.mean() > 10 else []

    def extract(self, crop: np.ndarray) -> Extraction:
        coefficients = np.zeros(ARKIT.size, np.float32)
        self._looks += 1
        coefficients[JAW] = self._slip * (self._looks % 2)
        corners = np.resize(np.array([[0.25, 0.25], [0.75, 0.75]], np.float32), (478, 2))
        return Extraction(coefficients, corners, np.float32(0.9))


def test_a_still_read_alike_in_every_frame_does_not_tremble() -> None:
    picture = np.full((64, 64, 3), 128, np.uint8)
    still, nervous = (tremor(cast(Extractor, StandInExtractor(slip)), picture) for slip in (0.0, 0.1))
    assert still == {"expression": 0.0, "mean expression": 0.0, "pose": 0.0}
    assert nervous["expression"] == pytest.approx(0.05, rel=0.1)
    assert nervous["mean expression"] == pytest.approx(nervous["expression"] / 53)


def test_a_still_without_a_face_is_not_measured() -> None:
    with pytest.raises(NoFaceError, match=f"0 of {STILL_FRAMES}"):
        tremor(cast(Extractor, StandInExtractor(0.0)), np.zeros((64, 64, 3), np.uint8))


def test_channels_that_move_are_correlated() -> None:
    wanted, read = np.zeros((50, 53), np.float32), np.zeros((50, 53), np.float32)
    wanted[:, JAW] = np.sin(np.arange(50)) ** 2
    read[:, JAW] = 0.1 * wanted[:, JAW] + 0.3
    wanted[:, BLINK] = 0.01 * wanted[:, JAW]
    assert channel_correlation(wanted, read) == {"jawOpen": pytest.approx(1)}  # no blink in the clip
    wanted[20:24, BLINK] = 1
    assert channel_correlation(wanted, read)["eyeBlinkLeft"] == 0  # and none was seen
