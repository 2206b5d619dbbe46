"""Decoding in a child process that can be killed: a hostile file costs one child, not the worker.

The child speaks plain bytes (JSON and pixels), never pickles, so that it cannot talk its parent into running code.
"""

import io
import json
import multiprocessing
import resource
import signal
import threading
import warnings
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import numpy as np
from numpy.typing import NDArray

from workers.contract import errors
from workers.contract.errors import DamagedMediaError, ServiceError
from workers.media.picture import decode_picture

# A fork would copy the parent's CUDA context and threads; a spawned child starts clean.
_CONTEXT = multiprocessing.get_context("spawn")
_START_S = 60.0  # Python and its imports, on a busy machine
_READY = b"ready"


class Decoder:
    """Decodes pictures in one warm child process; starts another whenever that one had to be killed.

    The child starts in the background; `warm_up` waits for it.

    Args:
        max_pixels: most pixels accepted.
        timeout_s: seconds a picture may take.
        memory_bytes: address space of the child.
    """

    def __init__(self, *, max_pixels: int, timeout_s: float, memory_bytes: int) -> None:
        self._arguments = (max_pixels, memory_bytes)
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._pipe: Connection | None = None
        self._child: BaseProcess | None = None
        self._is_ready = False
        self._start()

    def picture(self, data: bytes) -> NDArray[np.uint8]:
        """Decode a picture file. Returns uint8 [H, W, 3] sRGB; raises as `decode_picture` does.

        A child that runs out of time or memory, or dies, raises DamagedMediaError as well: the file made it do so.
        """
        with self._lock:
            pipe, child = self._ready_child()
            # Killing the child also ends a read or write that it blocks.
            watch = threading.Timer(self._timeout_s, child.kill)
            watch.start()
            try:
                pipe.send_bytes(data)
                answer = json.loads(pipe.recv_bytes())
                if "shape" in answer:
                    pixels = np.empty(answer["shape"], np.uint8)
                    pipe.recv_bytes_into(pixels.reshape(-1).data)
                    return pixels
            except (EOFError, OSError, ValueError) as error:
                self._stop()
                raise DamagedMediaError(
                    "Decoding the picture took too much time or memory; scale it down or save it again."
                ) from error
            finally:
                watch.cancel()
        raise _rebuild(answer["error"], answer["detail"])

    def warm_up(self) -> None:
        """Wait until the child can decode. Raises RuntimeError when it does not come up."""
        with self._lock:
            self._ready_child()

    def close(self) -> None:
        """Stop the child."""
        with self._lock:
            self._stop()

    def _ready_child(self) -> tuple[Connection, BaseProcess]:
        if self._child is None or not self._child.is_alive():
            self._start()
        assert self._pipe is not None
        assert self._child is not None
        if not self._is_ready:
            try:
                self._is_ready = self._pipe.poll(_START_S) and self._pipe.recv_bytes() == _READY
            except (EOFError, OSError):
                self._is_ready = False
        if not self._is_ready:
            self._stop()
            raise RuntimeError("The decoder process does not start; PORTRAIT_DECODE_MEMORY_BYTES may be too small.")
        return self._pipe, self._child

    def _start(self) -> None:
        self._stop()
        self._pipe, theirs = _CONTEXT.Pipe()
        self._child = _CONTEXT.Process(target=_serve, args=(theirs, *self._arguments), name="decoder", daemon=True)
        self._child.start()
        theirs.close()

    def _stop(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._child is not None:
            self._child.kill()
            self._child.join()
        self._pipe, self._child, self._is_ready = None, None, False


def _rebuild(name: str, detail: str) -> ServiceError:
    kind = getattr(errors, name, DamagedMediaError)
    return kind(detail) if issubclass(kind, ServiceError) else DamagedMediaError(detail)


def _serve(pipe: Connection, max_pixels: int, memory_bytes: int) -> None:
    # Ctrl-C reaches the whole terminal group; the parent decides when its child goes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")  # what Pillow thinks of a client's file is nothing for the log
    pipe.send_bytes(_READY)
    while True:
        try:
            data = pipe.recv_bytes()
        except (EOFError, OSError):
            return  # the parent is gone
        try:
            pixels = decode_picture(io.BytesIO(data), max_pixels)
        except ServiceError as error:
            pipe.send_bytes(json.dumps({"error": type(error).__name__, "detail": str(error)}).encode())
        except MemoryError:
            return  # the state of the heap is anyone's guess; the parent starts another child
        else:
            pipe.send_bytes(json.dumps({"shape": pixels.shape}).encode())
            pipe.send_bytes(pixels.reshape(-1).data)
