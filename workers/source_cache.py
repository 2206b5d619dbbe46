"""What a worker keeps of the photos that it has read, so that the next job on one need not read it again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from workers import metrics
from workers.contract.kinds.common import FaceChoice

if TYPE_CHECKING:
    from models.portrait import Source

ENTRY_BYTES = 8192
"""Of an entry beside its picture: landmarks, coefficients and the objects themselves."""


class SourceKey(NamedTuple):
    """Whose photo, the SHA-256 of its bytes, and the requested face. Owners share nothing, not even the same photo."""

    owner: str
    source_id: str
    face: FaceChoice


class SourceCache:
    """The photos that were used last, as many as the bytes allow. Any thread may use it.

    It knows nothing of who may read what: look the source up in the registry first.

    Args:
        max_bytes: of all entries together; 0 keeps nothing.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes, self._bytes = max_bytes, 0
        self._entries: OrderedDict[SourceKey, Source] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: SourceKey) -> Source | None:
        """The photo as it was read before; None where it has to be read. Its picture cannot be written to."""
        with self._lock:
            source = self._entries.get(key)
            if source is not None:
                self._entries.move_to_end(key)
        metrics.count_source_lookup(found=source is not None)
        return source

    def put(self, key: SourceKey, source: Source) -> None:
        """Keep a photo, and let go of those that were not used for longest; one that is too large is not kept."""
        source.image.setflags(write=False)  # what one job did to it, the next would show
        with self._lock:
            self._drop(key)
            if _size(source) <= self._max_bytes:
                self._entries[key] = source
                self._bytes += _size(source)
            while self._bytes > self._max_bytes:
                self._drop(next(iter(self._entries)))
            metrics.set_source_bytes(self._bytes)

    def forget(self, owner: str, source_id: str) -> None:
        """Let go of a photo, whichever face was requested."""
        with self._lock:
            for key in [key for key in self._entries if key[:2] == (owner, source_id)]:
                self._drop(key)
            metrics.set_source_bytes(self._bytes)

    def _drop(self, key: SourceKey) -> None:
        source = self._entries.pop(key, None)
        if source is not None:
            self._bytes -= _size(source)


def _size(source: Source) -> int:
    return source.image.nbytes + ENTRY_BYTES
