"""Batches that shrink to the memory that there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch

from models.errors import RenderMemoryError

Frame = TypeVar("Frame")

# PyTorch tells an exhausted host, and some of CUDA's libraries an exhausted device, by the text of a RuntimeError.
_TEXTS = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed", "bad_alloc")


def in_batches(
    render: Callable[[int, int], Sequence[Frame]], count: int, batch: int, *, whole: bool = False
) -> Iterator[Sequence[Frame]]:
    """Frames that `render(start, stop)` makes, of `count` in all, `batch` at a time.

    When memory runs out the batch is halved and tried again, and stays so: the next would not fit either.

    Args:
        whole: the last batch is as large as the others and begins with frames that have been made already. Libraries
            compute batches of another size in another order, and equal descriptors would not give equal frames.

    Raises:
        RenderMemoryError: not even one frame fits.
    """
    start = 0
    while start < count:
        stop = min(start + batch, count)
        begin = max(0, stop - batch) if whole else start
        try:
            result = render(begin, stop)[start - begin :]
        except (MemoryError, RuntimeError) as error:
            if not _is_exhausted(error):
                raise
            if stop - begin == 1:
                raise RenderMemoryError(
                    "A single frame does not fit into the memory that is free: send a smaller photo, "
                    "or ask for a smaller output.size with paste_back false."
                ) from error
        else:
            yield result
            start = stop
            continue
        # After the except clause: until it ends, the error's traceback holds the tensors that did not fit.
        batch = (stop - begin) // 2
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()


def _is_exhausted(error: Exception) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(text in str(error).lower() for text in _TEXTS)


def gpu_memory() -> dict[str, int]:
    """Bytes of the GPU in use: `used` by all processes, `reserved` by this one, `total`; empty where there is none."""
    if not torch.cuda.is_initialized():
        return {}
    free, total = torch.cuda.mem_get_info()
    return {"used": total - free, "reserved": torch.cuda.memory_reserved(), "total": total}
