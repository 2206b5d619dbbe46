"""Where the sound of a motion is: what a motion document says of it, in JSON and npz, written and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from models.errors import MotionError

_MOST_OFFSET_S = 3600.0
_LONGEST_ID = 128

SoundClock = Literal["picture", "sound"]


@dataclass(frozen=True)
class SoundReference:
    """The sound of a motion, which is stored elsewhere.

    Attributes:
        source_id: what has the sound: an upload, or a stored motion.
        offset_s: seconds of that sound at the motion's time 0; below 0 the motion begins before it.
        clock: what these are counted from: a video's first "picture", or the first sample of the "sound" itself, as
            in a file without a picture.
    """

    source_id: str
    offset_s: float = 0.0
    clock: SoundClock = "picture"

    def document(self) -> dict[str, Any]:
        """The entry `sound` of a JSON document."""
        return {"source_id": self.source_id, "offset_s": self.offset_s, "clock": self.clock}

    @classmethod
    def read(cls, entry: object) -> SoundReference | None:
        """From the entry of a JSON document; None where that is null. Raises MotionError, which says what to change."""
        if entry is None:
            return None
        if not isinstance(entry, Mapping) or not isinstance(entry.get("source_id"), str):
            raise MotionError("sound has no source_id: name an upload that has the sound, or make it null.")
        return cls._checked(entry["source_id"], entry.get("offset_s", 0), entry.get("clock", "picture"))

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> SoundReference | None:
        """From the arrays of an npz: `sound` (an id, empty for none), `sound_offset_s` and `sound_clock`.

        Raises MotionError.
        """
        if "sound" not in arrays or not str(arrays["sound"]):
            return None
        offset_s = float(arrays["sound_offset_s"]) if "sound_offset_s" in arrays else 0
        clock = str(arrays["sound_clock"]) if "sound_clock" in arrays else "picture"
        return cls._checked(str(arrays["sound"]), offset_s, clock)

    @classmethod
    def _checked(cls, source_id: str, offset_s: object, clock: object) -> SoundReference:
        if not 0 < len(source_id) <= _LONGEST_ID:
            raise MotionError(f"sound.source_id has {len(source_id):,} characters: send an id of 1 to {_LONGEST_ID}.")
        number = isinstance(offset_s, int | float) and not isinstance(offset_s, bool)
        if not number or not -_MOST_OFFSET_S <= offset_s <= _MOST_OFFSET_S:  # type: ignore[operator]
            raise MotionError(f"sound.offset_s is {str(offset_s)[:40]}: send seconds, at most {_MOST_OFFSET_S:g}.")
        if clock not in get_args(SoundClock):
            raise MotionError(f"sound.clock is {str(clock)[:40]}: send {' or '.join(get_args(SoundClock))}.")
        return cls(source_id, float(offset_s), cast(SoundClock, clock))  # type: ignore[arg-type]


def sound_arrays(sound: SoundReference | None) -> dict[str, NDArray[Any]]:
    """The arrays of an npz that name the sound."""
    return {
        "sound": np.array("" if sound is None else sound.source_id),
        "sound_offset_s": np.array(0.0 if sound is None else sound.offset_s),
        "sound_clock": np.array("picture" if sound is None else sound.clock),
    }
