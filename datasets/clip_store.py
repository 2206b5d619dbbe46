"""Prepared clips in one LMDB: fixed squares of 256² as JPEG, and every frame's coefficients.

LMDB rather than tar shards: a training pair is two random frames of a random clip, which a shard could give only after
reading past everything else in it. Of the two libraries, `lmdb` has no dependencies, wheels for every Python that this
project runs on, and steady releases.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import TrainingDataError

SPARSE_BYTES = 1 << 40
"""Room that the database may grow into; the file takes only what it holds."""


@dataclass(frozen=True)
class Clip:
    """A face in one fixed square.

    Attributes:
        name: unique in the store.
        person: clips of one person share it.
        video: the file that it was cut from, relative to the folder of videos.
        frames: how many.
        fps: frames a second.
        square: x, y and side in pixels of the video.
    """

    name: str
    person: str
    video: str
    frames: int
    fps: float
    square: tuple[int, int, int]


class ClipStore:
    """Reads prepared clips. Any number of stores may read one file, in any process: nothing is open between reads."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise TrainingDataError(f"{path} does not exist: make it with python -m training.pirender prepare")
        self._path = path
        with self._reading() as read:
            about = read.get(b"about")
            if about is None:
                raise TrainingDataError(f"{path} is no store of clips: make it with the command prepare")
            self.space: str = json.loads(about)["space"]
            self.clips = [Clip(**_squared(json.loads(text))) for _, text in _entries(read, b"clip/")]

    def frame(self, clip: Clip, index: int) -> NDArray[np.uint8]:
        """One frame, uint8 [256, 256, 3] RGB."""
        with self._reading() as read:
            data = read.get(_frame_key(clip.name, index))
        picture = None if data is None else cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise TrainingDataError(f"{self._path} lacks frame {index} of {clip.name}: prepare it again")
        return np.ascontiguousarray(picture[..., ::-1], np.uint8)

    def coefficients(self, clip: Clip) -> NDArray[np.float32]:
        """The clip's motion [frames, C] in the store's space."""
        with self._reading() as read:
            data = read.get(f"coefficients/{clip.name}".encode())
        if data is None:
            raise TrainingDataError(f"{self._path} lacks the coefficients of {clip.name}: prepare it again")
        return np.frombuffer(data, np.float32).reshape(clip.frames, -1).copy()  # writable, as torch wants it

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        # LMDB refuses a file that its own process has open already, and an open one does not survive a fork. Mapping
        # the file for every read costs some 50 µs, a hundredth of what decoding a frame takes.
        opened = lmdb().open(str(self._path), subdir=False, readonly=True, lock=False, readahead=False)
        with opened, opened.begin() as read:
            yield read


class ClipStoreWriter:
    """Adds videos to a store, each with all its clips in one transaction: an interruption leaves whole videos."""

    def __init__(self, path: Path, space: str, map_bytes: int = SPARSE_BYTES) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._environment = lmdb().open(str(path), subdir=False, map_size=map_bytes, readahead=False)
        about = json.dumps({"space": space}).encode()
        with self._environment.begin(write=True) as write:
            known = write.get(b"about")
            if known is None:
                write.put(b"about", about)
            elif known != about:
                raise TrainingDataError(
                    f"{path} holds coefficients of the space {json.loads(known)['space']}, the bundle reads {space}: "
                    "choose another --out"
                )

    def done(self) -> dict[str, str]:
        """Videos that were prepared, and what became of them."""
        with self._environment.begin() as read:
            return {key.decode().removeprefix("done/"): text.decode() for key, text in _entries(read, b"done/")}

    def add(
        self,
        video: str,
        outcome: str,
        clips: Sequence[tuple[Clip, Sequence[bytes], NDArray[np.float32]]],
    ) -> None:
        """A finished video: each clip with its JPEG frames and coefficients [frames, C]."""
        with self._environment.begin(write=True) as write:
            for clip, frames, motion in clips:
                for index, data in enumerate(frames):
                    write.put(_frame_key(clip.name, index), data)
                write.put(f"coefficients/{clip.name}".encode(), np.ascontiguousarray(motion, np.float32).tobytes())
                write.put(f"clip/{clip.name}".encode(), json.dumps(asdict(clip)).encode())
            write.put(f"done/{video}".encode(), outcome.encode())

    def close(self) -> None:
        """Finish the file."""
        self._environment.close()


def lmdb() -> ModuleType:
    """The binding, which only this road needs. Raises TrainingDataError, which names the extra."""
    try:
        import lmdb as module
    except ImportError as error:
        raise TrainingDataError("lmdb is not installed: pip install 'pirenderer-service[pirender]'") from error
    return module


def _entries(read: Any, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    cursor = read.cursor()
    if cursor.set_range(prefix):
        for key, value in cursor:
            if not key.startswith(prefix):
                return
            yield key, value


def _frame_key(name: str, index: int) -> bytes:
    return f"frame/{name}/{index:06d}".encode()


def _squared(entry: Mapping[str, Any]) -> dict[str, Any]:
    return dict(entry) | {"square": tuple(entry["square"])}
