"""What a worker keeps of the photos that it has read, so that the next job on one need not read it again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from workers import metrics
from workers.contract.kinds.common import FaceChoice
from workers.editor import Pixels

if TYPE_CHECKING:
    from models.portrait import Source

ENTRY_BYTES = 8192
"""Of a face beside its picture and what drawing it has prepared: landmarks, coefficients and the objects themselves."""


class SourceKey(NamedTuple):
    """Whose photo, the SHA-256 of its bytes, and the requested face. Owners share nothing, not even the same photo.

    A photo in which every face was read has the key `all`.
    """

    owner: str
    source_id: str
    face: FaceChoice | Literal["all"]


class SourceCache:
    """The photos that were used last, as many as the bytes allow. Any thread may use it.

    It knows nothing of who may read what: look the source up in the registry first. Photos grow while they are drawn;
    what has grown over the bound meanwhile goes at the next lookup.

    Args:
        max_bytes: of all entries together; 0 keeps nothing.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[SourceKey, Sequence[Source]] = OrderedDict()
        self._lock = threading.Lock()
        metrics.watch_source_bytes(self.nbytes, self.prepared_nbytes)

    def get(self, key: SourceKey) -> Sequence[Source] | None:
        """The faces as they were read before: one, or all for that key; None where they have to be read.

        Their picture cannot be written to.
        """
        with self._lock:
            found = self._find(key)
            self._trim()
        metrics.count_source_lookup(found=found is not None)
        return found

    def picture(self, owner: str, source_id: str) -> Pixels | None:
        """The photo as it was decoded before, whichever face was read in it; None too for one with transparency."""
        with self._lock:
            same = (faces for key, faces in self._entries.items() if key[:2] == (owner, source_id))
            return next((faces[0].image for faces in same if faces[0].alpha is None), None)

    def put(self, key: SourceKey, faces: Sequence[Source]) -> None:
        """Keep a photo with the faces that were read in it, and let go of those that were not used for longest.

        One without a face, or too large, is not kept.
        """
        for face in faces:
            face.image.setflags(write=False)  # what one job did to it, the next would show
            for prepared in (face.prepared, face.prepared_black):
                prepared.watch(metrics.count_prepared_lookup)
        with self._lock:
            self._entries.pop(key, None)
            if faces and _size([faces]) <= self._max_bytes:
                self._entries[key] = faces
            self._trim()

    def forget(self, owner: str, source_id: str | None) -> None:
        """Let go of a photo, whichever face was requested; None for all of the owner's."""
        with self._lock:
            for key in [key for key in self._entries if key.owner == owner and source_id in (None, key.source_id)]:
                del self._entries[key]

    def nbytes(self) -> int:
        """Memory of all that is kept."""
        with self._lock:
            return _size(self._entries.values())

    def prepared_nbytes(self) -> int:
        """Memory of what drawing them has prepared."""
        with self._lock:
            return _prepared_size(_faces(self._entries.values()))

    def _find(self, key: SourceKey) -> Sequence[Source] | None:
        """The entry of the key, or the face out of one of all faces, whose places are the indices."""
        faces = self._entries.get(key)
        if faces is not None:
            self._entries.move_to_end(key)
            return faces
        whole = key._replace(face="all")
        together = self._entries.get(whole)
        if together is None or not isinstance(key.face, int) or key.face >= len(together):
            return None
        self._entries.move_to_end(whole)
        return [together[key.face]]

    def _trim(self) -> None:
        while self._entries and _size(self._entries.values()) > self._max_bytes:
            self._entries.popitem(last=False)


def _size(entries: Iterable[Sequence[Source]]) -> int:
    """Bytes of entries; faces may share a picture, which counts once."""
    faces = _faces(entries)
    pictures = {id(face.image): face.image.nbytes + (0 if face.alpha is None else face.alpha.nbytes) for face in faces}
    return sum(pictures.values()) + _prepared_size(faces) + ENTRY_BYTES * len(faces)


def _faces(entries: Iterable[Sequence[Source]]) -> list[Source]:
    """The faces of entries, each once."""
    return list({id(face): face for entry in entries for face in entry}.values())


def _prepared_size(faces: Iterable[Source]) -> int:
    return sum(face.prepared.nbytes + face.prepared_black.nbytes for face in faces)
