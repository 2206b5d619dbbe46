"""Sound that waits on disk."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from workers.media.sound import RATE
from workers.media.sound_file import through_file


@pytest.mark.parametrize("channels", [1, 2])
def test_what_went_in_comes_out_in_stretches(tmp_path: Path, channels: int) -> None:
    samples = np.random.default_rng(0).integers(-9999, 9999, (RATE * 2 + 17, channels)).astype(np.int16)
    decoded = []

    def stretches() -> Iterator[np.ndarray]:
        for start in range(0, len(samples), 1000):
            decoded.append(start)
            yield samples[start : start + 1000]

    read = through_file(stretches(), tmp_path / "sound")
    assert decoded[-1] == len(samples) // 1000 * 1000, "decoded to its end before anything is read"
    parts = list(read)
    assert max(len(part) for part in parts) == RATE
    assert np.array_equal(np.concatenate(parts), samples)


def test_silence_stays_nothing(tmp_path: Path) -> None:
    assert list(through_file(iter(()), tmp_path / "sound")) == []
