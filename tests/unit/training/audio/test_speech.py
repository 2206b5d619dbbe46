"""A run learns from a corpus, stops and resumes, and becomes part of a bundle."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.speech.change import head_change, mouth_at_rest, mouth_change
from datasets.speech.items import save_items
from datasets.speech.recordings import RecordedClip
from models.bundle import draft_bundle, load_speech, open_bundle, write_bundle
from models.errors import BundleError, TrainingDataError
from tests.bundles import write_speaking_bundle
from training.audio.corpus_builder import _item
from training.audio.export import add_speech, trained_speech
from training.audio.speech import SpeechOptions, speech_trainer


@pytest.fixture(scope="module")
def corpus(recordings: list[RecordedClip], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    rest = mouth_at_rest(recordings)
    items = [_item(r.sound, mouth_change(r, rest), head_change(r)) for r in recordings]
    save_items(folder / "recorded-0000.npz", items)
    save_items(folder / "heldout_recorded.npz", items)
    return folder


def log_of(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_likelihood_grows_and_a_stopped_run_goes_on(corpus: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    for steps, rate in ((10, 5e-3), (100, 1e-2)):
        options = SpeechOptions(
            steps, 4, rate, frames=40, preset="debug", log_every=10, save_every=10, resume_with_changes=True
        )
        speech_trainer(corpus, run, options).train()
    log = log_of(run)
    assert [line["step"] for line in log] == list(range(10, 110, 10))
    assert log[-1]["head"] < log[0]["head"] - 0.1
    assert log[-1]["jaw_heldout_recorded"] > 0.6, "the jaw of these recordings is as loud as their tone"
    assert np.isfinite([log[-1]["mouth_heldout_recorded"], log[-1]["head_heldout_recorded"]]).all()

    bundle = write_speaking_bundle(tmp_path / "bundle", {"data": ["photos"]})
    rendering = open_bundle(bundle).path("renderer.safetensors").read_bytes()
    for correlation in (0.5, 0.8):  # the second one replaces the first
        add_speech(run, bundle, "debug", {"corpus": "drawn"}, {"lip_correlation": correlation}, version="2")
    opened = open_bundle(bundle)
    assert opened.path("renderer.safetensors").read_bytes() == rendering
    assert opened.manifest.provenance == {"data": ["photos"], "speech": {"corpus": "drawn"}}
    assert opened.manifest.metrics == {"lip_correlation": 0.8}
    assert (opened.manifest.name, opened.manifest.version) == ("untrained", "2")
    record = opened.manifest.runs["audio.safetensors"]
    assert isinstance(record, dict)
    assert record["command"] == "training.audio train"
    assert "path" not in record["data"]["corpus"], "a bundle does not tell where its trainer's files lay"  # type: ignore[index,operator,call-overload]
    speech = load_speech(opened, torch.device("cpu"))
    motion = np.concatenate(list(speech.sample([np.zeros(16_000, np.float32)], seed=0, temperature=1)))
    assert motion.shape == (25, 59)
    assert np.isfinite(motion).all()


def test_a_corpus_of_other_kinds_is_refused_by_name(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "other-0000.npz").write_bytes((corpus / "recorded-0000.npz").read_bytes())
    with pytest.raises(TrainingDataError, match="no shards of the kinds recorded, spoken, non_speech"):
        speech_trainer(tmp_path, tmp_path / "run", SpeechOptions(preset="debug"))


def test_speech_of_another_preset_is_refused(tmp_path: Path) -> None:
    write_bundle(draft_bundle(tmp_path / "bundle", {}, "small", "arkit", "Apache-2.0", {}, {}))
    with pytest.raises(TrainingDataError, match="small"):
        add_speech(tmp_path, tmp_path / "bundle", "debug", {}, {})
    with pytest.raises(TrainingDataError, match=r"state\.pt"):
        add_speech(tmp_path, tmp_path / "bundle", "small", {}, {})


def test_windows_longer_than_an_item_are_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="--frames 75"):
        speech_trainer(corpus, tmp_path / "run", SpeechOptions(preset="debug"))


def test_a_run_goes_on_from_a_bundle(corpus: Path, tmp_path: Path) -> None:
    bundle = write_speaking_bundle(tmp_path / "bundle")
    options = SpeechOptions(1, 4, 0.0, frames=40, preset="debug")
    taken = speech_trainer(corpus, tmp_path / "run", options, bundle).model.state_dict()
    known = load_speech(open_bundle(bundle), torch.device("cpu")).network.state_dict()
    assert known.keys() == taken.keys()
    assert all(torch.equal(taken[name], value) for name, value in known.items())
    with pytest.raises(BundleError, match="preset"):
        speech_trainer(corpus, tmp_path / "other", SpeechOptions(1, 4, frames=40, preset="small"), bundle)


def test_a_bundle_may_keep_a_part_of_its_own_speech(corpus: Path, tmp_path: Path) -> None:
    bundle = write_speaking_bundle(tmp_path / "bundle")
    before = load_speech(open_bundle(bundle), torch.device("cpu")).network.state_dict()
    options = SpeechOptions(30, 4, 0.1, frames=40, preset="debug", averaging=0)
    speech_trainer(corpus, tmp_path / "run", options, bundle).train()
    learnt = trained_speech(tmp_path / "run", "debug").state_dict()
    after = load_speech(add_speech(tmp_path / "run", bundle, "debug", {}, {}, fraction=0.25), torch.device("cpu"))
    name = "mouth.condition.0.weight"
    expected = 0.75 * before[name] + 0.25 * learnt[name]
    assert torch.allclose(after.network.state_dict()[name], expected, atol=1e-3)
    assert not torch.allclose(learnt[name], before[name], atol=1e-2)
