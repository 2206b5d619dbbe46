"""Batches that shrink when memory runs out."""

from __future__ import annotations

import pytest
import torch

from models.errors import RenderMemoryError
from models.renderer.memory import in_batches

EXHAUSTED = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("CUDA error: out of memory"),
    MemoryError(),
]


def renderer(most: int, error: Exception, sizes: list[int]):  # type: ignore[no-untyped-def]
    def render(start: int, stop: int) -> list[int]:
        sizes.append(stop - start)
        if stop - start > most:
            raise error
        return list(range(start, stop))

    return render


@pytest.mark.parametrize("error", EXHAUSTED, ids=lambda error: type(error).__name__)
def test_one_exhaustion_halves_the_batch_and_loses_no_frame(error: Exception) -> None:
    sizes: list[int] = []
    frames = [frame for batch in in_batches(renderer(3, error, sizes), 11, 8) for frame in batch]
    assert frames == list(range(11))
    assert sizes == [8, 4, 2, 2, 2, 2, 2, 1], "and it stays halved"


def test_whole_batches_begin_with_frames_that_were_made_before() -> None:
    sizes: list[int] = []
    batches = [list(batch) for batch in in_batches(renderer(8, MemoryError(), sizes), 11, 8, whole=True)]
    assert batches == [list(range(8)), [8, 9, 10]]
    assert sizes == [8, 8]
    sizes.clear()
    assert list(in_batches(renderer(8, MemoryError(), sizes), 3, 8, whole=True)) == [[0, 1, 2]]
    assert sizes == [3], "fewer frames than a batch stay fewer"
    sizes.clear()
    frames = [frame for batch in in_batches(renderer(3, MemoryError(), sizes), 11, 8, whole=True) for frame in batch]
    assert frames == list(range(11))
    assert sizes == [8, 4, 2, 2, 2, 2, 2, 2]


def test_a_single_frame_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(RenderMemoryError, match="smaller"):
        list(in_batches(renderer(0, EXHAUSTED[0], []), 4, 4))


def test_other_errors_are_not_taken_for_exhaustion() -> None:
    sizes: list[int] = []
    with pytest.raises(RuntimeError, match="shape"):
        list(in_batches(renderer(0, RuntimeError("shape mismatch"), sizes), 4, 4))
    assert sizes == [4]


def test_batches_come_as_they_are_read() -> None:
    sizes: list[int] = []
    batches = in_batches(renderer(8, MemoryError(), sizes), 20, 8)
    assert sizes == []
    next(batches)
    assert sizes == [8]
