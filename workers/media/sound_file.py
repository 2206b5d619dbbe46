"""Sound that waits on disk, so that its decoder is free for the frames of another video meanwhile."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_READ = 48_000  # samples at a time


def through_file(stretches: Iterable[NDArray[np.int16]], path: Path) -> Iterator[NDArray[np.int16]]:
    """Write stretches of int16 [samples, channels] to a file, all of them, now; read them about a second at a time.

    A minute of stereo is 11.5 MB.
    """
    channels = 0
    with path.open("wb") as file:
        for samples in stretches:
            channels = samples.shape[1]
            file.write(np.ascontiguousarray(samples).data)
    return _read(path, channels) if channels else iter(())


def _read(path: Path, channels: int) -> Iterator[NDArray[np.int16]]:
    with path.open("rb") as file:
        while data := file.read(_READ * channels * np.dtype(np.int16).itemsize):
            yield np.frombuffer(data, np.int16).reshape(-1, channels)
