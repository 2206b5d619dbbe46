"""From numbered samples to the batches that the extractor's networks train on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader, Dataset

Batch = dict[str, Tensor]
Draw = Callable[[int], Any]


def as_input(pictures: Tensor) -> Tensor:
    """uint8 [N, H, W, 3] -> [N, 3, H, W] in [-1, 1]; NHWC in memory, the fast layout on a CPU."""
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1


class _Numbered(Dataset[Any]):
    """Samples `first` to `end` - 1; their numbers seed them, so that a resumed run draws what an unbroken one would."""

    def __init__(self, draw: Draw, first: int, end: int) -> None:
        self._draw, self._first, self._length = draw, first, end - first

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Any:
        return self._draw(self._first + index)


def batches(draw: Draw, size: int, steps: range, workers: int) -> Iterator[Batch]:
    """The batches of some steps of a run: step s has the samples s · size to (s + 1) · size - 1.

    Args:
        draw: sample number -> a dictionary of arrays.
        workers: processes that draw.
    """
    samples = _Numbered(draw, steps.start * size, steps.stop * size)
    return iter(DataLoader(samples, size, num_workers=workers, drop_last=True))
