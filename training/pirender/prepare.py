"""A folder of videos to a store of clips: track, cut, extract, in several processes; what is done is not done again."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.clip_store import Clip, ClipStore, ClipStoreWriter
from models.bundle import load_extractor, open_bundle
from models.coefficients import constrain, space
from models.errors import NoFaceError, PortraitError, TrainingDataError
from models.extractor import CROP, Extractor, FaceTracker
from models.extractor.smoothing import bridge_gaps
from models.extractor.tracker import KEEP
from models.video import probe, read_frames
from training.pirender.segments import Limits, Segment, segments
from training.plan import printed

ENDINGS = {".mp4", ".avi", ".mov", ".mkv", ".webm"}
QUALITY = 95
_BATCH = 16  # frames that are read by the networks at a time

Cut = tuple[Clip, list[bytes], NDArray[np.float32]]


@dataclass(frozen=True)
class Task:
    """What each process needs to know."""

    videos: Path
    bundle: Path
    limits: Limits


@dataclass(frozen=True)
class PreparedVideo:
    """What became of a video, and how many clips."""

    video: str
    outcome: str
    clips: int


def find_videos(folder: Path) -> list[str]:
    """Videos below the folder, relative to it, in order. Raises TrainingDataError without any."""
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    if not found:
        raise TrainingDataError(f"{folder} holds no videos ({', '.join(sorted(ENDINGS))}): point --videos elsewhere")
    return found


def plan_prepare(folder: Path, bundle: Path, out: Path) -> str:
    """The plan of `prepare`, with videos, bundle and store opened. Raises as it does."""
    videos, opened = find_videos(folder), open_bundle(bundle)
    store = ClipStore(out) if out.exists() else None
    if store is not None and store.space != opened.manifest.space:
        raise TrainingDataError(f"{out} holds clips of the space {store.space}, {bundle} reads {opened.manifest.space}")
    return printed(
        {
            "command": "training.pirender prepare",
            "reads videos": f"{folder}: {len(videos)}",
            "reads bundle": f"{bundle}: its extractor, space {opened.manifest.space}",
            "writes": f"{out}: {len(store.clips)} clips exist" if store else f"{out}: new",
        }
    )


def prepare(task: Task, out: Path, processes: int, begin: Callable[[int, int], None]) -> Iterator[PreparedVideo]:
    """Prepare every video that the store has not yet, and yield what became of each as it is done.

    Args:
        out: the store's file.
        processes: one core each.
        begin: called with the number of videos in all and of those that were done before.

    Raises:
        TrainingDataError, BundleError: no videos, a store of another space, a bundle that cannot be used.
    """
    videos = find_videos(task.videos)
    writer = ClipStoreWriter(out, open_bundle(task.bundle).manifest.space)
    try:
        done = writer.done().keys()
        left = [video for video in videos if video not in done]
        begin(len(videos), len(videos) - len(left))
        # Spawned: ONNX Runtime's threads do not survive a fork.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, context, _open, (task,)) as pool:
            waiting = iter(left)
            running: dict[Future[tuple[str, list[Cut]]], str] = {}
            # Few at a time: every finished video waits in memory until it is written.
            for video in islice(waiting, 2 * processes):
                running[pool.submit(_cut_out, video)] = video
            while running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    video = running.pop(future)
                    outcome, clips = future.result()
                    writer.add(video, outcome, clips)
                    yield PreparedVideo(video, outcome, len(clips))
                    running |= {pool.submit(_cut_out, following): following for following in islice(waiting, 1)}
    finally:
        writer.close()


_OPENED: list[tuple[Task, Extractor, str]] = []  # of a worker process


def _open(task: Task) -> None:
    cv2.setNumThreads(1)
    bundle = open_bundle(task.bundle)
    _OPENED.append((task, load_extractor(bundle, threads=1), bundle.manifest.space))


def _cut_out(video: str) -> tuple[str, list[Cut]]:
    task, extractor, name = _OPENED[0]
    path = task.videos / video
    try:
        fps = probe(path).fps
        chosen = segments(FaceTracker(extractor).track(read_frames(path)), task.limits)
        clips = [_clip(extractor, name, path, video, fps, segment) for segment in chosen]
    except (PortraitError, OSError) as error:
        return f"failed: {error}", []
    kept = [clip for clip in clips if clip is not None]
    return f"{len(kept)} clips" if kept else "no segment is long and large enough", kept


def _clip(extractor: Extractor, name: str, path: Path, video: str, fps: float, segment: Segment) -> Cut | None:
    """Decode a segment once more, in its square; None where the networks find no face in it after all."""
    pictures: list[bytes] = []
    tracked: list[NDArray[np.float32] | None] = []
    frames = islice(read_frames(path), segment.first, segment.stop)
    while batch := [segment.square.cut(image, CROP) for _, image in islice(frames, _BATCH)]:
        found = extractor.extract(np.stack(batch))
        tracked += [
            vector if there >= KEEP else None for vector, there in zip(found.coefficients, found.presence, strict=True)
        ]
        pictures += [_jpeg(picture) for picture in batch]
    try:
        motion, _ = bridge_gaps(np.arange(len(tracked)) / fps, tracked)
    except NoFaceError:
        return None
    square = (segment.square.x, segment.square.y, segment.square.side)
    label = f"{video}#{segment.first:06d}#{segment.stop:06d}"
    clip = Clip(label, person(video), video, len(pictures), fps, square)
    return clip, pictures, constrain(space(name), motion)


def person(video: str) -> str:
    """Who is in a video: `id10001/…/x.mp4` (VoxCeleb) or `id10001#….mp4` (FOMM's cuts); else each file is a person."""
    path = Path(video)
    if "#" in path.name:
        return path.name.split("#")[0]
    return path.parts[0] if len(path.parts) > 1 else path.stem


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    written, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not written:
        raise TrainingDataError("a frame could not be written as JPEG")
    return data.tobytes()
