"""Bundles open only when every byte and every tensor is as promised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from models.bundle import MANIFEST, Bundle, draft_bundle, open_bundle, write_bundle
from models.errors import BundleError
from models.tensors import load_tensors, save_tensors


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.register_buffer("steps", torch.tensor(7))


def describe(folder: Path, **files: Path) -> Bundle:
    named = {name.replace("_", "."): path for name, path in files.items()}
    provenance, metrics = {"data": ["synthetic"]}, {"flow_error_px": 1.5}
    return write_bundle(draft_bundle(folder, named, "debug", "arkit", "Apache-2.0", provenance, metrics))


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    save_tensors(Net(), tmp_path / "weights")
    (tmp_path / "onnx").write_bytes(b"not really")
    return describe(tmp_path / "bundle", renderer_safetensors=tmp_path / "weights", detector_onnx=tmp_path / "onnx")


def edit_manifest(bundle: Bundle, **changes: Any) -> None:
    path = bundle.folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_is_written_opens(bundle: Bundle) -> None:
    again = open_bundle(bundle.folder)
    assert again == bundle
    assert again.manifest.preset == "debug"
    assert again.manifest.metrics == {"flow_error_px": 1.5}
    assert again.path("detector.onnx").read_bytes() == b"not really"
    with pytest.raises(BundleError, match=r"audio\.safetensors"):
        again.path("audio.safetensors")


def test_records_of_runs_travel_in_the_manifest_and_may_be_missing(bundle: Bundle) -> None:
    assert bundle.manifest.runs == {}
    files = {name: bundle.path(name) for name in bundle.manifest.files}
    runs = {"renderer.safetensors": {"command": "training warping", "options": {"seed": 3}}}
    write_bundle(draft_bundle(bundle.folder, files, "debug", "arkit", "Apache-2.0", {}, {}, runs=runs))
    assert open_bundle(bundle.folder).manifest.runs == runs
    manifest = json.loads((bundle.folder / MANIFEST).read_text())
    del manifest["runs"]
    (bundle.folder / MANIFEST).write_text(json.dumps(manifest))
    assert open_bundle(bundle.folder).manifest.runs == {}, "bundles of earlier versions open"


def test_files_already_in_place_are_kept(bundle: Bundle) -> None:
    files = {name: bundle.path(name) for name in bundle.manifest.files}
    again = write_bundle(draft_bundle(bundle.folder, files, "debug", "arkit", "Apache-2.0", {}, {}))
    assert again.manifest.files == bundle.manifest.files


def test_an_altered_file_is_named(bundle: Bundle) -> None:
    path = bundle.path("renderer.safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"renderer\.safetensors is not the file"):
        open_bundle(bundle.folder)


def test_a_missing_file_is_named(bundle: Bundle) -> None:
    bundle.path("detector.onnx").unlink()
    with pytest.raises(BundleError, match=r"detector\.onnx is missing"):
        open_bundle(bundle.folder)


def test_an_unexpected_file_is_named(bundle: Bundle) -> None:
    (bundle.folder / "extra.pkl").write_bytes(b"")
    with pytest.raises(BundleError, match=r"extra\.pkl is not listed"):
        open_bundle(bundle.folder)


def test_a_folder_without_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"bundle\.json"):
        open_bundle(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "..", ".hidden", "a\\b", "", "a\n"])
def test_file_names_cannot_leave_the_folder(bundle: Bundle, name: str) -> None:
    edit_manifest(bundle, files={name: {"sha256": "0" * 64, "size": 1}})
    with pytest.raises(BundleError, match="files"):
        open_bundle(bundle.folder)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"format_version": 2}, "format_version"),
        ({"files": {"x.onnx": {"sha256": "short", "size": 1}}}, "sha256"),
        ({"extra": 1}, "extra"),
        ({"preset": None}, "preset"),
    ],
)
def test_a_malformed_manifest_is_refused(bundle: Bundle, changes: dict[str, Any], named: str) -> None:
    edit_manifest(bundle, **changes)
    with pytest.raises(BundleError, match=named):
        open_bundle(bundle.folder)


@pytest.mark.slow
def test_tensors_survive_storage_in_half_precision(tmp_path: Path) -> None:
    net = Net()
    save_tensors(net, tmp_path / "weights")
    assert load_file(tmp_path / "weights")["linear.weight"].dtype == torch.float16
    other = Net()
    load_tensors(tmp_path / "weights", other)
    assert other.linear.weight.dtype == torch.float32
    torch.testing.assert_close(other.linear.weight, net.linear.weight, atol=1e-3, rtol=1e-3)
    assert other.get_buffer("steps") == 7


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"linear.bias": None}, r"lacks the tensor linear\.bias"),
        ({"linear.extra": torch.zeros(1)}, r"linear\.extra"),
        ({"linear.weight": torch.zeros(3, 2)}, r"linear\.weight has shape \[3, 2\]"),
        ({"steps": torch.tensor(7.0)}, "steps is torch.float32"),
        ({"linear.weight": torch.full((2, 3), torch.nan)}, r"linear\.weight holds NaN"),
    ],
)
def test_a_wrong_tensor_is_named_and_the_model_untouched(
    tmp_path: Path, change: dict[str, torch.Tensor | None], named: str
) -> None:
    state = Net().state_dict() | change
    save_file({name: tensor for name, tensor in state.items() if tensor is not None}, tmp_path / "weights")
    bundle = describe(tmp_path / "bundle", renderer_safetensors=tmp_path / "weights")
    net = Net()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with pytest.raises(BundleError, match=named):
        load_tensors(bundle.path("renderer.safetensors"), net)
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_a_file_that_is_no_safetensors_is_named(bundle: Bundle) -> None:
    with pytest.raises(BundleError, match=r"detector\.onnx is no safetensors"):
        load_tensors(bundle.path("detector.onnx"), Net())


def test_weights_beyond_half_precision_are_not_exported(tmp_path: Path) -> None:
    net = Net()
    with torch.no_grad():
        net.linear.weight[0, 0] = 1e6
    with pytest.raises(BundleError, match=r"linear\.weight"):
        save_tensors(net, tmp_path / "weights")
