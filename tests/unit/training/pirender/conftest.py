from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.clip_store import Clip, ClipStoreWriter
from models.coefficients import ARKIT, BFM, CoefficientSpace

MAP_BYTES = 64 << 20


def picture(person: int, shift: int) -> np.ndarray:
    """A smooth picture of its own for every person, moved to the right."""
    coarse = np.random.default_rng(person).integers(0, 256, (6, 6, 3), np.uint8)
    return np.roll(cv2.resize(coarse, (256, 256), interpolation=cv2.INTER_CUBIC), shift, axis=1)


def write_store(path: Path, space: CoefficientSpace, clips: int = 3, frames: int = 5) -> Path:
    """Clips whose pictures move with x, one of their coefficients."""
    writer = ClipStoreWriter(path, space.name, MAP_BYTES)
    for number in range(clips):
        motion = np.zeros((frames, space.size), np.float32)
        motion[:, -3] = np.arange(frames) * 0.02
        motion[:, 0] = number / 10
        pictures = [cv2.imencode(".jpg", picture(number, 5 * frame)[..., ::-1])[1].tobytes() for frame in range(frames)]
        clip = Clip(f"c{number}", f"person{number % 2}", f"v{number}.mp4", frames, 25.0, (10, 20, 256))
        writer.add(clip.video, "1 clips", [(clip, pictures, motion)])
    writer.close()
    return path


@pytest.fixture(scope="session")
def bfm_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared clips of the bfm space."""
    return write_store(tmp_path_factory.mktemp("clips") / "bfm.lmdb", BFM)


@pytest.fixture(scope="session")
def arkit_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared clips of the arkit space."""
    return write_store(tmp_path_factory.mktemp("clips") / "arkit.lmdb", ARKIT)
