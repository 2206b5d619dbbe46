"""The child process that meets untrusted media: reads requests from its parent's pipe and answers with plain bytes.

A request is JSON, and for some tasks the file's bytes after it. An answer is any number of items, each JSON and, where
that has a shape, an array's bytes after it; then either {"end": true} or {"error": …}. The pipe is the bound: the child
decodes one item ahead and waits until the parent has taken it.
"""

import io
import json
import multiprocessing
import os
import resource
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import PortraitError
from workers.contract.errors import ServiceError
from workers.media.frame_count import check_frame_count
from workers.media.picture import decode_picture
from workers.media.video_size import check_video_size

READY = b"ready"

PipeItem = tuple[dict[str, Any], NDArray[Any] | None]


def serve(pipe: Connection, memory_bytes: int) -> None:
    """Answer requests until the parent goes; out of memory, go first."""
    # Ctrl-C reaches the whole terminal group; the parent decides when its child goes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent's end", daemon=True).start()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")  # what a decoder thinks of a client's file is nothing for the log
    try:
        pipe.send_bytes(READY)
        while True:
            _answer(pipe, json.loads(pipe.recv_bytes()))
    except (EOFError, OSError):
        pass  # the parent is gone
    except MemoryError:
        pass  # the state of the heap is anyone's guess; the parent starts another child


def _end_with_parent() -> None:
    """End this process in the middle of whatever it decodes: nobody is left to take it, or to stop it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _answer(pipe: Connection, request: dict[str, Any]) -> None:
    items = _TASKS[request.pop("task")](pipe, **request)
    ending: dict[str, Any] = {"end": True}
    while True:
        began = time.perf_counter()
        try:
            item = next(items, None)
        except (ServiceError, PortraitError) as error:
            ending, item = {"error": type(error).__name__, "detail": str(error)}, None
        if item is None:
            pipe.send_bytes(json.dumps(ending).encode())
            return
        facts, array = item
        shape = {} if array is None else {"shape": array.shape, "dtype": array.dtype.str}
        pipe.send_bytes(json.dumps({**facts, **shape, "seconds_taken": time.perf_counter() - began}).encode())
        if array is not None:
            pipe.send_bytes(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _picture(pipe: Connection, max_pixels: int) -> Iterator[PipeItem]:
    yield {}, decode_picture(io.BytesIO(pipe.recv_bytes()), max_pixels)


def _motion(pipe: Connection, space: str, max_frames: int) -> Iterator[PipeItem]:
    from models.coefficients import space as space_named
    from models.coefficients.document import read_motion

    motion = read_motion(pipe.recv_bytes(), space_named(space), partial(check_frame_count, max_frames))
    sound = None if motion.sound is None else motion.sound.document()
    yield {"fps": motion.fps, "sound": sound}, motion.times
    yield {}, motion.coefficients


def _probe(_: Connection, path: str) -> Iterator[PipeItem]:
    from models.video import probe

    yield asdict(probe(Path(path))), None


def _frames(_: Connection, path: str, max_pixels: int) -> Iterator[PipeItem]:
    from models.video import read_frames

    for seconds, frame in read_frames(Path(path), partial(check_video_size, max_pixels)):
        yield {"time": seconds}, frame


def _sound(_: Connection, path: str, seconds: float, rate: int, offset_s: float) -> Iterator[PipeItem]:
    from workers.media.sound import read_sound

    for samples in read_sound(Path(path), seconds, rate, offset_s):
        yield {}, samples


def _probe_audio(_: Connection, path: str) -> Iterator[PipeItem]:
    from workers.media.audio_file import probe_audio

    yield asdict(probe_audio(Path(path))), None


def _audio(_: Connection, path: str, seconds: float, rate: int, mono: bool, offset_s: float) -> Iterator[PipeItem]:
    from workers.media.audio_file import read_audio

    for samples in read_audio(Path(path), seconds, rate, mono, offset_s):
        yield {}, samples


_TASKS: dict[str, Callable[..., Iterator[PipeItem]]] = {
    "picture": _picture,
    "motion": _motion,
    "probe": _probe,
    "frames": _frames,
    "sound": _sound,
    "probe_audio": _probe_audio,
    "audio": _audio,
}
