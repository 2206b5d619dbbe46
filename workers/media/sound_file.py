"""Sound on disk: where it waits while its decoder is busy with the frames of another video, or where it is kept."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from workers.media.sound import Sound
from workers.media.sound_track import SoundTrack

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


def write_flac(path: Path, sound: Sound, seconds: float) -> bool:
    """Write the first seconds of a sound as FLAC, which loses nothing.

    Returns:
        False where it has no sample; then there is no file.
    """
    with av.open(str(path), "w", format="flac") as container:
        track = SoundTrack.opened(container, "flac", sound)
        if track is not None:
            track.write_until(seconds)
            track.finish()
    if track is None:
        path.unlink(missing_ok=True)
    return track is not None
