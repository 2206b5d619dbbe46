"""The renderer as OpenVINO computes it, against PyTorch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import data
from torch import Tensor

from models.bundle import DEFAULT_BUNDLE, load_renderer, open_bundle
from models.coefficients import ARKIT
from models.extractor import Crop
from models.renderer import PRESETS, PIRenderer, compiled_graph
from models.renderer.engine import CompiledEngine, fastest
from models.renderer.synthesis import to_tensor

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def renderer() -> PIRenderer:
    """The released one."""
    return load_renderer(open_bundle(DEFAULT_BUNDLE))


@pytest.fixture(scope="module")
def engine(renderer: PIRenderer) -> CompiledEngine:
    """Of one thread."""
    return CompiledEngine(renderer, threads=1)


def frames(renderer: PIRenderer, count: int) -> tuple[Tensor, Tensor]:
    """A face that opens its mouth and turns, more in every frame."""
    picture = to_tensor(Crop(130, 0, 200).cut(data.astronaut(), 256), CPU)
    motion = torch.zeros(count, 59, 1)
    motion[:, ARKIT.index["jawOpen"], 0] = torch.linspace(0.6, 0.9, count)
    motion[:, ARKIT.pose_start, 0] = torch.linspace(0.2, 0.4, count)
    return picture.expand(count, -1, -1, -1), renderer.descriptor(motion, torch.zeros(count, 59))


def psnr(seen: Tensor, wanted: Tensor) -> float:
    return float(10 * torch.log10(4 / (seen - wanted).square().mean()))


@pytest.mark.slow
def test_it_makes_what_pytorch_makes(renderer: PIRenderer, engine: CompiledEngine) -> None:
    source, descriptor = frames(renderer, 3)
    with torch.inference_mode():
        wanted, seen = renderer(source, descriptor), engine(source, descriptor)
    assert psnr(wanted.image, source) < 30, "the renderer changes the picture"
    assert psnr(seen.image, wanted.image) > 45
    assert psnr(seen.warped, wanted.warped) > 45
    assert (seen.flow - wanted.flow).abs().max() < 0.2


@pytest.mark.slow
def test_a_frame_comes_out_the_same_in_any_batch_and_stays(renderer: PIRenderer, engine: CompiledEngine) -> None:
    source, descriptor = frames(renderer, 3)
    together = engine(source, descriptor)
    kept = together.image.clone()
    alone = engine(source[1:2], descriptor[1:2])
    assert torch.equal(alone.image[0], together.image[1])
    assert torch.equal(together.image, kept)
    assert not torch.equal(kept[0], kept[1])


@pytest.mark.slow
def test_another_number_of_threads_makes_the_same(renderer: PIRenderer) -> None:
    engine = CompiledEngine(renderer, threads=1)
    source, descriptor = frames(renderer, 1)
    before = engine(source, descriptor).image
    engine.use_threads(2)
    assert psnr(engine(source, descriptor).image, before) > 60


@pytest.mark.slow
def test_what_was_compiled_is_kept_for_the_next_start(
    renderer: PIRenderer, engine: CompiledEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, descriptor = frames(renderer, 1)
    CompiledEngine(renderer, 1, tmp_path)
    kept = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*"))
    monkeypatch.setattr(compiled_graph, "_graph", None)  # it is not made again
    again = CompiledEngine(renderer, 1, tmp_path)(source, descriptor)
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*")) == kept
    assert {path.suffix for path in kept} == {".xml", ".bin", ".blob"}
    assert psnr(again.image, engine(source, descriptor).image) > 60


def test_another_renderer_has_another_place(tmp_path: Path) -> None:
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        CompiledEngine(PIRenderer(PRESETS["debug"]).eval(), 1, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_where_nothing_can_be_kept_it_computes_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    renderer = PIRenderer(PRESETS["debug"]).eval()
    size, mapping = renderer.preset.image_size, renderer.preset.mapping
    engine = CompiledEngine(renderer, 1, tmp_path / "file" / "below")
    made = engine(torch.zeros(1, 3, size, size), torch.zeros(1, mapping.channels, mapping.window))
    assert made.image.shape == (1, 3, size, size)


def test_nobody_is_called(engine: CompiledEngine) -> None:
    """OpenVINO would import the package that reports to its makers."""
    assert sys.modules["openvino_telemetry"] is None


def test_without_openvino_and_on_gpus_pytorch_computes(renderer: PIRenderer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fastest(renderer, torch.device("cuda:1"), 1) is renderer
    for name in [name for name in sys.modules if name.partition(".")[0] == "openvino"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert fastest(renderer, CPU, 1) is renderer


@pytest.mark.slow
def test_it_is_chosen_on_a_cpu(renderer: PIRenderer) -> None:
    source, descriptor = frames(renderer, 1)
    chosen = fastest(renderer, CPU, 1)
    assert isinstance(chosen, CompiledEngine)
    assert np.isfinite(chosen(source, descriptor).image.numpy()).all()


SIGNALLED_AFTER_OTHERS = """
import faulthandler, gc, os, signal, torch
from models.renderer import PRESETS, PIRenderer, compiled_graph
from models.renderer.engine import CompiledEngine
from models.renderer.presets import PRESETS
faulthandler.enable()
signal.signal(signal.SIGUSR1, lambda *_: print("handled", flush=True))
renderer = PIRenderer(PRESETS["debug"]).eval()
first = CompiledEngine(renderer, 1)
second = CompiledEngine(renderer, 1)
del first
gc.collect()
del second
gc.collect()
os.kill(os.getpid(), signal.SIGUSR1)
"""


@pytest.mark.slow
def test_signals_are_handled_after_engines_have_gone() -> None:
    done = subprocess.run([sys.executable, "-c", SIGNALLED_AFTER_OTHERS], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr[-500:]
