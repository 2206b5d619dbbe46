"""The client that does its work itself: as `PortraitClient` to its callers, and loaded only when there is work."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from client import LocalPortrait, LocalSetupError, PortraitClient
from client.command.main import main
from tests.unit.client.conftest import public


def test_its_methods_are_those_of_the_client() -> None:
    here, there = public(LocalPortrait), public(PortraitClient)
    assert here.keys() >= {"edit", "reenact", "talk", "extract", "faces", "batch", "sliders", "wait", "save", "result"}
    for name, signature in here.items():
        ours, theirs = signature.parameters, there[name].parameters
        assert list(ours.values()) == [theirs[parameter] for parameter in ours], name
        left_out = theirs.keys() - ours.keys()
        assert all(theirs[parameter].default is not inspect.Parameter.empty for parameter in left_out), name
        assert signature.return_annotation == there[name].return_annotation


def test_a_file_that_is_not_there_costs_no_loading(capsys: pytest.CaptureFixture[str]) -> None:
    loads: list[bool] = []
    with LocalPortrait(on_load=lambda: loads.append(True)) as portrait, pytest.raises(OSError, match="nowhere"):
        portrait.edit("nowhere.jpg")
    assert loads == []
    assert main(["edit", "nowhere.jpg", "--local", "-o", "out.png"]) == 1
    assert "nowhere.jpg" in capsys.readouterr().err


def test_without_the_extra_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys; sys.modules['torch'] = sys.modules['scipy'] = None\n"
        "from client.command.main import main\n"
        f"sys.exit(main(['faces', {__file__!r}, '--local']))"
    )
    root = str(Path(__file__).parents[3])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, timeout=60)
    assert done.returncode == 1
    assert "pip install 'pirenderer-service[worker]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_weights_that_cannot_be_loaded_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTRAIT_BUNDLE", str(tmp_path))
    with LocalPortrait() as portrait, pytest.raises(LocalSetupError, match=r"bundle\.json"):
        portrait.edit(__file__)
