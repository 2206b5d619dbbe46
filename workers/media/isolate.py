"""Decoding in a child process that can be killed: a hostile file costs one child, not the worker.

The child speaks plain bytes (JSON and arrays), never pickles, so that it cannot talk its parent into running code.
"""

import json
import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

import models.errors
import workers.contract.errors
from models.coefficients.sound_reference import SoundReference
from models.errors import PortraitError
from models.video import VideoInfo
from workers.contract.errors import DamagedMediaError, ServiceError
from workers.media.audio_file import AudioInfo
from workers.media.child import READY, PipeItem, serve
from workers.media.sound import RATE

# A fork would copy the parent's CUDA context and threads; a spawned child starts clean.
_CONTEXT = multiprocessing.get_context("spawn")
_POLL_S = 0.05  # how soon a stopped job is noticed
_START_S = 60.0  # Python and its imports, on a busy machine


@dataclass(frozen=True)
class DecodedFrame:
    """One decoded frame of a video: uint8 [H, W, 3] sRGB, upright; its time and what decoding it took, in seconds."""

    time: float
    pixels: NDArray[np.uint8]
    decode_s: float


class Decoder:
    """Decodes media in one warm child process; starts another whenever that one had to be killed.

    The child starts in the background; `warm_up` waits for it. It does one thing at a time: an iterator that it
    feeds is read to its end, or closed, before the next call.

    Every method raises DamagedMediaError when the child runs out of time or memory, or dies: the file made it do so.

    Args:
        max_pixels: most pixels accepted of a picture.
        max_video_pixels: most pixels accepted of a video's frame.
        timeout_s: seconds a picture, or one frame, may take.
        memory_bytes: address space of the child.
    """

    def __init__(self, *, max_pixels: int, max_video_pixels: int, timeout_s: float, memory_bytes: int) -> None:
        self._max_pixels, self._max_video_pixels = max_pixels, max_video_pixels
        self._timeout_s, self._memory_bytes = timeout_s, memory_bytes
        self._lock = threading.Lock()
        self._pipe: Connection | None = None
        self._child: BaseProcess | None = None
        self._is_ready = False
        self._check: Callable[[], None] = _go_on
        self._start()

    def picture(self, data: bytes) -> NDArray[np.uint8]:
        """Decode a picture file. Returns uint8 [H, W, 3 or 4] sRGB; raises as `decode_picture` does."""
        [(_, pixels)] = self._items({"task": "picture", "max_pixels": self._max_pixels}, data)
        return cast("NDArray[np.uint8]", pixels)

    def motion(
        self, data: bytes, space: str, max_frames: int
    ) -> tuple[NDArray[np.float64], float | None, NDArray[np.float32], SoundReference | None]:
        """Read a document of coefficients.

        Returns:
            Times [T], frames a second (None for a still), coefficients [T, C], and where its sound is, if it has one.

        Raises:
            MotionError: as `read_motion` does.
            TooManyFramesError: more frames than `max_frames`.
        """
        [(facts, times), (_, coefficients)] = self._items(
            {"task": "motion", "space": space, "max_frames": max_frames}, data
        )
        return cast(Any, times), facts["fps"], cast(Any, coefficients), SoundReference.read(facts["sound"])

    def probe(self, video: Path) -> VideoInfo:
        """What a video says about itself. Raises VideoError as `models.video.probe` does."""
        [(facts, _)] = self._items({"task": "probe", "path": str(video)})
        del facts["seconds_taken"]
        return VideoInfo(**facts)

    def frames(self, video: Path) -> Iterator[DecodedFrame]:
        """The frames of a video, one at a time. Closing the iterator before its end costs the child.

        Raises:
            VideoError: as `models.video.read_frames` does.
            VideoTooLargeError: a frame, be it the first or a later one, has more pixels than are accepted.
        """
        request = {"task": "frames", "path": str(video), "max_pixels": self._max_video_pixels}
        for facts, pixels in self._items(request):
            yield DecodedFrame(facts["time"], cast("NDArray[np.uint8]", pixels), facts["seconds_taken"])

    def sound(
        self, video: Path, seconds: float, *, rate: int = RATE, offset_s: float = 0.0
    ) -> Iterator[NDArray[np.int16]]:
        """The sound of a video, a stretch at a time, as `read_sound` gives it. Closing it early costs the child."""
        request = {"task": "sound", "path": str(video), "seconds": seconds, "rate": rate, "offset_s": offset_s}
        for _, samples in self._items(request):
            yield cast("NDArray[np.int16]", samples)

    def probe_audio(self, path: Path) -> AudioInfo:
        """What an audio file holds. Raises AudioError and NoAudioError as `media.audio_file.probe_audio` does."""
        [(facts, _)] = self._items({"task": "probe_audio", "path": str(path)})
        del facts["seconds_taken"]
        return AudioInfo(**facts)

    def audio(
        self, path: Path, seconds: float, *, rate: int = RATE, mono: bool = False, offset_s: float = 0.0
    ) -> Iterator[NDArray[np.int16]]:
        """The samples of an audio file, a stretch at a time, as `read_audio` gives them. Raises AudioError.

        Closing it early costs the child.
        """
        request = {
            "task": "audio",
            "path": str(path),
            "seconds": seconds,
            "rate": rate,
            "mono": mono,
            "offset_s": offset_s,
        }
        for _, samples in self._items(request):
            yield cast("NDArray[np.int16]", samples)

    @contextmanager
    def interrupted_by(self, check: Callable[[], None]) -> Iterator[None]:
        """Inside, `check` is called while the child is waited for, whoever waits; what it raises ends the waiting."""
        self._check = check
        try:
            yield
        finally:
            self._check = _go_on

    def warm_up(self) -> None:
        """Wait until the child can decode. Raises RuntimeError when it does not come up."""
        with self._lock:
            self._ready_child()

    def close(self) -> None:
        """Stop the child."""
        with self._lock:
            self._stop()

    def _items(self, request: dict[str, Any], data: bytes | None = None) -> Iterator[PipeItem]:
        with self._lock:
            pipe, child = self._ready_child()
            ended = False
            try:
                self._send(pipe, child, request, data)
                while True:
                    facts, array = self._receive(pipe, child)
                    if ended := "end" in facts or "error" in facts:
                        break
                    yield facts, array
            except (EOFError, OSError, ValueError) as error:
                raise DamagedMediaError(
                    "Decoding the file took too much time or memory; scale it down or save it again."
                ) from error
            finally:
                if not ended:  # it may be in the middle of a message, or of a decoder that never returns
                    self._start()
        if "error" in facts:
            raise _rebuild(facts["error"], facts["detail"])

    def _send(self, pipe: Connection, child: BaseProcess, request: dict[str, Any], data: bytes | None) -> None:
        with self._limited(child):
            pipe.send_bytes(json.dumps(request).encode())
            if data is not None:
                pipe.send_bytes(data)

    def _receive(self, pipe: Connection, child: BaseProcess) -> PipeItem:
        with self._limited(child):
            facts = json.loads(pipe.recv_bytes())
            if "shape" not in facts:
                return facts, None
            array = np.empty(facts.pop("shape"), np.dtype(facts.pop("dtype")))
            pipe.recv_bytes_into(array.reshape(-1).view(np.uint8).data)
            return facts, array

    def _limited(self, child: BaseProcess) -> "_ChildWatch":
        return _ChildWatch(child, self._timeout_s, self._check)

    def _ready_child(self) -> tuple[Connection, BaseProcess]:
        if self._child is None or not self._child.is_alive():
            self._start()
        assert self._pipe is not None
        assert self._child is not None
        if not self._is_ready:
            try:
                self._is_ready = self._started(self._pipe) and self._pipe.recv_bytes() == READY
            except (EOFError, OSError):
                self._is_ready = False
        if not self._is_ready:
            self._stop()
            raise RuntimeError("The decoder process does not start; PORTRAIT_DECODE_MEMORY_BYTES may be too small.")
        return self._pipe, self._child

    def _started(self, pipe: Connection) -> bool:
        deadline = time.monotonic() + _START_S
        while not pipe.poll(_POLL_S):
            self._check()
            if time.monotonic() > deadline:
                return False
        return True

    def _start(self) -> None:
        self._stop()
        self._pipe, theirs = _CONTEXT.Pipe()
        self._child = _CONTEXT.Process(target=serve, args=(theirs, self._memory_bytes), name="decoder", daemon=True)
        with _apart():
            self._child.start()
        theirs.close()

    def _stop(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._child is not None:
            self._child.kill()
            self._child.join()
        self._pipe, self._child, self._is_ready = None, None, False


@contextmanager
def _apart() -> Iterator[None]:
    """A child that is started inside neither runs this program's main module again nor hears of Ctrl-C.

    It needs nothing of that module, and a script without `if __name__ == "__main__"` would start children without end.
    When it is to end, its parent says so.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        sys.modules["__main__"] = main


def _go_on() -> None:
    """There is no reason to stop."""


class _ChildWatch:
    """Kills the child after a while, or when `check` says to stop: this also ends a read or write that it blocks."""

    def __init__(self, child: BaseProcess, seconds: float, check: Callable[[], None]) -> None:
        self._child, self._seconds, self._check = child, seconds, check
        self._done = threading.Event()
        self._reason: BaseException | None = None

    def __enter__(self) -> None:
        self._check()
        threading.Thread(target=self._run, name="decoder-watch", daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._reason is not None:
            raise self._reason

    def _run(self) -> None:
        deadline = time.monotonic() + self._seconds
        while not self._done.wait(_POLL_S):
            try:
                self._check()
            except BaseException as reason:  # noqa: BLE001 - raised again where it can be handled
                self._reason = reason
            if self._reason is not None or time.monotonic() > deadline:
                self._child.kill()
                return


def _rebuild(name: str, detail: str) -> ServiceError | PortraitError:
    for module in (workers.contract.errors, models.errors):
        kind = getattr(module, name, None)
        if isinstance(kind, type) and issubclass(kind, ServiceError | PortraitError):
            return kind(detail)
    return DamagedMediaError(detail)
