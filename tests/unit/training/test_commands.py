"""Every command of training has a dry run that opens what it needs, prints the plan and writes nothing."""

from __future__ import annotations

import ast
import csv
import ctypes.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

import training.__main__
import training.audio.__main__
import training.extractor.__main__
import training.pirender.__main__
from datasets.clips import WORDS_COLUMN
from datasets.photos import FacePhotos
from datasets.speech.change import head_change, mouth_at_rest, mouth_change
from datasets.speech.items import save_items
from datasets.speech.recordings import RecordedClip
from models.audio import SpeechNetwork
from models.audio.presets import SPEECH_PRESETS
from models.bundle import DEFAULT_BUNDLE
from models.coefficients import ARKIT
from models.errors import PortraitError, TrainingDataError
from models.face3d.morphable import MorphableModel
from models.renderer import PRESETS, PIRenderer
from tests.bundles import write_speaking_bundle
from tests.drawn_faces import draw_faces
from tests.labelled_clips import write_clips
from tests.runs import write_run
from tests.shift_pairs import write_shift_pairs
from tests.synthetic_head import write_data
from tests.unit.training.pirender.conftest import write_store
from training.audio.corpus_builder import _item
from training.pirender.pair_training import PairSettings, pirender_trainer
from training.pirender.processes import joined
from training.pirender.schedule import chosen

APPS = {
    "training": training.__main__.app,
    "training.audio": training.audio.__main__.app,
    "training.extractor": training.extractor.__main__.app,
    "training.pirender": training.pirender.__main__.app,
}
ROOT = Path(__file__).parents[3]


def write_portraits(root: Path, model: MorphableModel) -> Path:
    """A data folder with two people's drawn portraits, three of them for training, with landmarks."""
    faces: FacePhotos = draw_faces()
    which = [0, 1, 0, 1]
    write_data(
        root, model, [faces.pictures[row] for row in which], faces.expression[which], people=["a", "a", "b", "b"]
    )
    labels = root / "portraits" / "labels.npz"
    with np.load(labels) as stored:
        arrays = dict(stored)
    depth = np.zeros((4, 478, 1), np.float32)
    np.savez(labels, **arrays, landmarks=np.concatenate([faces.landmarks[which], depth], -1))
    return root


def write_speech(root: Path, recordings: Sequence[RecordedClip]) -> None:
    """The index of the clips, without the clips, and what was recorded of those for training."""
    (root / "data" / "clips").mkdir()
    names = [(recording.name, "train") for recording in recordings] + [("held-out", "test")]
    with (root / "data" / "clips" / "words.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", WORDS_COLUMN, "split"))
        writer.writerows((f"{name}.mp4", "0.84-2.2:bin", split) for name, split in names)
    (root / "recordings" / "train").mkdir(parents=True)
    for one in recordings:
        sound = (one.sound * 32767).clip(-32768, 32767).astype(np.int16)
        np.savez(root / "recordings" / "train" / f"{one.name}.npz", motion=one.motion, sound=sound)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, model: MorphableModel, recordings: list[RecordedClip]) -> Path:
    """Everything that any command reads."""
    root = tmp_path_factory.mktemp("commands")
    data = write_portraits(root / "data", model)
    np.savez(data / "mediapipe_to_ict.npz", vertex=np.arange(468))
    write_speech(root, recordings)
    (root / "backgrounds").mkdir()
    cv2.imwrite(str(root / "backgrounds" / "grey.png"), np.full((200, 260, 3), 90, np.uint8))
    for name in ("pairs", "real"):
        write_shift_pairs(root / name)
    write_clips(root / "clips")
    write_run(root / "warping", PIRenderer(PRESETS["debug"]))
    write_run(root / "speech", SpeechNetwork(SPEECH_PRESETS["debug"]))
    write_speaking_bundle(root / "bundle")
    (root / "described.json").write_text("{}")
    rest = mouth_at_rest(recordings)
    (root / "corpus").mkdir()
    items = [_item(r.sound, mouth_change(r, rest), head_change(r)) for r in recordings]
    save_items(root / "corpus" / "recorded-0000.npz", items)
    (root / "videos").mkdir()
    (root / "videos" / "one.mp4").write_bytes(b"opened when it is prepared")
    store = write_store(root / "clips.lmdb", ARKIT)
    options = chosen("trial", {"preset": "debug", "warping_steps": 0, "steps": 1, "batch_size": 1})
    with joined() as processes:
        pirender_trainer(PairSettings(store, root / "pirender", None, workers=0), options, processes).train()
    return root


@dataclass(frozen=True)
class Case:
    """A command with its options; `{}` in a value is the folder of all data.

    Attributes:
        plan: what the plan says, beside the command and what it would write.
        library: a library of the system that it needs, and a word of the sentence that says so.
    """

    app: str
    command: str
    options: dict[str, str]
    plan: tuple[str, ...] = ()
    library: tuple[str, str] | None = None

    @property
    def words(self) -> list[str]:
        pairs = ((f"--{name}", value) for name, value in self.options.items())
        return [word for pair in pairs for word in pair if word]


DEBUG = {"preset": "debug", "steps": "3", "batch-size": "2"}
STORED = {"pairs": "{}/pairs"}
ONNX = {"detector": f"{DEFAULT_BUNDLE}/detector.onnx", "extractor": f"{DEFAULT_BUNDLE}/extractor.onnx"}
FACES = {"data": "{}/data", "backgrounds": "{}/backgrounds", "workers": "0", "batch-size": "2"}
TRAINED = ("3, 3 to go, from as many batches of 2", "M parameters", "cpu", "rate", "average", "(new)")

CASES = [
    Case("training", "pairs", {"data": "{}/data", "count": "600"}, ("3 portraits", "2 of 2, 0 exist")),
    Case("training", "real-pairs", {"data": "{}/data", "clips": "{}/clips"}, ("1 people", "1 shards", "6 of 6")),
    Case("training", "head", STORED | {"steps": "3", "batch-size": "2"}, ("{}/pairs: 13 files", *TRAINED)),
    Case("training", "warping", STORED | DEBUG | {"start": str(DEFAULT_BUNDLE)}, ("reads start", *TRAINED)),
    Case("training", "editing", STORED | DEBUG | {"warping": "{}/warping"}, ("gate_weight 1.0", *TRAINED)),
    Case(
        "training",
        "refinement",
        STORED | DEBUG | {"real": "{}/real", "editing": "{}/warping", "extractor": ONNX["extractor"]},
        ("{}/real: 13 files", "expression_weight 80.0", *TRAINED),
    ),
    Case(
        "training",
        "export",
        ONNX
        | {"run": "{}/warping", "provenance": "{}/described.json", "metrics": "{}/described.json"}
        | {"preset": "debug", "speech": "{}/speech"},
        ("audio.safetensors, renderer.safetensors",),
    ),
    Case("training.extractor", "detector", FACES | {"steps": "3"}, ("3 portraits", "detector.onnx", *TRAINED)),
    Case("training.extractor", "clips", {"data": "{}/data", "labeller": "extractor"}, ("9 clips", "2 of 2")),
    Case(
        "training.extractor",
        "regressor",
        FACES | {"steps": "3", "detector": ONNX["detector"], "searched": "4", "shape-faces": "400"},
        ("anchor_emphasis 3.0", "extractor.onnx", "12000 samples", *TRAINED),
    ),
    Case("training.audio", "record", {"data": "{}/data", "labeller": "extractor"}, ("9 clips", "9 of 9")),
    Case(
        "training.audio",
        "corpus",
        {"data": "{}/data", "recordings": "{}/recordings"},
        ("{}/recordings: 8",),
        ("espeak-ng", "eSpeak NG is missing"),
    ),
    Case(
        "training.audio",
        "train",
        DEBUG | {"corpus": "{}/corpus", "frames": "40"},
        ("8 recorded", "mouth_weight 1.0", *TRAINED),
    ),
    Case("training.audio", "export", {"run": "{}/speech", "bundle": "{}/bundle", "preset": "debug"}, ("replaced",)),
    Case("training.pirender", "prepare", {"videos": "{}/videos", "bundle": str(DEFAULT_BUNDLE)}, (": 1", "arkit")),
    Case(
        "training.pirender",
        "train",
        DEBUG | {"clips": "{}/clips.lmdb", "loss": "pyramid", "warping-steps": "1", "workers": "0"},
        ("3 of 2 people", "style_weight 1000.0", *TRAINED),
    ),
    Case("training.pirender", "export", {"run": "{}/pirender", "bundle": str(DEFAULT_BUNDLE)}, ("1 steps", "arkit")),
]


def dry_run(case: Case, folder: Path, out: Path) -> tuple[int, str, BaseException | None]:
    """Exit status, output and error of a command's dry run."""
    named = {("training.audio", "export"): "", ("training.audio", "corpus"): "--corpus"}
    option = named.get((case.app, case.command), "--out")
    where = [option, str(out)] if option else []
    words = [word.format(folder) for word in case.words]
    result = CliRunner().invoke(APPS[case.app], [case.command, *words, *where, "--dry-run"])
    return result.exit_code, result.output, result.exception


def contents(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix != ".lmdb-lock"}


def test_every_command_is_tried() -> None:
    named = {
        (app, command.name or (command.callback.__name__.replace("_", "-") if command.callback else ""))
        for app, commands in APPS.items()
        for command in commands.registered_commands
    }
    assert named - {("training", "data")} == {(case.app, case.command) for case in CASES}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.app} {case.command}")
def test_a_dry_run_prints_the_plan_and_writes_nothing(case: Case, folder: Path, tmp_path: Path) -> None:
    before = contents(folder)
    status, shown, error = dry_run(case, folder, tmp_path / "out")
    if case.library is not None and ctypes.util.find_library(case.library[0]) is None:
        assert case.library[1] in str(error)
        return
    assert status == 0, error
    assert f"{case.app} {case.command}" in shown
    assert "writes" in shown
    assert [text for text in case.plan if text.format(folder) not in shown] == [], shown
    assert not (tmp_path / "out").exists()
    assert contents(folder) == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.app} {case.command}")
def test_a_dry_run_says_what_is_missing(case: Case, tmp_path: Path) -> None:
    """Every input is opened: none of them is there."""
    (tmp_path / "data").mkdir()
    status, shown, error = dry_run(case, tmp_path, tmp_path / "out")
    assert status != 0, shown
    assert error is not None
    # 2: an option's path is not there. The rest ends a command with one sentence.
    assert error.code == 2 if isinstance(error, SystemExit) else isinstance(error, PortraitError | OSError), error
    assert not (tmp_path / "out").exists()


def test_gradients_are_taken_in_one_loop() -> None:
    """Every training makes its steps in the trainer; the fit of the expression head is a solver of its own."""
    stepping = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "training").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "backward"
    }
    assert stepping == {"training/trainer.py", "training/extractor/fit_expression_head.py"}


def test_loss_weights_of_the_command_line_reach_the_record(folder: Path, tmp_path: Path) -> None:
    words = ["warping", "--pairs", f"{folder}/pairs", "--out", str(tmp_path / "run"), "--preset", "debug"]
    words += ["--batch-size", "2", "--steps", "1", "--detail-weight", "2.5", "--seed", "9"]
    assert CliRunner().invoke(APPS["training"], words).exit_code == 0
    options = json.loads((tmp_path / "run" / "run.json").read_text())["options"]
    assert (options["detail_weight"], options["seed"]) == (2.5, 9)
    refused = CliRunner().invoke(APPS["training"], [*words[:-1], "8"])
    assert isinstance(refused.exception, TrainingDataError)
    assert "seed 9, now 8" in str(refused.exception)
    assert CliRunner().invoke(APPS["training"], [*words[:-1], "8", "--resume-with-changes"]).exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--device", "nowhere"), "--device nowhere"),
        (("--stream", "{}/data", "--real", "{}/real"), "leave it or --stream"),
    ],
)
def test_options_that_cannot_be_are_refused(folder: Path, words: tuple[str, ...], message: str) -> None:
    given = ["warping", "--pairs", f"{folder}/pairs", "--dry-run", *(word.format(folder) for word in words)]
    refused = CliRunner().invoke(APPS["training"], given).exception
    assert isinstance(refused, TrainingDataError)
    assert message in str(refused)
