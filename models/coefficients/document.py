"""A motion as a document: the JSON and npz of `POST /extract`, written and read."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.coefficients.arkit import ARKIT
from models.coefficients.sound_reference import SoundReference, sound_arrays
from models.coefficients.space import CoefficientSpace
from models.errors import MotionError

MOST_BYTES = 256 * 1024 * 1024
"""Most that an npz may unpack to: a small file can hold gigabytes of zeros."""

_POSE = ("yaw", "pitch", "roll", "x", "y", "zoom")
_AGREE = 1e-3  # how far named values and raw coefficients of one frame may differ: both may have been rounded


@dataclass(frozen=True, eq=False)
class Motion:
    """A motion in time, of T frames and C coefficients.

    Attributes:
        space: what the coefficients mean.
        times: seconds, float64 [T], strictly rising.
        fps: frames a second; None for a still.
        coefficients: float32 [T, C].
        boxes: face boxes in pixels, float [T, 4] (x0, y0, x1, y1), NaN where the face was out of sight and its
            coefficients are bridged; None where nobody knows.
        scores: confidence of the boxes, float [T], NaN where there is none.
        landmarks: MediaPipe's 478 of the face in pixels of the picture, [T, 478, 2], NaN where the face was out of
            sight; None where they were not requested.
        sound: what is heard with it; None where nothing is.
    """

    space: CoefficientSpace
    times: NDArray[np.float64]
    fps: float | None
    coefficients: NDArray[np.float32]
    boxes: NDArray[np.floating] | None = None
    scores: NDArray[np.floating] | None = None
    landmarks: NDArray[np.float32] | None = None
    sound: SoundReference | None = None


def motion_document(
    motion: Motion, bundle: Mapping[str, str] | None = None, code_version: str | None = None
) -> dict[str, Any]:
    """The JSON of `POST /extract`: every frame raw and in the API's units. A frame that was bridged has face null.

    Args:
        bundle: name, version and digest of the bundle that read the motion; null in the document where none did.
        code_version: of the code that read it; the same.
    """
    return {
        **_head(motion, bundle, code_version),
        "frames": [_frame(motion, index) for index in range(len(motion.times))],
    }


def motion_json(
    motion: Motion, bundle: Mapping[str, str] | None = None, code_version: str | None = None
) -> Iterator[str]:
    """The text of `motion_document`, a frame at a time: a long motion is never held as a whole."""
    empty = {**_head(motion, bundle, code_version), "frames": []}
    yield json.dumps(empty).removesuffix("]}")
    for index in range(len(motion.times)):
        yield (", " if index else "") + json.dumps(_frame(motion, index))
    yield "]}"


def motion_npz(
    motion: Motion,
    bundle: Mapping[str, str] | None = None,
    code_version: str | None = None,
    more: Mapping[str, NDArray[np.generic]] = MappingProxyType({}),
) -> bytes:
    """The same as arrays: space, bundle [3] (name, version, digest) and code_version (empty texts where none read it),
    names [C], fps (NaN for a still), sound (the id of what has it, or empty), sound_offset_s, sound_clock, times [T],
    coefficients [T, C], box [T, 4], score [T] (NaN where no face was seen); landmarks [T, 478, 2] where the motion has
    them, and `more`, by name."""
    count = len(motion.times)
    file = io.BytesIO()
    arrays: dict[str, Any] = dict(more) | sound_arrays(motion.sound)
    if motion.landmarks is not None:
        arrays["landmarks"] = motion.landmarks.astype(np.float32)
    np.savez_compressed(
        file,
        space=np.array(motion.space.name),
        bundle=np.array([(bundle or {}).get(part, "") for part in ("name", "version", "digest")]),
        code_version=np.array(code_version or ""),
        names=np.array(names(motion.space)),
        fps=np.array(math.nan if motion.fps is None else motion.fps),
        times=np.asarray(motion.times, np.float64),
        coefficients=np.asarray(motion.coefficients, np.float32),
        box=np.full((count, 4), np.nan, np.float32) if motion.boxes is None else motion.boxes.astype(np.float32),
        score=np.full(count, np.nan, np.float32) if motion.scores is None else motion.scores.astype(np.float32),
        **arrays,
    )
    return file.getvalue()


def read_motion(
    data: bytes, space: CoefficientSpace = ARKIT, check_count: Callable[[int], None] | None = None
) -> Motion:
    """Read a JSON or npz document, as `POST /extract` writes it or as somebody edited it.

    A JSON frame holds `coefficients`, or `expression` and `pose` by name; where it holds both they must agree, so that
    an edit of one cannot be overlooked.

    Args:
        data: the file.
        space: of the motion.
        check_count: gets the number of frames before they are read, and may raise.

    Raises:
        MotionError: not JSON or npz, of another space or size, without frames, times that do not rise, numbers that
            are missing, not finite or out of range. The message names the entry.
    """
    read = _from_npz if data[:2] == b"PK" else _from_json
    times, fps, coefficients, sound = read(data, space, check_count)
    _check(space, times, fps, coefficients)
    return Motion(space, times, fps, coefficients.astype(np.float32), sound=sound)


def names(space: CoefficientSpace) -> list[str]:
    """Names of all coefficients [C], in order."""
    return [slider.name for slider in space.expression] + [*space.extra, *_POSE[:-1], "log zoom"]


def _head(motion: Motion, bundle: Mapping[str, str] | None, code_version: str | None) -> dict[str, Any]:
    return {
        "space": motion.space.name,
        "bundle": None if bundle is None else dict(bundle),
        "code_version": code_version,
        "names": names(motion.space),
        "fps": motion.fps,
        "sound": None if motion.sound is None else motion.sound.document(),
    }


def _frame(motion: Motion, index: int) -> dict[str, Any]:
    values = [float(value) for value in motion.coefficients[index]]
    return {
        "time": float(motion.times[index]),
        "face": _face(motion, index),
        "expression": {slider.name: values[slider.index] for slider in motion.space.expression},
        "pose": dict(zip(_POSE, _pose_units(values[-len(_POSE) :]), strict=True))
        | dict(zip(motion.space.extra, values[len(motion.space.expression) :], strict=False)),
        "coefficients": values,
        **({} if motion.landmarks is None else {"landmarks": _points(motion.landmarks[index])}),
    }


def _points(landmarks: NDArray[np.float32]) -> list[list[float]] | None:
    """Hundredths of a pixel: finer than they are known."""
    if not np.isfinite(landmarks).all():
        return None
    return [[round(x, 2), round(y, 2)] for x, y in landmarks.tolist()]


def _face(motion: Motion, index: int) -> dict[str, Any] | None:
    if motion.boxes is None or not np.isfinite(motion.boxes[index]).all():
        return None
    score = math.nan if motion.scores is None else float(motion.scores[index])
    return {"box": [float(v) for v in motion.boxes[index]], "score": None if math.isnan(score) else score}


def _pose_units(pose: list[float]) -> list[float]:
    """Radians, fractions and log zoom to degrees, fractions and a factor."""
    return [*(math.degrees(angle) for angle in pose[:3]), *pose[3:5], math.exp(pose[5])]


Parts = tuple[NDArray[np.float64], float | None, NDArray[np.float64], SoundReference | None]


def _from_npz(data: bytes, space: CoefficientSpace, check_count: Callable[[int], None] | None) -> Parts:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise MotionError(f"The npz unpacks to more than {MOST_BYTES >> 20} MB: shorten the motion.")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            for name in ("space", "times", "coefficients"):
                if name not in arrays:
                    raise MotionError(
                        f"The npz has no array {name!r}: send one as POST /extract?format=npz returns it."
                    )
            own_names = [str(name) for name in arrays["names"]] if "names" in arrays else None
            _check_space(space, str(arrays["space"]), own_names)
            fps = float(arrays["fps"]) if "fps" in arrays else math.nan
            times, coefficients = (arrays[name].astype(np.float64) for name in ("times", "coefficients"))
            sound = SoundReference.of_arrays(arrays)
    except (MotionError, MemoryError):
        raise
    except Exception as error:  # damaged files make zipfile, zlib and NumPy raise whatever there is
        raise MotionError("The npz cannot be read: save plain numeric arrays with numpy.savez.") from error
    if check_count is not None:
        check_count(times.size)
    return times, None if math.isnan(fps) else fps, coefficients, sound


def _from_json(data: bytes, space: CoefficientSpace, check_count: Callable[[int], None] | None) -> Parts:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MotionError(f"The motion is neither JSON nor npz ({error}): send what POST /extract returns.") from error
    if not isinstance(document, dict) or not isinstance(document.get("frames"), list):
        raise MotionError("The motion has no list 'frames': send the document that POST /extract returns.")
    own_names = document.get("names")
    _check_space(space, document.get("space"), own_names if isinstance(own_names, list) else None)
    frames = document["frames"]
    if check_count is not None:
        check_count(len(frames))
    times = [_number(_entry(frame, "time", f"frames[{i}]"), f"frames[{i}].time") for i, frame in enumerate(frames)]
    rows = [_row(space, frame, f"frames[{i}]") for i, frame in enumerate(frames)]
    fps = document.get("fps")
    sound = SoundReference.read(document.get("sound"))
    return np.array(times), None if fps is None else _number(fps, "fps"), np.array(rows), sound


def _row(space: CoefficientSpace, frame: Mapping[str, Any], where: str) -> list[float]:
    named = _named(space, frame, where) if "expression" in frame or "pose" in frame else None
    if "coefficients" not in frame:
        if named is None:
            raise MotionError(f"{where} holds neither 'coefficients' nor 'expression' and 'pose': add one of them.")
        return named
    raw = frame["coefficients"]
    if not isinstance(raw, list) or len(raw) != space.size:
        count = len(raw) if isinstance(raw, list) else "no"
        raise MotionError(f"{where}.coefficients has {count} entries; the space {space.name} takes {space.size}.")
    values = [_number(value, f"{where}.coefficients[{i}]") for i, value in enumerate(raw)]
    if named is not None:
        for name, value, other in zip(names(space), values, named, strict=True):
            if abs(value - other) > _AGREE * max(1.0, abs(value)):
                raise MotionError(
                    f"{where}: {name} is {other:.4g} by name but {value:.4g} in 'coefficients': after an edit by name, "
                    "leave 'coefficients' out of the frame."
                )
    return values


def _named(space: CoefficientSpace, frame: Mapping[str, Any], where: str) -> list[float]:
    expression, pose = _entry(frame, "expression", where), _entry(frame, "pose", where)
    values = [
        _number(_entry(expression, slider.name, f"{where}.expression"), f"{where}.expression.{slider.name}")
        for slider in space.expression
    ]
    *angles, x, y, zoom = (_number(_entry(pose, name, f"{where}.pose"), f"{where}.pose.{name}") for name in _POSE)
    if zoom <= 0:
        raise MotionError(f"{where}.pose.zoom is {zoom}: send a factor above 0.")
    rest = [_number(_entry(pose, name, f"{where}.pose"), f"{where}.pose.{name}") for name in space.extra]
    return [*values, *rest, *(math.radians(angle) for angle in angles), x, y, math.log(zoom)]


def _entry(holder: Any, name: str, where: str) -> Any:
    if not isinstance(holder, Mapping) or name not in holder:
        raise MotionError(f"{where} has no {name!r}: add it.")
    return holder[name]


def _number(value: Any, where: str) -> float:
    # JSON's true is an int in Python; an int may be too large for a float.
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e9 or value != value:
        raise MotionError(f"{where} is {str(value)[:40]}: send a finite number.")
    return float(value)


def _check_space(space: CoefficientSpace, name: object, own_names: list[Any] | None) -> None:
    if name != space.name:
        raise MotionError(f"The motion is of the space {str(name)[:40]!r}; this service speaks {space.name!r}.")
    if own_names is not None and own_names != names(space):
        raise MotionError(
            f"The motion's 'names' are not those of the space {space.name}, in the order of GET /sliders."
        )


def _check(
    space: CoefficientSpace, times: NDArray[np.float64], fps: float | None, coefficients: NDArray[np.float64]
) -> None:
    if times.ndim != 1 or not len(times):
        raise MotionError("The motion has no frames: send at least one.")
    if coefficients.shape != (len(times), space.size):
        raise MotionError(f"coefficients has shape {coefficients.shape}; expected ({len(times)}, {space.size}).")
    if fps is not None and not 0 < fps <= 1000:
        raise MotionError(f"fps is {fps}: send frames a second above 0, or null for a still.")
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        frame = int(np.flatnonzero(~np.isfinite(times) | (np.diff(times, prepend=-np.inf) <= 0))[0])
        raise MotionError(f"The time of frame {frame} is {times[frame]}: times must be finite and rise strictly.")
    pose = [math.pi] * 3 + [100, 100, 10]  # a clip may show more than an edit may ask for
    low = [low - _AGREE for low, _ in space.limits[: space.pose_start]] + [-limit for limit in pose]
    high = [high + _AGREE for _, high in space.limits[: space.pose_start]] + pose
    wrong = np.argwhere(~((coefficients >= low) & (coefficients <= high)))  # NaN too
    if len(wrong):
        frame, channel = (int(v) for v in wrong[0])
        raise MotionError(
            f"{names(space)[channel]} of frame {frame} is {coefficients[frame, channel]:.4g}: send "
            f"{low[channel]:.3g} to {high[channel]:.3g} (angles in radians)."
        )
