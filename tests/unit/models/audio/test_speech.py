"""Sampling: length, determinism, streaming, and strict loading from a bundle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from models.audio import FILE, SpeechMotion, SpeechNetwork
from models.audio.presets import SPEECH_PRESETS
from models.bundle import draft_bundle, load_speech
from models.coefficients import ARKIT
from models.errors import BundleError, ControlError
from models.tensors import save_tensors


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return np.random.default_rng(5).normal(0, 0.1, 40_000).clip(-1, 1).astype(np.float32)


def drawn(speech: SpeechMotion, *chunks: np.ndarray, seed: int = 1, temperature: float = 1.0) -> np.ndarray:
    return np.concatenate(list(speech.sample(chunks, seed=seed, temperature=temperature)))


def test_a_motion_is_as_long_as_its_sound(speech: SpeechMotion, sound: np.ndarray) -> None:
    motion = drawn(speech, sound)
    assert motion.shape == (63, 59)
    assert motion.dtype == np.float32
    assert list(speech.sample([], seed=0)) == []
    assert len(drawn(speech, sound[:1])) == 1


def test_equal_seeds_give_equal_motions_however_the_sound_is_cut(speech: SpeechMotion, sound: np.ndarray) -> None:
    assert np.array_equal(drawn(speech, sound), drawn(speech, *np.array_split(sound, 7)))
    assert not np.allclose(drawn(speech, sound), drawn(speech, sound, seed=2))


def test_the_sound_decides(speech: SpeechMotion, sound: np.ndarray) -> None:
    other = drawn(speech, sound[::-1].copy(), temperature=0)
    assert not np.allclose(drawn(speech, sound, temperature=0), other)


def test_temperature_zero_leaves_only_blinks_to_the_seed(speech: SpeechMotion, sound: np.ndarray) -> None:
    first, second = (drawn(speech, sound, seed=seed, temperature=0) for seed in (1, 2))
    differs = np.flatnonzero(np.abs(first - second).max(0) > 0)
    assert set(differs) <= {ARKIT.index["eyeBlinkLeft"], ARKIT.index["eyeBlinkRight"]}
    assert drawn(speech, sound, temperature=1).std() > drawn(speech, sound, temperature=0.2).std()


def test_both_sides_of_the_face_speak_nearly_alike(speech: SpeechMotion, sound: np.ndarray) -> None:
    motion = drawn(speech, sound)
    for left, right in ARKIT.shorthands.values():
        if not left.startswith("eyeLook"):
            one, other = motion[:, ARKIT.index[left]], motion[:, ARKIT.index[right]]
            assert np.abs(one - other).max() <= 0.21 * np.abs(one).max()


def test_a_chunk_leaves_before_the_sound_has_ended(speech: SpeechMotion) -> None:
    read = []

    def endless() -> Iterator[np.ndarray]:
        while True:
            read.append(1)
            yield np.zeros(16_000, np.float32)

    chunks = speech.sample(endless(), seed=0)
    assert len(next(chunks)) == 18, "lips wait for seven frames more"
    assert len(read) == 2, "a second and the little that it looks ahead"


def test_broken_samples_are_silence(speech: SpeechMotion, sound: np.ndarray) -> None:
    broken = sound.copy()
    broken[100:200] = np.nan
    assert np.isfinite(drawn(speech, broken)).all()


@pytest.mark.parametrize("temperature", [-1, float("nan"), float("inf")])
def test_a_temperature_that_is_none_is_refused(speech: SpeechMotion, temperature: float) -> None:
    with pytest.raises(ControlError, match="temperature"):
        speech.sample([], seed=0, temperature=temperature)


def test_a_bundle_gives_back_the_network(network: SpeechNetwork, tmp_path: Path, sound: np.ndarray) -> None:
    save_tensors(network, tmp_path / FILE)
    files = {FILE: tmp_path / FILE}
    bundle = draft_bundle(tmp_path / "bundle", files, "debug", "arkit", "Apache-2.0", {}, {})
    loaded = load_speech(bundle, torch.device("cpu"))
    assert np.allclose(drawn(loaded, sound), drawn(SpeechMotion(network, torch.device("cpu")), sound), atol=0.05)
    for preset, space, message in (("small", "arkit", "shape|lacks"), ("paper", "bfm", "remove")):
        other = draft_bundle(tmp_path / preset, files, preset, space, "Apache-2.0", {}, {})
        with pytest.raises(BundleError, match=message):
            load_speech(other, torch.device("cpu"))


@pytest.mark.parametrize("name", list(SPEECH_PRESETS))
def test_the_released_size_fits_the_bundle(name: str) -> None:
    assert sum(p.numel() for p in SpeechNetwork(SPEECH_PRESETS[name]).parameters()) * 2 < 15e6
