"""Real speech with real motion: every frame of the GRID clips, read by the teacher and fitted with one identity.

`python -m training.extractor clips` keeps every fifth frame, with its picture, for the extractor. Here lips are
to be followed, so every frame is fitted, in the same way, and only its numbers are kept.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from datasets.clips import WORDS_COLUMN, clip_files, clip_table, sane
from datasets.labeller import Labeller, opened_labeller
from datasets.landmarker import FaceReader, FaceReading
from models.audio import FRAME_RATE, SAMPLE_RATE
from models.errors import TrainingDataError
from models.extractor.crop import Crop, square_crop
from models.extractor.landmarks import face_box
from models.face3d.arrays import read_arrays
from models.face3d.fitting import FrameFit, SpeakerFit
from models.face3d.landmark_mesh import LandmarkMesh
from models.video import read_frames

logger = logging.getLogger(__name__)

Interval = tuple[float, float]

_MADE_BY = "`python -m training.audio record`"
_IDENTITY_CLIPS, _IDENTITY_FRAMES = 40, (20, 35, 50)
_MOST_BRIDGED = 0.1  # of a clip's frames; with more holes it is left out


@dataclass(frozen=True, eq=False)
class RecordedClip:
    """A clip of one speaker.

    Attributes:
        name: the file's.
        motion: coefficients [T, 59] at 25 frames a second, as fitted, holes bridged.
        sound: mono samples at 16 kHz, float32 [640·T].
        spoken: seconds from the first word's start to the last one's end.
    """

    name: str
    motion: NDArray[np.float32]
    sound: NDArray[np.float32]
    spoken: Interval

    def silent(self) -> NDArray[np.bool_]:
        """Which frames [T] lie well outside of speech."""
        time = (np.arange(len(self.motion)) + 0.5) / FRAME_RATE
        return (time < self.spoken[0] - 0.2) | (time > self.spoken[1] + 0.3)


def read_recordings(
    data: Path,
    out: Path,
    processes: int,
    limit: int | None = None,
    identity: Path | None = None,
    labeller: Labeller = "mediapipe",
) -> None:
    """Fit every frame of all clips of DATA into OUT/{train,test}/NAME.npz. Clips that exist are kept.

    Args:
        limit: at most so many clips of each split, for trials.
        identity: the speaker's, as `python -m training.extractor clips` found it; None finds it here.

    Raises:
        TrainingDataError: the clips, the teacher or the 3DMM are missing.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "identity.npy").is_file():
        np.save(out / "identity.npy", np.load(identity) if identity else _find_identity(data, labeller))
    with ProcessPoolExecutor(processes, get_context("spawn"), _start, (data, out / "identity.npy", labeller)) as pool:
        for split in ("train", "test"):
            folder = out / split
            folder.mkdir(exist_ok=True)
            missing = [clip for clip in clip_files(data, split)[:limit] if not (folder / f"{clip.stem}.npz").is_file()]
            for number, _ in enumerate(pool.map(partial(_record, folder), missing), start=1):
                if number % 50 == 0 or number == len(missing):
                    logger.info("%s: %d of %d clips", split, number, len(missing))


def load_recordings(data: Path, folder: Path, split: str) -> list[RecordedClip]:
    """The clips of a split that `read_recordings` wrote under `folder`, by name. Raises TrainingDataError: none."""
    recordings, spoken = [], _spoken(data)
    for path in sorted((folder / split).glob("*.npz")):
        file = read_arrays(path, ("motion", "sound"), _MADE_BY)
        motion, sound = file["motion"], file["sound"].astype(np.float32) / np.float32(32768)
        if len(motion) and path.stem in spoken:
            recordings.append(RecordedClip(path.stem, motion, sound, spoken[path.stem]))
    if not recordings:
        raise TrainingDataError(f"{folder / split} holds no clips: {_MADE_BY} makes them")
    return recordings


def read_sound(clip: Path) -> NDArray[np.float32]:
    """A file's first audio track: mono samples at 16 kHz, float32 in [-1, 1]."""
    resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
    with av.open(str(clip)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    frames += resampler.resample(None)
    samples = np.concatenate([frame.to_ndarray().ravel() for frame in frames])
    return np.asarray(samples / 32768, np.float32)


_process: dict[str, Any] = {"opened": ExitStack()}  # what a process of the pool keeps between clips


def _start(data: Path, identity: Path, labeller: Labeller) -> None:
    logging.disable(logging.WARNING)
    _process["teacher"] = _process["opened"].enter_context(opened_labeller(labeller, data))
    _process["fit"] = SpeakerFit(LandmarkMesh.load(data), np.load(identity))


def _record(folder: Path, clip: Path) -> None:
    teacher, fit = _process["teacher"], _process["fit"]
    record_clip(clip, folder, teacher, fit)


def record_clip(clip: Path, folder: Path, teacher: FaceReader, fit: SpeakerFit) -> None:
    """Fit every frame of a clip into FOLDER/NAME.npz."""
    motion = fitted_motion((teacher.read(picture) for _, picture in read_frames(clip)), fit)
    length = len(motion) * SAMPLE_RATE // FRAME_RATE
    sound = np.pad(read_sound(clip), (0, length))[:length]
    partial_file = folder / f".{clip.stem}.npz"
    np.savez_compressed(partial_file, motion=motion, sound=np.round(sound * 32767).astype(np.int16))
    partial_file.rename(folder / f"{clip.stem}.npz")


def fitted_motion(readings: Iterable[FaceReading | None], fit: SpeakerFit) -> NDArray[np.float32]:
    """Coefficients [T, 59] of a clip's frames, in the square that the first face places; holes and fits that are not to
    be believed are bridged. Empty where too much would have to be."""
    square: Crop | None = None
    fits: list[FrameFit | None] = []
    for reading in readings:
        square = square or (square_crop(face_box(reading.landmarks[:, :2])) if reading else None)
        fits.append(None if reading is None or square is None else fit.fit(_in(square, reading), reading.scores))
    seen = [index for index, frame in enumerate(fits) if frame is not None]
    frames = [frame for frame in fits if frame is not None]
    if not frames or square is None:
        return np.zeros((0, 59), np.float32)
    kept = np.array(seen)[sane(frames, np.zeros(len(frames)))]
    if len(kept) < (1 - _MOST_BRIDGED) * len(fits):
        return np.zeros((0, 59), np.float32)
    believed = [fits[index] for index in kept]
    motion = np.stack([np.concatenate([f.expression, f.pose.coefficients(1)]) for f in believed if f is not None])
    return np.stack([np.interp(np.arange(len(fits)), kept, channel) for channel in motion.T], -1).astype(np.float32)


def _in(square: Crop, reading: FaceReading) -> NDArray[np.float64]:
    """Landmarks in fractions of the square."""
    return (reading.landmarks.astype(np.float64) - (square.x, square.y, 0)) / square.side


def _find_identity(data: Path, labeller: Labeller) -> NDArray[np.float64]:
    """The speaker's identity, from frames of training clips."""
    clips = clip_files(data, "train")
    chosen = [clips[i] for i in np.linspace(0, len(clips) - 1, min(_IDENTITY_CLIPS, len(clips))).astype(int)]
    with opened_labeller(labeller, data) as teacher:
        pictures = (
            picture for clip in chosen for i, (_, picture) in enumerate(read_frames(clip)) if i in _IDENTITY_FRAMES
        )
        return fit_of_pictures(LandmarkMesh.load(data), pictures, teacher).identity


def fit_of_pictures(mesh: LandmarkMesh, pictures: Iterable[NDArray[np.uint8]], teacher: FaceReader) -> SpeakerFit:
    """The fit of one speaker, from pictures of which most show the face."""
    seen = [reading for reading in map(teacher.read, pictures) if reading is not None]
    landmarks, scores = (np.stack([getattr(reading, name) for reading in seen]) for name in ("landmarks", "scores"))
    logger.info("identity from %d frames", len(seen))
    return SpeakerFit.of_frames(mesh, landmarks, scores)


def _spoken(data: Path) -> dict[str, Interval]:
    """Clip -> where speech begins and ends in it."""
    spoken = {}
    for row in clip_table(data)[1]:
        times = [word.partition(":") for word in row[WORDS_COLUMN].split() if not word.endswith(":sil")]
        ends = [tuple(map(float, span.split("-"))) for span, _, _ in times]
        spoken[Path(row["file"]).stem] = (ends[0][0], ends[-1][1]) if ends else (0.0, 0.0)
    return spoken
