"""What run.json holds, and what resuming with other options says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from models.errors import TrainingDataError
from tests.shift_pairs import write_shift_pairs
from training.pairs.source import StoredPairs
from training.record import RunRecord, record_behind
from training.renderer.losses import FlowLoss
from training.renderer.warping import WarpingOptions, warping_trainer
from training.run_folder import RunFolder, load_state

OPTIONS = WarpingOptions(2, 2, 3e-3, preset="debug", seed=5, losses=FlowLoss(detail_weight=4.0))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shift_pairs(tmp_path_factory.mktemp("pairs") / "pairs")


@pytest.fixture
def run(pairs: Path, tmp_path: Path) -> Path:
    """A finished run of two steps."""
    warping_trainer(StoredPairs(pairs), tmp_path / "run", OPTIONS).train()
    return tmp_path / "run"


def record_of(run: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((run / "run.json").read_text())
    return record


def test_a_run_records_all_that_it_follows_from(run: Path, pairs: Path) -> None:
    record = record_of(run)
    assert record["command"] == "training warping"
    expected = {"steps": 2, "batch_size": 2, "learning_rate": 3e-3, "seed": 5, "averaging": 0.999, "preset": "debug"}
    expected |= {"compile": False, "device": "cpu", "off_mesh_weight": 0.3, "detail_weight": 4.0}
    expected |= {"quadratic_weight": 0.125, "absolute_weight": 1.0, "relative_weight": 1.0}
    assert record["options"] == expected
    assert record["data"].keys() == {"pairs"}
    assert record["data"]["pairs"]["path"] == str(pairs)
    assert record["data"]["pairs"]["files"] == 13
    assert record["packages"]["torch"] == torch.__version__
    assert record["git"] is None or len(record["git"]["revision"]) == 40
    assert record["changes"] == []


def test_the_same_options_resume(run: Path, pairs: Path) -> None:
    before = record_of(run)
    trainer = warping_trainer(StoredPairs(pairs), run, OPTIONS)
    assert trainer.step == 2
    trainer.train()
    assert record_of(run) == before


def test_other_options_are_refused_and_each_is_named(run: Path, pairs: Path, tmp_path: Path) -> None:
    before = record_of(run)
    losses = FlowLoss(detail_weight=6.0)
    others = replace(OPTIONS, steps=3, seed=6, losses=losses, log_every=7, save_every=9)
    with pytest.raises(TrainingDataError) as error:
        warping_trainer(StoredPairs(pairs), run, others)
    message = str(error.value)
    for named in ("steps 2, now 3", "seed 5, now 6", "detail_weight 4.0, now 6.0", "--resume-with-changes"):
        assert named in message
    assert "log_every" not in message, "how often is logged does not change the result"
    assert "learning_rate" not in message
    with pytest.raises(TrainingDataError, match="the data of pairs"):
        warping_trainer(StoredPairs(write_shift_pairs(tmp_path / "more", 20)), run, OPTIONS)
    with pytest.raises(TrainingDataError, match="preset debug, now small"):
        warping_trainer(StoredPairs(pairs), run, replace(OPTIONS, preset="small"))
    assert record_of(run) == before


@pytest.mark.slow
def test_changes_that_are_wanted_are_recorded(run: Path, pairs: Path) -> None:
    begun = record_of(run)["begun"]
    for steps in (3, 4):
        longer = replace(OPTIONS, steps=steps, resume_with_changes=True)
        warping_trainer(StoredPairs(pairs), run, longer).train()
    record = record_of(run)
    assert (record["begun"], record["options"]["steps"]) == (begun, 4)
    assert [(change["step"], change["changed"]) for change in record["changes"]] == [
        (2, ["steps 2, now 3"]),
        (3, ["steps 3, now 4"]),
    ]
    assert load_state(run)["step"] == 4


def test_other_code_is_no_reason_to_refuse_but_is_recorded(run: Path) -> None:
    earlier = RunRecord.read(run)
    assert earlier is not None
    revised = replace(earlier, git={"revision": "f" * 40, "dirty": False}, packages={"torch": "9"})
    RunFolder(run, revised).begin(2)
    (change,) = record_of(run)["changes"]
    assert (change["step"], change["changed"]) == (2, [])
    assert (change["git"]["revision"], change["packages"]) == ("f" * 40, {"torch": "9"})
    assert record_of(run)["packages"] == earlier.packages, "what the run began with"
    RunFolder(run, revised).begin(2)
    assert len(record_of(run)["changes"]) == 1, "the same code again is no change"


def test_a_state_without_a_record_is_refused(run: Path, pairs: Path) -> None:
    (run / "run.json").unlink()
    with pytest.raises(TrainingDataError, match=r"no run\.json"):
        warping_trainer(StoredPairs(pairs), run, OPTIONS)


def test_a_damaged_record_is_an_error_that_names_it(run: Path, pairs: Path) -> None:
    (run / "run.json").write_text("{")
    with pytest.raises(TrainingDataError, match=r"run\.json is no record"):
        warping_trainer(StoredPairs(pairs), run, OPTIONS)


def test_an_interrupted_save_leaves_the_state_before(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(state: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", broken)
    record = RunRecord.read(run)
    assert record is not None
    with pytest.raises(KeyboardInterrupt):
        RunFolder(run, record).save({"step": 9})
    assert load_state(run)["step"] == 2


def test_the_record_of_weights_is_found_but_for_its_paths(run: Path, tmp_path: Path) -> None:
    for path in (run, run / "state.pt"):
        document = record_behind(path)
        assert isinstance(document, dict)
        assert document["options"] == record_of(run)["options"]
        assert str(tmp_path) not in json.dumps(document)
    assert record_behind(tmp_path / "nowhere") is None
