"""What computes the renderer: PyTorch as it is, or on a CPU, where it can be, a graph that OpenVINO has compiled.

OpenVINO computes in bfloat16 where the processor has instructions for it, else in float32.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.renderer.pirenderer import PIRenderer, Rendering

Engine = Callable[[Tensor, Tensor], Rendering]
"""Pictures [N, 3, H, W] and descriptors [N, channels, window] to a `Rendering`, as `PIRenderer` does; so it is one."""


class CompiledEngine:
    """A renderer compiled for this machine's CPU, a frame at a time: equal frames come out equal in any batch.

    Any thread may call it; calls take turns.

    Args:
        renderer: on the CPU, in evaluation.
        threads: CPU threads of one call.

    Raises:
        ImportError: OpenVINO is not installed.
    """

    def __init__(self, renderer: PIRenderer, threads: int) -> None:
        self._graph, self._decoder = _graph(renderer)
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
                self._threads, self._request = count, _compiled(self._graph, count)

    def __call__(self, source: Tensor, descriptor: Tensor) -> Rendering:
        """As `PIRenderer.forward`."""
        pictures, descriptors = source.numpy(), descriptor.numpy()
        with self._lock:
            frames = [self._frame(*row) for row in zip(pictures, descriptors, strict=True)]
        return Rendering(*(torch.from_numpy(np.stack(parts)) for parts in zip(*frames, strict=True)))

    def _frame(self, picture: NDArray[np.float32], descriptor: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        made = self._request.infer({0: picture[None], 1: descriptor[None]})
        return [made[place][0].copy() for place in range(3)]  # the next frame is computed into the same memory


def fastest(renderer: PIRenderer, device: torch.device, threads: int) -> Engine:
    """The best engine that is installed for a device; without OpenVINO, and on GPUs, the renderer itself."""
    if device.type != "cpu":
        return renderer
    try:
        return CompiledEngine(renderer, threads)
    except ImportError:
        return renderer


class _Parts(nn.Module):
    """A renderer with a tuple as its result, which tracing wants."""

    def __init__(self, renderer: PIRenderer) -> None:
        super().__init__()
        self.renderer = renderer

    def forward(self, source: Tensor, descriptor: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        made = self.renderer(source, descriptor)
        return made.flow, made.warped, made.image


def _graph(renderer: PIRenderer) -> tuple[Any, Any]:
    """The renderer of one frame as an OpenVINO model, and what has to live as long: weights may be its own."""
    # Imported with OpenVINO, and used by tools of its that are not called here; nobody is to be called.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    preset = renderer.preset
    frame = (
        torch.zeros(1, 3, preset.image_size, preset.image_size),
        torch.zeros(1, preset.mapping.channels, preset.mapping.window),
    )
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that shapes become constants: every frame has the same
        traced = torch.jit.freeze(torch.jit.trace(_Parts(renderer).eval(), frame, check_trace=False))
        frontend = FrontEndManager().load_by_framework("pytorch")
        decoder = TorchScriptPythonDecoder(traced, example_input=frame)
        model = frontend.load(decoder)
        for place, example in zip(model.get_inputs(), frame, strict=True):
            model.set_element_type(place, openvino.Type.f32)
            model.set_partial_shape(place, openvino.PartialShape(list(example.shape)))
        return frontend.convert(model), decoder


@cache
def _core() -> Any:
    """OpenVINO itself, once for the life of the process.

    Each one sets the stack that signals are handled on, and at its end sets the one that was there before. Of two whose
    lives overlap the last would set one that is gone, and the next signal would end the process.
    """
    import openvino

    return openvino.Core()


def _compiled(graph: Any, threads: int) -> Any:
    options = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,  # workers that know nothing of each other would choose the same cores
    }
    return _core().compile_model(graph, "CPU", options).create_infer_request()
