"""The renderer as a graph that OpenVINO has compiled for this machine, kept on disk from one start to the next.

To make the graph from PyTorch and to compile it costs a start some seconds and 100 MB. Both come out the same every
time, so they are kept in a folder whose name says what they were made of.
"""

from __future__ import annotations

import hashlib
import logging
import platform
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.renderer.pirenderer import PIRenderer

log = logging.getLogger(__name__)

_FILE = "renderer.xml"


class CompiledGraph:
    """A renderer of one frame, compiled for any number of threads.

    Args:
        renderer: on the CPU, in evaluation.
        folder: where to keep it; None for nowhere. One that cannot be written to is as good as none.

    Raises:
        ImportError: OpenVINO is not installed.
    """

    def __init__(self, renderer: PIRenderer, folder: Path | None = None) -> None:
        _core()  # before anything is written
        self._kept = _kept(renderer, folder)
        self._graph = None if self._kept else _graph(renderer)

    def request(self, threads: int) -> Any:
        """An OpenVINO inference request: a picture and a descriptor to flow, warped picture and picture."""
        options = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # workers that know nothing of each other would choose the same cores
        }
        if self._kept is not None:
            return (
                _core()
                .compile_model(self._kept, "CPU", options | {"CACHE_DIR": self._kept.parent})
                .create_infer_request()
            )
        assert self._graph is not None
        return _core().compile_model(self._graph[0], "CPU", options).create_infer_request()


class _Parts(nn.Module):
    """A renderer with a tuple as its result, which tracing wants."""

    def __init__(self, renderer: PIRenderer) -> None:
        super().__init__()
        self.renderer = renderer

    def forward(self, source: Tensor, descriptor: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        made = self.renderer(source, descriptor)
        return made.flow, made.warped, made.image


def _kept(renderer: PIRenderer, folder: Path | None) -> Path | None:
    """The file of the graph, made now if it is not there; None where none can be kept."""
    if folder is None:
        return None
    path = folder / _name(renderer) / _FILE
    if path.exists():
        return path
    import openvino

    try:
        with _new_folder(path.parent) as new:
            graph, _decoder = _graph(renderer)
            openvino.save_model(graph, new / _FILE, compress_to_fp16=False)
    except (OSError, RuntimeError) as error:  # RuntimeError is OpenVINO's, where the disk is full
        log.info("the compiled renderer is not kept: %s", error)
        return None
    return path


@contextmanager
def _new_folder(path: Path) -> Iterator[Path]:
    """A folder to be filled inside, which is there under its name whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:8]}-"))
    try:
        yield new
        try:
            new.rename(path)
        except OSError:
            if not path.exists():  # else another process was as fast
                raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _name(renderer: PIRenderer) -> str:
    """What the graph and its compilation depend on: weights, the networks' code, libraries, processor."""
    import openvino

    digest = hashlib.sha256()
    for name, tensor in sorted(renderer.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    for version in (openvino.__version__, torch.__version__, _processor()):
        digest.update(str(version).encode())
    return digest.hexdigest()


def _processor() -> str:
    """What the instructions of a compiled graph depend on; a folder may be shared by different machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))


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
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino.Core()
