"""Recordings of nobody: a jaw that opens with the loudness of a tone, silence before and after."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.speech.recordings import RecordedClip
from models.audio.features import FRAME
from models.coefficients import ARKIT

FRAMES = 75


def tone_of(jaw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    loud = np.interp(np.arange(len(jaw) * FRAME) / FRAME, np.arange(len(jaw)), jaw)
    carrier = np.sin(2 * np.pi * rng.uniform(200, 900) * np.arange(len(loud)) / 16_000)
    return (loud * carrier + 1e-4 * rng.standard_normal(len(loud))).astype(np.float32)


@pytest.fixture(scope="session")
def recordings() -> list[RecordedClip]:
    rng = np.random.default_rng(0)
    time = np.arange(FRAMES)
    made = []
    for number in range(8):
        jaw = 0.25 * (1 - np.cos(time * rng.uniform(0.7, 1.2))) * ((time > 20) & (time < 55))
        motion = np.zeros((FRAMES, 59), np.float32)
        motion[:, ARKIT.index["jawOpen"]] = 0.1 + jaw
        motion[:, 53:56] = 0.02 * np.sin(time * 0.1 + number)[:, None] + 0.1
        made.append(RecordedClip(f"clip{number}", motion, tone_of(jaw, rng), (0.84, 2.2)))
    return made
