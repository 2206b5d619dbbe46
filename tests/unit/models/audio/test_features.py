"""Features and blocks do not depend on how a sound was cut, and say where in the sound they are."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from models.audio.features import BANDS, BLOCK, FRAME, HOPS_PER_FRAME, SAMPLE_RATE, LogMel, padded, sample_windows


def tone(frequency: float, samples: int) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * frequency * np.arange(samples) / SAMPLE_RATE)).astype(np.float32)


@pytest.mark.parametrize("samples", [0, 1, FRAME, FRAME + 1, BLOCK * FRAME, 3 * BLOCK * FRAME + 77])
def test_blocks_are_the_same_however_a_sound_is_cut(samples: int) -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, samples).astype(np.float32)
    whole = list(sample_windows([sound], 5, 10))
    cut = list(sample_windows(np.array_split(sound, 13), 5, 10))
    crumbs = list(sample_windows((sound[i : i + 997] for i in range(0, samples, 997)), 5, 10))
    assert sum(frames for _, frames in whole) == math.ceil(samples / FRAME)
    for other in (cut, crumbs):
        assert [frames for _, frames in other] == [frames for _, frames in whole]
        assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(other, whole, strict=True))


def test_blocks_hold_the_sound_where_they_say() -> None:
    sound = np.arange(1, 3 * BLOCK * FRAME, dtype=np.float32)
    for block, (window, _) in enumerate(sample_windows([sound], 5, 10)):
        edge = (len(window) - 40 * FRAME) // 2
        first = window[edge + 5 * FRAME : edge + 6 * FRAME]
        assert np.array_equal(first, sound[block * BLOCK * FRAME :][:FRAME])


def test_features_of_blocks_are_those_of_the_whole_sound() -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, 60 * FRAME).astype(np.float32)
    mel = LogMel()
    whole = mel(padded(torch.from_numpy(sound)[None]))[0]
    assert whole.shape == (60 * HOPS_PER_FRAME, BANDS)
    blocks = [mel(torch.from_numpy(window)[None])[0] for window, _ in sample_windows([sound], 5, 10)]
    inner = torch.cat([block[5 * HOPS_PER_FRAME : -10 * HOPS_PER_FRAME] for block in blocks])
    assert torch.allclose(inner[: len(whole)], whole, atol=1e-4)


def test_a_tone_lights_the_band_it_lies_in_while_it_sounds() -> None:
    sound = np.concatenate([np.zeros(10 * FRAME, np.float32), tone(1000, 10 * FRAME)])
    features = LogMel()(padded(torch.from_numpy(sound)[None]))[0]
    silent, sounding = features[: 9 * HOPS_PER_FRAME], features[11 * HOPS_PER_FRAME :]
    band = int(sounding.mean(0).argmax())
    assert (sounding[:, band] - silent.max()).min() > 2
    low, high = (int(LogMel()(padded(torch.from_numpy(tone(f, 9999))[None]))[0].mean(0).argmax()) for f in (500, 2000))
    assert low < band < high


def test_a_warped_filter_bank_hears_another_vocal_tract() -> None:
    sound = padded(torch.from_numpy(tone(1200, 20 * FRAME))[None])
    plain, warped = (int(LogMel(warp)(sound)[0].mean(0).argmax()) for warp in (1.0, 1.2))
    equal = int(LogMel()(padded(torch.from_numpy(tone(1000, 20 * FRAME))[None]))[0].mean(0).argmax())
    assert warped == equal < plain
