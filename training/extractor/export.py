"""From trained networks to the ONNX files of a bundle. Inputs are uint8 pictures; scaling is inside the file.

Trained weights are stored as half floats, as a bundle's other files store theirs; ONNX Runtime turns them into floats
once, when it loads the file.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from models.errors import TrainingDataError
from models.extractor.regressor import CROP, MIRRORED
from training.extractor.networks import detector, regressor

OPSET = 17
HALF = ".half"  # end of the name of a weight that is stored as float16
PATCH = 32  # pixels: side of the one-coloured squares of the pictures that an export is checked with
LARGE = 4096  # values: smaller weights stay float32
TOLERANCE = 2e-3  # largest difference between torch and ONNX Runtime that an export may show


class _FromBytes(nn.Module):
    """uint8 [N, H, W, 3] -> the network's own [-1, 1] [N, 3, H, W]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        x = pictures.permute(0, 3, 1, 2).float() / 127.5 - 1
        output: tuple[Tensor, ...] = self.network(x)
        return output


def export_detector(network: nn.Module, path: Path) -> None:
    """Write detector.onnx: `pictures` uint8 [N, H, W, 3] -> heatmap, box, points (see `DetectorNet`)."""
    free = {0: "batch", 1: "height", 2: "width"}
    _export(_FromBytes(network), path, (2, 320, 320, 3), free, detector.OUTPUTS)


def export_regressor(network: nn.Module, path: Path, mirrored: np.ndarray) -> None:
    """Write extractor.onnx: `pictures` uint8 [N, 256, 256, 3] -> coefficients, landmarks, presence.

    Args:
        mirrored: landmark order of a mirrored face (`photos.mirror_order`), int [478].
    """
    size = CROP
    known = {MIRRORED: json.dumps(mirrored.tolist())}
    _export(_FromBytes(network), path, (2, size, size, 3), {0: "batch"}, regressor.OUTPUTS, known)


def _export(
    module: nn.Module,
    path: Path,
    shape: tuple[int, ...],
    free: dict[int, str],
    outputs: tuple[str, ...],
    metadata: dict[str, str] | None = None,
) -> None:
    module.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width, channels = shape
    patches = np.random.default_rng(0).integers(0, 256, (count, height // PATCH, width // PATCH, channels), np.uint8)
    # Patches and no noise: on noise a network's outputs depend on the last digit.
    example = torch.from_numpy(patches).repeat_interleave(PATCH, 1).repeat_interleave(PATCH, 2)
    dynamic = {"pictures": free} | {name: {0: "batch"} for name in outputs}
    torch.onnx.export(
        module,
        (example,),
        str(path),
        dynamo=False,
        opset_version=OPSET,
        input_names=["pictures"],
        output_names=list(outputs),
        dynamic_axes=dynamic,
    )
    model = onnx.load(path)
    _halve_weights(model.graph)
    helper.set_model_props(model, metadata or {})
    onnx.save(model, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = module(example)
    for name, torch_output, onnx_output in zip(
        outputs, expected, session.run(list(outputs), {"pictures": example.numpy()}), strict=True
    ):
        error = float(np.abs(torch_output.numpy() - onnx_output).max())
        if error > TOLERANCE:
            raise TrainingDataError(
                f"{path.name}: output {name} differs by {error:.2g} from torch; check the export's opset"
            )


def _halve_weights(graph: onnx.GraphProto) -> None:
    """Store the weights of convolutions and linear layers as float16, each followed by a cast to float32; in place."""
    weights = {name for node in graph.node if node.op_type in ("Conv", "Gemm", "MatMul") for name in node.input}
    # A shape model is no weight: its landmarks need the digits, lids move by thousandths of a crop.
    for one in [one for one in graph.initializer if one.name in weights and ".shape." not in one.name]:
        value = numpy_helper.to_array(one)
        if value.size >= LARGE:
            half = one.name + HALF
            graph.node.insert(0, helper.make_node("Cast", [half], [one.name], to=TensorProto.FLOAT))
            graph.initializer.remove(one)
            graph.initializer.append(numpy_helper.from_array(value.astype(np.float16), half))
