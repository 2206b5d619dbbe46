"""The whole road in miniature: two public-domain photographs become training data, runs, and a bundle that renders."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import skimage.data
from PIL import Image

from datasets.photos import FacePhotos
from datasets.portraits import Portraits
from evaluation.flow import load_flow_test
from models.bundle import DEFAULT_BUNDLE, open_bundle
from models.portrait import PortraitEditor
from tests.landmark_head import write_landmark_head
from training.__main__ import app
from training.pairs.generate import make_pairs


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, and a picture of nobody."""
    folder = tmp_path_factory.mktemp("photos")
    Image.fromarray(skimage.data.astronaut()).save(folder / "astronaut.png")
    shutil.copy(Path(mpl.get_data_path(), "sample_data", "grace_hopper.jpg"), folder)
    Image.fromarray(skimage.data.coffee()).save(folder / "coffee.png")
    return folder


@pytest.mark.slow
def test_two_photographs_become_a_bundle_that_renders(photos: Path, tmp_path: Path) -> None:
    data, runs = write_landmark_head(tmp_path), tmp_path / "runs"

    def training(command: str) -> None:
        app([str(part) for part in command.format(data=data, runs=runs, photos=photos).split()], standalone_mode=False)

    training(
        "data portraits --data {data} --photos {photos} --source skimage,matplotlib --licence public-domain "
        "--labeller extractor --least-face 40 --test 0.5"
    )
    assert (data / "portraits" / "left_out.tsv").read_text() == "no face\tcoffee.png\n"
    training("data flow-test --data {data} --count 4")
    test, train = Portraits(data, "test"), Portraits(data, "train")
    assert len(test.index) == len(train.index) == 1, "nobody is in both"
    assert len(FacePhotos.load(data, "train")) == 1
    assert load_flow_test(data, test).flow.shape == (4, 64, 64, 2)

    make_pairs(data, runs / "pairs", 8, 0, 1, 0.25, shard_size=8)
    training("warping --pairs {runs}/pairs --preset debug --steps 2 --batch-size 2 --out {runs}/warping")
    training(
        "editing --pairs {runs}/pairs --warping {runs}/warping --preset debug --steps 2 --batch-size 2 "
        "--out {runs}/editing"
    )
    with (data / "portraits" / "index.csv").open() as file:
        sources = {row["source"]: row["licence"] for row in csv.DictReader(file)}
    (runs / "provenance.json").write_text(json.dumps({"data": sources}))
    (runs / "metrics.json").write_text("{}")
    networks = f"--detector {DEFAULT_BUNDLE}/detector.onnx --extractor {DEFAULT_BUNDLE}/extractor.onnx"
    training(
        f"export --run {{runs}}/editing --preset debug {networks} --provenance {{runs}}/provenance.json "
        "--metrics {runs}/metrics.json --out {runs}/bundle"
    )

    assert open_bundle(runs / "bundle").manifest.provenance["data"] == {"skimage,matplotlib": "public-domain"}
    editor = PortraitEditor.load(runs / "bundle", device="cpu", threads=1)
    source = editor.analyse(skimage.data.astronaut())
    target = source.coefficients.copy()
    target[editor.space.index["jawOpen"]] = 1.0
    (edited,) = editor.render(source, target[None])
    assert edited.shape == (512, 512, 3)
    assert np.isfinite(edited).all()
    assert (edited != skimage.data.astronaut()).any(), "an untrained renderer draws something of its own"
