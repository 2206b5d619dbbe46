"""How much memory an object keeps: the arrays and tensors that it leads to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
from torch import Tensor


def held_bytes(root: object, shared: Collection[object] = ()) -> int:
    """Bytes of all arrays and tensors that can be reached from an object, each block of memory once.

    Args:
        root: an array, a tensor, a collection of them, or an object of this package that has any among its attributes.
        shared: objects that live on without the root: neither they nor what only they lead to counts.
    """
    seen, found = {id(one) for one in shared}, 0
    waiting, blocks = [root], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            if isinstance(one.base, np.ndarray):
                waiting.append(one.base)
            else:
                found += one.nbytes
        elif isinstance(one, Tensor):
            storage = one.untyped_storage()
            found += storage.nbytes() if storage.data_ptr() not in blocks else 0
            blocks.add(storage.data_ptr())
        else:
            waiting += _parts(one)
    return found


def _parts(one: Any) -> Iterator[object]:
    if isinstance(one, Mapping):
        return iter(one.values())
    if isinstance(one, list | tuple):
        return iter(one)
    of_ours = type(one).__module__.partition(".")[0] == __name__.partition(".")[0]
    return iter([*vars(one).values()]) if of_ours and hasattr(one, "__dict__") else iter(())
