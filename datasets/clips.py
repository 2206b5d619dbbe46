"""Speech clips as training faces: every n-th frame, read by the teacher and fitted with one identity for all clips.

Layout of the folder: `train-000`, `train-001`, …, `test-000`, …, each with `pictures.npy`, `landmarks.npy`,
`scores.npy`, `clip.npy` (rows of one clip are neighbours), and after the fit `expression.npy`, `pose.npy`, `kept.npy`.
`identity.npy` is the speaker's, found on training clips.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from datasets.labeller import Labeller, opened_labeller
from datasets.landmarker import FaceReader
from datasets.photos import FacePhotos
from datasets.same_identity_pairs import SameIdentityPairs
from datasets.tables import read_table
from models.errors import TrainingDataError
from models.extractor.crop import Crop, square_crop
from models.extractor.landmarks import face_box
from models.face3d.arrays import read_array
from models.face3d.fitting import FrameFit, SpeakerFit
from models.face3d.landmark_mesh import LandmarkMesh
from models.face3d.pose import HeadPose
from models.video import read_frames

logger = logging.getLogger(__name__)

WORDS = "words.csv"
"""The table of the clips, in their folder."""
WORDS_COLUMN = "words (start-end seconds:word)"
CLIPS_MADE_BY = "`python -m training data clips`"
_LABELLED_BY = "`python -m training.extractor clips`"
SIZE = 256  # side of the stored pictures
MARGIN = 1.3  # side of a stored picture over that of the crop that is trained on: room for jitter
SHARD_CLIPS = 50
IDENTITY_FRAMES = 120  # from which the speaker's identity is found
WORST = 2.5  # fits with more than this times the median error are thrown out
TURN, ZOOM = np.radians(12), 0.1  # a head turns and nears by less from one kept frame to the next


@dataclass(frozen=True, eq=False)
class ClipFrames:
    """Frames of one clip in one square: pictures uint8 [F, 256, 256, 3], landmarks [F, 478, 3], scores [F, 53]."""

    pictures: np.ndarray
    landmarks: np.ndarray
    scores: np.ndarray


def label_clips(data: Path, out: Path, every: int, labeller: Labeller = "mediapipe") -> None:
    """Read every `every`-th frame of all clips of DATA into `out` and fit the 3DMM. The same call resumes.

    Raises:
        TrainingDataError: the clips, the teacher or the 3DMM are missing.
    """
    with opened_labeller(labeller, data) as teacher:
        for split in ("train", "test"):
            clips = clip_files(data, split)
            for shard, start in enumerate(range(0, len(clips), SHARD_CLIPS)):
                folder = out / f"{split}-{shard:03d}"
                if not folder.is_dir():
                    _read_shard(folder, teacher, clips[start : start + SHARD_CLIPS], every)
    fit_clips(data, out)


def clip_files(data: Path, split: str) -> list[Path]:
    """The clips of a split ("train" or "test"). Raises TrainingDataError without any."""
    folder, rows = clip_table(data)
    names = [row["file"] for row in rows if row["split"] == split]
    if not names:
        raise TrainingDataError(f"{folder / WORDS} names no clip of the split {split}; {CLIPS_MADE_BY} sets some aside")
    return [folder / name for name in names]


def clip_table(data: Path) -> tuple[Path, list[dict[str, str]]]:
    """The folder of the clips, and a row for each: file, words, split.

    The folder is DATA/clips, or DATA/grid_s1 as the GRID corpus is called. `words` are `start-end:word`, seconds.
    Raises TrainingDataError without it.
    """
    folder = next((path for path in (data / "clips", data / "grid_s1") if path.is_dir()), data / "clips")
    return folder, read_table(folder / WORDS, ("file", WORDS_COLUMN, "split"), CLIPS_MADE_BY)


def read_clip(clip: Path, teacher: FaceReader, every: int) -> ClipFrames | None:
    """Every `every`-th frame in which the teacher sees a face, in one square that the first one places; or None."""
    square: Crop | None = None
    frames = []
    for number, (_, picture) in enumerate(read_frames(clip)):
        if number % every:
            continue
        seen = teacher.read(picture)
        if seen is None:
            continue
        square = square or _roomy(square_crop(face_box(seen.landmarks[:, :2])))
        landmarks = (seen.landmarks - (square.x, square.y, 0)) * (SIZE / square.side)
        frames.append((square.cut(picture, SIZE), landmarks.astype(np.float32), seen.scores))
    return ClipFrames(*(np.stack(part) for part in zip(*frames, strict=True))) if frames else None


def fit_clips(data: Path, out: Path) -> None:
    """Fit the 3DMM to every frame that was read under `out`, with one identity for all clips. Fitted shards stay."""
    folders = [path for path in sorted(out.glob("t*-*")) if path.suffix != ".partial"]
    training = [folder for folder in folders if folder.name.startswith("train")]
    if not training:
        raise TrainingDataError(f"{out} holds no clips: label some first")
    mesh = LandmarkMesh.load(data)
    if not (out / "identity.npy").is_file():
        found = SpeakerFit.of_frames(mesh, *_varied([_readings(folder) for folder in training]))
        np.save(out / "identity.npy", found.identity)
    fit = SpeakerFit(mesh, speaker_identity(out))
    for folder in (folder for folder in folders if not (folder / "kept.npy").is_file()):
        landmarks, scores = _readings(folder)
        frames = [fit.fit(points, score) for points, score in zip(landmarks, scores, strict=True)]
        kept = sane(frames, _read(folder, "clip"))
        np.save(folder / "expression.npy", np.stack([frame.expression for frame in frames]))
        np.save(folder / "pose.npy", np.stack([frame.pose.coefficients(SIZE) for frame in frames]).astype(np.float32))
        np.save(folder / "kept.npy", kept)
        logger.info("%s: %d of %d frames kept", folder.name, kept.sum(), len(kept))


def sane(frames: list[FrameFit], clip: np.ndarray) -> np.ndarray:
    """Which fits to believe, bool [F]: no gross error, and no jump of the head from one frame of a clip to the next.

    Args:
        clip: number of each frame's clip [F].
    """
    error = np.array([frame.error for frame in frames])
    pose = np.stack([frame.pose.coefficients(SIZE) for frame in frames])
    steps = np.abs(np.diff(pose, axis=0))
    jump = (clip[1:] == clip[:-1]) & ((steps[:, :3].max(1) > TURN) | (steps[:, 5] > ZOOM))
    kept = error <= WORST * np.median(error)
    kept[1:] &= ~jump
    kept[:-1] &= ~jump
    return np.asarray(kept)


def clip_faces(folder: Path) -> list[SameIdentityPairs]:
    """Frames of the training clips under `folder`, two of a clip at a time, one collection a shard; pictures stay on
    disk until drawn.

    Raises:
        TrainingDataError: there is no fitted shard.
    """
    return [_shard_faces(shard) for shard in fitted_shards(folder)]


def fitted_shards(folder: Path) -> list[Path]:
    """The shards of training clips under a folder that have been fitted. Raises TrainingDataError without any."""
    shards = [path.parent for path in sorted(folder.glob("train-*/kept.npy"))]
    if not shards:
        raise TrainingDataError(f"{folder} holds no clips: {_LABELLED_BY} makes them")
    return shards


def _shard_faces(shard: Path) -> SameIdentityPairs:
    landmarks = _read(shard, "landmarks")[..., :2]
    photos = FacePhotos(
        pictures=_read(shard, "pictures", "r"),
        landmarks=landmarks,
        boxes=np.array([face_box(face) for face in landmarks], np.float32),
        expression=_read(shard, "expression"),
        poses=tuple(HeadPose.from_coefficients(pose, SIZE) for pose in _read(shard, "pose")),
    )
    return SameIdentityPairs.grouped(photos, _read(shard, "clip"), _read(shard, "kept"))


def _read_shard(folder: Path, teacher: FaceReader, clips: Iterable[Path], every: int) -> None:
    read = [(number, read_clip(clip, teacher, every)) for number, clip in enumerate(clips)]
    seen = [(number, frames) for number, frames in read if frames is not None]
    partial = folder.with_suffix(f".{os.getpid()}.partial")
    partial.mkdir(parents=True)
    for name in ("pictures", "landmarks", "scores"):
        np.save(partial / f"{name}.npy", np.concatenate([getattr(frames, name) for _, frames in seen]))
    np.save(partial / "clip.npy", np.repeat([n for n, _ in seen], [len(frames.pictures) for _, frames in seen]))
    try:
        partial.rename(folder)
    except OSError:  # another run finished the same shard first
        shutil.rmtree(partial)
    logger.info("%s read", folder.name)


def speaker_identity(folder: Path) -> np.ndarray:
    """The identity [I] that was found in the clips labelled under a folder. Raises TrainingDataError without it."""
    return read_array(folder / "identity.npy", _LABELLED_BY)


def _read(shard: Path, name: str, mmap: Literal["r"] | None = None) -> np.ndarray:
    return read_array(shard / f"{name}.npy", _LABELLED_BY, mmap)


def _readings(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    return _read(folder, "landmarks"), _read(folder, "scores")


def _varied(readings: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Evenly spread frames of all shards: they show the head and the face in most of their positions."""
    landmarks, scores = (np.concatenate(part) for part in zip(*readings, strict=True))
    chosen = np.linspace(0, len(landmarks) - 1, min(IDENTITY_FRAMES, len(landmarks))).astype(int)
    return landmarks[chosen], scores[chosen]


def _roomy(crop: Crop) -> Crop:
    side = round(crop.side * MARGIN)
    return Crop(crop.x - (side - crop.side) // 2, crop.y - (side - crop.side) // 2, side)
