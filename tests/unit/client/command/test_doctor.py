"""The doctor finds what is there and what is not. Checks of the bundle and of codecs are the workers' own tests."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from client.command import checks, doctor
from client.command.main import main


def test_a_missing_package_is_named_with_its_remedy() -> None:
    finding = doctor.examined("GPU", lambda: __import__("no_such_package").x)
    assert not finding.found
    assert "no_such_package" in finding.detail
    assert "pip install" in finding.detail


def test_what_is_here_is_found() -> None:
    assert checks.cores().startswith(tuple("123456789"))
    assert "GiB" in checks.memory()
    assert all(name in checks.codecs() for name in ("H.264", "VP9", "AAC", "Opus"))


def test_the_packages_are_those_of_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=; ]", line)[0] for line in project["optional-dependencies"]["worker"]}
    assert names - {"onnxruntime-gpu"} == set(checks.PACKAGES.values())
    assert str(len(checks.PACKAGES)) in checks.packages()
    monkeypatch.setitem(checks.PACKAGES, "no_such_package", "no-such-package")
    with pytest.raises(checks.MissingError, match="no-such-package: pip install"):
        checks.packages()


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTRAIT_THREADS", "2")
    assert "PORTRAIT_THREADS" in checks.settings()
    monkeypatch.setenv("PORTRAIT_PORT", "door")
    with pytest.raises(checks.MissingError, match=r"PORTRAIT_PORT: .*integer"):
        checks.settings()


def test_memory_is_as_much_as_a_container_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    limit, none = tmp_path / "limit", tmp_path / "none"
    none.write_text("max\n")
    monkeypatch.setattr(checks, "_MEMORY_LIMITS", (none, tmp_path / "missing"))
    assert "GiB" in checks.memory()
    limit.write_text(f"{2**30}\n")
    monkeypatch.setattr(checks, "_MEMORY_LIMITS", (none, limit))
    with pytest.raises(checks.MissingError, match=r"1\.0 GiB; a worker needs"):
        checks.memory()


def test_what_does_not_work_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(checks, "bundle", lambda _folder: "whole")
    monkeypatch.setenv("PORTRAIT_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.delenv("PORTRAIT_SERVER", raising=False)
    assert main(["doctor"]) == 1
    output = capsys.readouterr().out
    assert "`portrait … --local` works here." in output
    assert "`portrait serve` does not work here yet: Redis." in output


def test_a_codec_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(checks.CODECS, "no_such_codec", "H.999")
    with pytest.raises(checks.MissingError, match=r"H\.999"):
        checks.codecs()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "nonsense"])
def test_a_redis_that_does_not_answer_is_missing(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PORTRAIT_REDIS_URL", url)
    with pytest.raises(checks.MissingError, match="PORTRAIT_REDIS_URL"):
        checks.redis()


def test_a_redis_to_start_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTRAIT_REDIS_URL", raising=False)
    assert os.access(checks.redis(), os.X_OK)


@pytest.mark.slow
def test_a_damaged_bundle_is_status_1(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path_factory.mktemp("b")
    assert main(["doctor", "--bundle", str(folder)]) == 1
    output = capsys.readouterr().out
    assert "MISSING" in output
    assert "bundle.json" in output
