"""What drawing a photo needs before its first frame, kept for the photo's later frames."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from models.extractor import Crop
from models.held_bytes import held_bytes
from models.renderer.layers.compose import LayeredSource
from models.renderer.palette import Palette
from models.renderer.synthesis import Seam

KEPT_WAYS = 2
"""Ways of drawing that a photo keeps prepared: a preview's size and the result's."""


@dataclass(frozen=True)
class Way:
    """How a photo is drawn.

    Attributes:
        by: what draws it; another bundle prepares other things.
        size: side of the crops that come out; None pastes them back into the photo.
        layers: whether the face model is drawn over what the networks make.
    """

    by: object
    size: int | None
    layers: bool


@dataclass(frozen=True, eq=False)
class PreparedPhoto:
    """One photo, ready to be drawn in one way.

    Attributes:
        square: of the face.
        network: the crop as the networks see it, [1, 3, 256, 256] on the device.
        palette: its colours.
        shown: the crop as it comes out: a tensor [1, 3, S, S], or with layers.
        seam: where crops go back into the photo; None where they come out as they are.
        shared: objects that live on without it.
    """

    square: Crop
    network: Tensor
    palette: Palette
    shown: Tensor | LayeredSource
    seam: Seam | None
    shared: tuple[object, ...] = ()

    @property
    def nbytes(self) -> int:
        """Memory that it keeps; some of it is made only when a frame needs it."""
        return held_bytes(self, self.shared)


@dataclass(eq=False)
class PreparedPhotos:
    """What was prepared of one photo, for the ways in which it was drawn last. Any thread may use it."""

    _ready: OrderedDict[Way, PreparedPhoto] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _looked_up: Callable[[bool], None] | None = None

    def watch(self, looked_up: Callable[[bool], None]) -> None:
        """Have every lookup reported from now on: whether it found what was prepared before."""
        self._looked_up = looked_up

    def get(self, way: Way, prepare: Callable[[], PreparedPhoto]) -> PreparedPhoto:
        """As it was prepared before, or prepared now."""
        with self._lock:
            found = self._ready.get(way)
            if found is not None:
                self._ready.move_to_end(way)
        if self._looked_up is not None:
            self._looked_up(found is not None)
        if found is not None:
            return found
        prepared = prepare()
        with self._lock:
            self._ready[way] = prepared
            while len(self._ready) > KEPT_WAYS:
                self._ready.popitem(last=False)
        return prepared

    @property
    def nbytes(self) -> int:
        """Memory that all of it keeps."""
        with self._lock:
            return sum(prepared.nbytes for prepared in self._ready.values())
