"""Moving averages of weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.averaging import Constant, Growing, WeightAverage


def test_memory_grows_with_the_run() -> None:
    decay = Growing(0.999)
    assert [decay(update) for update in (1, 2, 91, 10**6)] == pytest.approx([0, 2 / 11, 0.91, 0.999])
    gentle = Growing(0.998, lag=10, replaces_first=False)
    assert [gentle(update) for update in (1, 90, 10**6)] == pytest.approx([1 / 11, 0.9, 0.998])


def test_floats_are_averaged_and_counters_copied() -> None:
    norm = nn.BatchNorm1d(2)
    average = WeightAverage(norm, Constant(0.75))
    with torch.no_grad():
        norm.weight.fill_(5)
        norm.running_mean.fill_(4)
        norm.num_batches_tracked.fill_(7)
    average.update(1)
    kept = average.model
    assert kept.weight.tolist() == [2, 2]
    assert kept.running_mean.tolist() == [1, 1]
    assert kept.num_batches_tracked == 7
    assert not kept.training
    assert not any(parameter.requires_grad for parameter in kept.parameters())
