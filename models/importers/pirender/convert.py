"""The authors' renderer, extractor and landmarks to a bundle of the `bfm` space."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from pydantic import JsonValue
from safetensors.torch import save_file
from scipy.io import loadmat
from scipy.io.matlab import MatReadError
from torch import Tensor, nn

from models.bundle import DEFAULT_BUNDLE, Bundle, draft_bundle, open_bundle, release_bundle
from models.errors import BundleError
from models.importers.pirender.checkpoint import matched, read_checkpoint
from models.importers.pirender.keys import official_state, our_state
from models.importers.pirender.resnet import Deep3DNetwork, ResNetConfig
from models.renderer import PRESETS, PIRenderer

OPSET = 17
TOLERANCE = 1e-3  # largest difference between torch and ONNX Runtime, in the coefficients' own units
LICENCE = "LicenseRef-PIRenderer-official"
_EYES_NOSE_MOUTH = ((36, 39), (42, 45), (30,), (48,), (54,))  # of 68 landmarks: corners of each eye, tip, mouth corners


def import_pirender(
    checkpoint: Path,
    extractor: Path,
    landmarks: Path,
    out: Path,
    preset: str = "paper",
    network: ResNetConfig = ResNetConfig(),  # noqa: B008 - immutable
    faces: Path = DEFAULT_BUNDLE,
    *,
    version: str = "1",
) -> Bundle:
    """Write a bundle from the authors' files. Weights stay in full precision, so that the output stays equal.

    Args:
        checkpoint: the official renderer; its averaged weights `net_G_ema` are taken.
        extractor: Deep3DFaceRecon's `epoch_20.pth`; `net_recon` is taken.
        landmarks: `similarity_Lm3D_all.mat`, 68 landmarks of the face model under `lm`.
        out: the bundle's folder; files in it are replaced.
        preset: which network of the authors' layout the checkpoint holds.
        faces: a bundle of ours that finds the faces: the authors' files hold no detector.
        version: of the bundle; its name is its folder's.

    Raises:
        BundleError: a file that cannot be read, or a tensor that is altered, missing, superfluous or not finite;
            nothing is written then.
    """
    renderer = read_renderer(checkpoint, preset)
    coefficients = read_extractor(extractor, network)
    template = read_landmarks(landmarks)
    ours = open_bundle(faces)
    with tempfile.TemporaryDirectory() as folder:
        made = {name: Path(folder) / name for name in ("renderer.safetensors", "deep3d.onnx", "alignment.json")}
        save_file({name: tensor.contiguous() for name, tensor in renderer.items()}, made["renderer.safetensors"])
        export_extractor(coefficients, made["deep3d.onnx"])
        made["alignment.json"].write_text(json.dumps({"landmarks": template.tolist()}) + "\n")
        files = made | {name: ours.path(name) for name in ("detector.onnx", "extractor.onnx")}
        given = {"checkpoint": checkpoint, "extractor": extractor, "landmarks": landmarks}
        provenance: dict[str, JsonValue] = {
            "imported_from": {name: {"file": path.name, "sha256": _digest(path)} for name, path in given.items()},
            "faces": "detector and five points: this project's default bundle (Apache-2.0)",
            "terms": "the authors' licences of the renderer and of Deep3DFaceRecon apply",
        }
        space = PRESETS[preset].space
        return release_bundle(
            draft_bundle(out, files, preset, space, LICENCE, provenance, {}, name=out.name, version=version)
        )


def read_renderer(checkpoint: Path, preset: str = "paper") -> dict[str, Tensor]:
    """The official renderer's averaged weights under our names, float32. Raises BundleError."""
    shapes = PIRenderer(PRESETS[preset]).state_dict()
    official = read_checkpoint(checkpoint, "net_G_ema")
    matched(checkpoint, official, official_state(shapes, PRESETS[preset]))
    return {name: tensor.float() for name, tensor in our_state(official, shapes, PRESETS[preset]).items()}


def read_extractor(path: Path, config: ResNetConfig = ResNetConfig()) -> Deep3DNetwork:  # noqa: B008 - immutable
    """Deep3DFaceRecon's network with its official weights, ready to read. Raises BundleError."""
    network = Deep3DNetwork(config)
    state = read_checkpoint(path, "net_recon")
    matched(path, state, network.state_dict())
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def read_landmarks(path: Path) -> NDArray[np.float64]:
    """Five landmarks [5, 3] of the face model, in the order of the extractor's points. Raises BundleError."""
    try:
        content = loadmat(path, variable_names=["lm"])
    except (OSError, ValueError, TypeError, NotImplementedError, MatReadError) as error:
        raise BundleError(f"{path} is no MATLAB file ({error}): give similarity_Lm3D_all.mat") from error
    all_68 = content.get("lm")
    if all_68 is None or all_68.shape != (68, 3) or all_68.dtype.kind != "f" or not np.isfinite(all_68).all():
        raise BundleError(f"{path} holds no 68 finite landmarks 'lm' of three numbers: give similarity_Lm3D_all.mat")
    return np.stack([all_68[list(group)].mean(0) for group in _EYES_NOSE_MOUTH]).astype(np.float64)


class _FromBytes(nn.Module):
    """uint8 [N, 224, 224, 3] -> the network's own [0, 1] [N, 3, 224, 224]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        x: Tensor = self.network(pictures.permute(0, 3, 1, 2).float() / 255)
        return x


def export_extractor(network: Deep3DNetwork, path: Path) -> None:
    """Write deep3d.onnx: `pictures` uint8 [N, 224, 224, 3] -> coefficients [N, 257], checked against torch.

    Raises:
        BundleError: ONNX Runtime computes something else.
    """
    module = _FromBytes(network).eval()
    example = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), np.uint8))
    torch.onnx.export(
        module,
        (example,),
        str(path),
        dynamo=False,
        opset_version=OPSET,
        input_names=["pictures"],
        output_names=["coefficients"],
        dynamic_axes={"pictures": {0: "batch"}, "coefficients": {0: "batch"}},
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (read,) = session.run(["coefficients"], {"pictures": example.numpy()})
    with torch.inference_mode():
        wanted = module(example).numpy()
    if not np.allclose(read, wanted, rtol=TOLERANCE, atol=TOLERANCE):
        raise BundleError(f"{path.name} differs from torch by {np.abs(read - wanted).max():.2g}; check the opset")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
