"""What computes the renderer: PyTorch as it is, or on a CPU, where it can be, a graph that OpenVINO has compiled.

OpenVINO computes in bfloat16 where the processor has instructions for it, else in float32.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.renderer.compiled_graph import CompiledGraph
from models.renderer.pirenderer import PIRenderer, Rendering

Engine = Callable[[Tensor, Tensor], Rendering]
"""Pictures [N, 3, H, W] and descriptors [N, channels, window] to a `Rendering`, as `PIRenderer` does; so it is one."""


class CompiledEngine:
    """A renderer compiled for this machine's CPU, a frame at a time: equal frames come out equal in any batch.

    Any thread may call it; calls take turns.

    Args:
        renderer: on the CPU, in evaluation.
        threads: CPU threads of one call.
        folder: where to keep what is compiled; None for nowhere.

    Raises:
        ImportError: OpenVINO is not installed.
    """

    def __init__(self, renderer: PIRenderer, threads: int, folder: Path | None = None) -> None:
        self._graph = CompiledGraph(renderer, folder)
        self._lock = threading.Lock()
        self._threads = 0
        self.use_threads(threads)

    @property
    def precision(self) -> str:
        """What this machine's processor computes in: bfloat16 or float32."""
        kind = self._request.get_compiled_model().get_property("INFERENCE_PRECISION_HINT").get_type_name()
        return {"bf16": "bfloat16", "f16": "float16"}.get(kind, "float32")

    def use_threads(self, count: int) -> None:
        """Compute with another number of threads from the next call on; a change takes about a second."""
        with self._lock:
            if count != self._threads:
                self._threads, self._request = count, self._graph.request(count)

    def __call__(self, source: Tensor, descriptor: Tensor) -> Rendering:
        """As `PIRenderer.forward`."""
        pictures, descriptors = source.numpy(), descriptor.numpy()
        with self._lock:
            frames = [self._frame(*row) for row in zip(pictures, descriptors, strict=True)]
        return Rendering(*(torch.from_numpy(np.stack(parts)) for parts in zip(*frames, strict=True)))

    def _frame(self, picture: NDArray[np.float32], descriptor: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        made = self._request.infer({0: picture[None], 1: descriptor[None]})
        return [made[place][0].copy() for place in range(3)]  # the next frame is computed into the same memory


def fastest(renderer: PIRenderer, device: torch.device, threads: int, folder: Path | None = None) -> Engine:
    """The best engine that is installed for a device; without OpenVINO, and on GPUs, the renderer itself.

    Args:
        folder: as of `CompiledEngine`.
    """
    if device.type != "cpu":
        return renderer
    try:
        return CompiledEngine(renderer, threads, folder)
    except ImportError:
        return renderer
