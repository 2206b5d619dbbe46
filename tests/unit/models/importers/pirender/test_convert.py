"""Official checkpoints become bundles exactly, or are refused by the name of what is wrong with them."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file
from scipy.io import savemat

from models.bundle import Bundle, load_renderer, open_bundle
from models.bundle.__main__ import main as bundle_command
from models.errors import BundleError
from models.importers.pirender.__main__ import main
from models.importers.pirender.convert import read_extractor, read_landmarks, read_renderer
from models.importers.pirender.keys import official_name
from models.importers.pirender.resnet import Deep3DNetwork, ResNetConfig
from models.renderer import PRESETS
from tests import pirender_reference

SMALL = ResNetConfig(width=4, blocks=(1, 1, 1, 1))
CONV = "warpping_net.hourglass.encoder.encoder1.conv_0.weight"


def rewrite(path: Path, entry: str, change: Callable[[dict[str, Any]], object]) -> Path:
    """A checkpoint whose `entry` was changed."""
    content = torch.load(path, weights_only=True)
    content[entry] = dict(content[entry])
    change(content[entry])
    torch.save(content, path)
    return path


@pytest.mark.slow
def test_the_bundle_renders_what_the_official_weights_render(
    imported: Bundle, renderer: pirender_reference.State
) -> None:
    assert open_bundle(imported.folder).manifest.space == "bfm"
    assert sorted(imported.manifest.files) == [
        *("alignment.json", "deep3d.onnx", "detector.onnx", "extractor.onnx", "renderer.safetensors"),
    ]
    wave = torch.linspace(0, 9.42, 256).sin()  # grey at the border: see test_pirender_formulas.py
    source = (wave * wave[:, None]).expand(1, 3, 256, 256)
    window = torch.randn(1, 73, 27, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours = load_renderer(imported)(source, window)
        _, _, image = pirender_reference.render(renderer, source, window)
    torch.testing.assert_close(ours.image, image, atol=1e-5, rtol=0)


def test_the_averaged_weights_are_taken_in_full_precision(imported: Bundle, renderer: pirender_reference.State) -> None:
    stored = load_file(imported.path("renderer.safetensors"))
    for name, tensor in stored.items():
        if name != "editing.first.conv.weight":
            official = renderer[official_name(name, PRESETS["paper-debug"])]
            torch.testing.assert_close(tensor, official, atol=0, rtol=0)


def test_module_prefixes_are_taken_off(files: dict[str, Path], renderer: pirender_reference.State) -> None:
    def prefix(state: dict[str, Any]) -> None:
        for name in list(state):
            state[f"module.{name}"] = state.pop(name)

    plain = read_renderer(files["checkpoint"], "paper-debug")
    prefixed = read_renderer(rewrite(files["checkpoint"], "net_G_ema", prefix), "paper-debug")
    assert plain.keys() == prefixed.keys()
    assert all(torch.equal(plain[name], prefixed[name]) for name in plain)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param(lambda s: s.pop(CONV), CONV, id="missing"),
        pytest.param(lambda s: s.update(stranger=torch.zeros(1)), "stranger", id="extra"),
        pytest.param(lambda s: s.update({CONV: s[CONV][:, :1]}), CONV, id="shape"),
        pytest.param(lambda s: s.update({CONV: s[CONV].long()}), CONV, id="kind"),
        pytest.param(lambda s: s[CONV].view(-1)[3:4].fill_(float("nan")), CONV, id="nan"),
        pytest.param(lambda s: s[CONV].view(-1)[3:4].fill_(float("inf")), CONV, id="infinity"),
        pytest.param(lambda s: s.update({f"module.{CONV}": s[CONV]}), CONV, id="twice"),
        pytest.param(lambda s: s.update({CONV: [1.0]}), CONV, id="no tensor"),
    ],
)
def test_a_wrong_tensor_of_the_renderer_is_named(
    files: dict[str, Path], change: Callable[[dict[str, Any]], object], named: str
) -> None:
    with pytest.raises(BundleError, match=named.replace(".", r"\.")):
        read_renderer(rewrite(files["checkpoint"], "net_G_ema", change), "paper-debug")


@pytest.mark.parametrize("name", ["backbone.layer2.0.bn3.running_var", "final_layers.6.bias"])
def test_a_wrong_tensor_of_the_extractor_is_named(files: dict[str, Path], name: str) -> None:
    with pytest.raises(BundleError, match=name.replace(".", r"\.")):
        read_extractor(rewrite(files["extractor"], "net_recon", lambda s: s.pop(name)), SMALL)


def test_another_network_is_refused(files: dict[str, Path]) -> None:
    with pytest.raises(BundleError, match="authors' has"):
        read_renderer(files["checkpoint"], "paper")


class _Payload:
    """What an attacker would put into a checkpoint."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.file),)


@pytest.mark.parametrize("format_", ["torch", "pickle"])
def test_a_pickled_payload_is_not_executed(tmp_path: Path, files: dict[str, Path], format_: str) -> None:
    trap, path = tmp_path / "executed", files["checkpoint"]
    content = torch.load(path, weights_only=True) | {"opt_G": _Payload(trap)}
    if format_ == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))
    with pytest.raises(BundleError):
        read_renderer(path, "paper-debug")
    assert not trap.exists()
    torch.load(path, weights_only=False) if format_ == "torch" else pickle.loads(path.read_bytes())
    assert trap.exists(), "the payload is a live one"


@pytest.mark.parametrize(
    ("content", "what"),
    [({"net_G": {}}, "net_G_ema"), ([1], "list"), ({"net_G_ema": 3}, "int")],
)
def test_other_files_are_distinguished_from_checkpoints(tmp_path: Path, content: object, what: str) -> None:
    torch.save(content, tmp_path / "file.pt")
    with pytest.raises(BundleError, match=what):
        read_renderer(tmp_path / "file.pt", "paper-debug")
    (tmp_path / "text.pt").write_text("no checkpoint")
    with pytest.raises(BundleError, match=r"text\.pt"):
        read_renderer(tmp_path / "text.pt", "paper-debug")
    with pytest.raises(BundleError, match="does not exist"):
        read_renderer(tmp_path / "nowhere.pt", "paper-debug")


def test_the_extractors_onnx_computes_what_torch_does(imported: Bundle, resnet: pirender_reference.State) -> None:
    network = Deep3DNetwork(SMALL)
    network.load_state_dict(resnet)
    pictures = np.random.default_rng(1).integers(0, 256, (3, 224, 224, 3), np.uint8)
    session = onnxruntime.InferenceSession(imported.path("deep3d.onnx"), providers=["CPUExecutionProvider"])
    (read,) = session.run(None, {"pictures": pictures})
    with torch.no_grad():
        wanted = network.eval()(torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255)
    assert read.shape == (3, 257)
    np.testing.assert_allclose(read, wanted.numpy(), atol=1e-4)


def test_the_full_extractor_has_the_official_tensors() -> None:
    with torch.device("meta"):
        network = Deep3DNetwork()
    official = pirender_reference.resnet_state(1)  # the same names, other widths
    assert network.state_dict().keys() == official.keys()
    assert sum(p.numel() for p in network.parameters()) == 23_508_032 + 257 * 2049


def test_five_of_68_landmarks_are_the_alignments_points(files: dict[str, Path]) -> None:
    template = read_landmarks(files["landmarks"])
    np.testing.assert_allclose(template[[0, 1]], [[-0.31, 0.29, 0.13], [0.31, 0.29, 0.13]])
    np.testing.assert_allclose(template[2:, 1], [-0.01, -0.38, -0.38])


@pytest.mark.parametrize("content", [{}, {"lm": np.zeros((5, 3))}, {"lm": np.full((68, 3), np.nan)}])
def test_other_landmarks_are_refused(tmp_path: Path, content: dict[str, Any]) -> None:
    savemat(tmp_path / "lm.mat", content | {"other": 1})
    with pytest.raises(BundleError, match="68"):
        read_landmarks(tmp_path / "lm.mat")
    (tmp_path / "text.mat").write_text("no matrix")
    with pytest.raises(BundleError, match="similarity_Lm3D_all"):
        read_landmarks(tmp_path / "text.mat")


@pytest.mark.slow
def test_the_command_says_what_is_wrong(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], imported: Bundle
) -> None:
    given = ["--extractor", str(files["extractor"]), "--landmarks", str(files["landmarks"])]
    command = [str(files["checkpoint"]), *given, "--out", str(tmp_path / "out")]
    assert main(command) == 1  # the file holds hardly any channels
    assert "authors' has" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert bundle_command(["check", str(imported.folder)]) == 0
    assert "bundle 1" in (line := capsys.readouterr().out)
    assert "space bfm" in line
