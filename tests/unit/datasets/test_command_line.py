"""Every command of training and evaluation, on data that is not there: one sentence that says what makes it."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
import typer

from datasets.command_line import read_json, run
from models.bundle import DEFAULT_BUNDLE
from models.errors import TrainingDataError

EMPTY = [
    ("training", "data face --data {out} --ict-facekit {data}", "--ict-facekit"),
    ("training", "data portraits --data {out} --photos {data}", "holds no file that ends in"),
    ("training", "data clips --data {out} --videos {data}", "holds no file that ends in"),
    ("training", "data flow-test --data {data}", "training data face"),
    ("training", "pairs --data {data} --out {out} --processes 1", "training data"),
    ("training", "real-pairs --data {data} --out {out} --clips {out}", "training data"),
    ("training", "head --pairs {data} --out {out}", "training pairs"),
    ("training", "warping --pairs {data} --preset debug --out {out}", "training pairs"),
    ("training", "warping --stream {data} --preset debug --out {out}", "training data"),
    ("training", "editing --pairs {data} --warping {data} --preset debug --out {out}", "state.pt"),
    (
        "training",
        "refinement --pairs {data} --real {data} --editing {data} --extractor {data} --out {out}",
        "state.pt",
    ),
    (
        "training",
        "export --run {data} --detector {data}/d --extractor {data}/e --provenance {data}/p --metrics {data}/m",
        "no such file",
    ),
    ("training.audio", "record --data {data} --out {out}", "training data clips"),
    ("training.audio", "corpus --data {data} --recordings {out} --corpus {out}", "training data clips"),
    ("training.audio", "train --corpus {data} --preset debug --out {out}", "training.audio corpus"),
    ("training.audio", "export --run {data} --bundle {data}", "point to the folder of a bundle"),
    ("training.extractor", "detector --data {data} --backgrounds {data} --out {out}", "training data portraits"),
    ("training.extractor", "clips --data {data} --out {out}", "face_landmarker.task"),
    (
        "training.extractor",
        "regressor --data {data} --backgrounds {data} --out {out} --detector {detector}",
        "training data",
    ),
    ("training.pirender", "prepare --videos {data} --bundle {bundle} --out {out}/clips.lmdb", "no video"),
    ("training.pirender", "train --clips {data}/clips.lmdb --loss pyramid --out {out}", "training.pirender prepare"),
    ("training.pirender", "export --bundle {bundle} --run {data} --out {out}", "state.pt"),
    ("evaluation", "renderer --data {data} --out {out}", "training data portraits"),
    ("evaluation", "flow --data {data} --out {out}", "training data portraits"),
    ("evaluation", "edits --data {data} --out {out}", "training data portraits"),
    ("evaluation", "reenactment --data {data} --out {out}", "training data clips"),
    ("evaluation", "extractor --data {data} --out {out}", "training data portraits"),
    ("evaluation", "audio --data {data} --out {out} --recordings {data}", "training data face"),
    ("evaluation", "all --data {data} --out {out}", "training data portraits"),
    ("evaluation.pirender", "--clips {data}/clips.lmdb", "training.pirender prepare"),
]


def sentence(package: str, command: str, capsys: pytest.CaptureFixture[str], data: Path, out: Path) -> str:
    """What a command that cannot work says; it ends with status 1."""
    app = importlib.import_module(f"{package}.__main__").app
    values = {"data": data, "out": out, "bundle": DEFAULT_BUNDLE, "detector": DEFAULT_BUNDLE / "detector.onnx"}
    with pytest.raises(SystemExit) as end:
        run(app, [part.format(**values) for part in command.split()])
    assert end.value.code == 1
    output = capsys.readouterr().err
    assert "Traceback" not in output
    [line] = [line for line in output.splitlines() if line.startswith("error ")]
    return line


@pytest.mark.slow
@pytest.mark.parametrize(("package", "command", "maker"), EMPTY, ids=[f"{p} {c.split()[0]}" for p, c, _ in EMPTY])
def test_an_empty_folder_is_answered_by_one_sentence(
    package: str, command: str, maker: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    assert maker in sentence(package, command, capsys, data, out)


@pytest.fixture
def untested(tmp_path: Path) -> Path:
    """A training data folder that sets nobody aside for tests."""
    folder = tmp_path / "data" / "portraits"
    folder.mkdir(parents=True)
    head = "file,source,licence,identity,original,coverage,colour,face_height_px,fit_error,split"
    (folder / "index.csv").write_text(f"{head}\na.jpg,me,CC0,,a.jpg,1.0,1,200,0.01,train\n")
    fit = {"identity": (60,), "expression": (53,), "scale": (), "rotation": (3, 3), "translation": (3,)}
    np.savez(folder / "labels.npz", **{name: np.zeros((1, *shape), np.float32) for name, shape in fit.items()})
    return tmp_path / "data"


@pytest.mark.parametrize("command", ["renderer", "flow", "edits", "extractor"])
def test_a_folder_without_a_test_split_is_answered_by_one_sentence(
    command: str, capsys: pytest.CaptureFixture[str], untested: Path, tmp_path: Path
) -> None:
    output = sentence("evaluation", f"{command} --data {{data}} --out {{out}}", capsys, untested, tmp_path / "out")
    assert "split test" in output
    assert "training data portraits" in output


def app_that(raises: Exception) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def command() -> None:
        raise raises

    return app


def test_faults_of_the_project_keep_their_traceback() -> None:
    for error in (IndexError("no"), OSError("no file's fault")):
        with pytest.raises(type(error)):
            run(app_that(error), [])


def test_brackets_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(app_that(TrainingDataError("labels [P, 53] are missing")), [])
    assert "labels [P, 53] are missing" in capsys.readouterr().err


def test_json_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps({"flow": 1.0}))
    assert read_json(path) == {"flow": 1.0}
    for text in ("{", "[1]"):
        path.write_text(text)
        with pytest.raises(TrainingDataError, match=r"metrics\.json"):
            read_json(path)
