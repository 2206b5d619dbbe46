"""From the files of a request to faces and motions: decode, then extract, and for a video both at the same time."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.coefficients.document import Motion
from models.extractor.smoothing import bridge_gaps
from models.video import VideoInfo
from workers.attempt import Attempt
from workers.contract.errors import VideoTooLargeError, VideoTooLongError
from workers.contract.settings import Settings
from workers.contract.sniff import MediaKind
from workers.contract.sources import SourceRegistry
from workers.editor import Editor, Face, Pixels
from workers.media.isolate import Decoder, Frame
from workers.pipeline import read_ahead
from workers.refusal import about

if TYPE_CHECKING:
    from models.portrait import Source

_AHEAD_BYTES = 64 * 2**20  # of decoded frames that wait to be looked at
_AHEAD_FRAMES = 8
_SPARE_S = 0.5  # sound may outlast the picture a little, and be what the container calls the file's length


@dataclass(frozen=True, eq=False)
class Performance:
    """What a driver performs.

    Attributes:
        motion: of T frames, holes bridged.
        moves: whether it is a video or the motion of one, and so makes a clip.
        video: the file that has the sound; None where there is none.
    """

    motion: Motion
    moves: bool
    video: Path | None = None


class Reader:
    """Reads the uploads of requests with a decoder and an editor."""

    def __init__(self, editor: Editor, sources: SourceRegistry, decoder: Decoder, settings: Settings) -> None:
        self._editor, self._sources, self._decoder, self._settings = editor, sources, decoder, settings

    def portrait(self, attempt: Attempt, source_id: str, face: Face = "largest") -> "Source":
        """Decode a photo and read the face in it. Raises whatever is wrong with the photo."""
        attempt.stage("decode")
        with attempt.timed("decode_s"), self._sources.open(source_id) as file:
            image = self._decoder.picture(file.read())
        attempt.stage("extract")
        with attempt.timed("extract_s"):
            return self._editor.analyse(image, face)

    def still(self, attempt: Attempt, source_id: str, face: Face = "largest") -> Motion:
        """The motion of a photo: one frame at time 0. Raises like `portrait`."""
        source = self.portrait(attempt, source_id, face)
        return Motion(
            self._editor.space,
            times=np.zeros(1),
            fps=None,
            coefficients=source.coefficients[None],
            boxes=np.array([source.face.box]),
            scores=np.array([source.face.score]),
        )

    def performance(self, attempt: Attempt, source_id: str, kind: MediaKind, folder: Path) -> Performance:
        """Read what a driver of any kind performs.

        Raises:
            VideoTooLargeError, VideoTooLongError: before any work is done, where the file says so itself.
            RequestRefusedError: nothing to read, or no face in it.
            DamagedMediaError: the file cannot be decoded.
        """
        with about("driver"):
            if kind == "picture":
                return Performance(self.still(attempt, source_id), moves=False)
            if kind == "motion":
                motion = self._document(attempt, source_id)
                return Performance(motion, moves=motion.fps is not None or len(motion.times) > 1)
            path, info = self.video(attempt, source_id, folder)
            return Performance(self.followed(attempt, path, info), moves=True, video=path if info.audio else None)

    def video(self, attempt: Attempt, source_id: str, folder: Path) -> tuple[Path, VideoInfo]:
        """Fetch a video into the job's folder and check it against the limits. Raises like `performance`."""
        attempt.stage("decode")
        path = folder / "video"
        with attempt.timed("decode_s"):
            with self._sources.open(source_id) as file, path.open("wb") as copy:
                shutil.copyfileobj(file, copy)
            info = self._decoder.probe(path)
        pixels = self._settings.max_video_pixels
        if info.width * info.height > pixels:
            raise VideoTooLargeError(
                f"The video has {info.width} x {info.height} pixels; scale it down to at most {pixels / 1e6:g} million."
            )
        self._check_length(info.seconds or (info.frames or 0) / info.fps)
        return path, info

    def followed(self, attempt: Attempt, path: Path, info: VideoInfo, face: Face = "largest") -> Motion:
        """Follow one face through a video; only its coefficients are kept, so memory does not grow with the pixels.

        The metric `frames_without_face` tells how many frames had to be bridged.

        Raises:
            RequestRefusedError: no frame shows the face.
        """
        total = info.frames or round((info.seconds or 0) * info.fps)
        times: list[float] = []
        coefficients: list[np.ndarray | None] = []
        boxes, scores = [], []
        attempt.stage("extract", 0, total)
        depth = max(1, min(_AHEAD_FRAMES, _AHEAD_BYTES // (info.width * info.height * 3)))
        ahead = read_ahead(self._decoder.frames(path), depth)
        with closing(ahead):
            tracked = self._editor.track(self._waited(attempt, ahead), face)
            for seen in attempt.timed_steps("extract_s", tracked):
                times.append(seen.time)
                coefficients.append(seen.coefficients)
                boxes.append(seen.face.box if seen.face else (np.nan,) * 4)
                scores.append(seen.face.score if seen.face else np.nan)
                attempt.stage("extract", len(times), max(total, len(times)))
        motion, gaps = bridge_gaps(times, coefficients)
        attempt.metrics["frames_without_face"] = sum(end - start for start, end in gaps)
        return Motion(self._editor.space, np.array(times), info.fps, motion, np.array(boxes), np.array(scores))

    def _waited(self, attempt: Attempt, frames: Iterator[Frame]) -> Iterator[tuple[float, Pixels]]:
        """Frames for the tracker, whose waiting for them is no extraction."""
        while True:
            with attempt.paused("extract_s"):
                frame = next(frames, None)
            if frame is None:
                return
            self._check_length(frame.time)
            attempt.spend("decode_s", frame.decode_s)
            yield frame.time, frame.pixels

    def _check_length(self, seconds: float) -> None:
        longest = self._settings.max_video_seconds
        if seconds > longest + _SPARE_S:
            raise VideoTooLongError(f"It lasts {seconds:.1f} s or more; cut it to at most {longest:g} s.")

    def _document(self, attempt: Attempt, source_id: str) -> Motion:
        attempt.stage("decode")
        space = self._editor.space
        with attempt.timed("decode_s"), self._sources.open(source_id) as file:
            times, fps, coefficients = self._decoder.motion(file.read(), space.name)
        self._check_length(float(times[-1] - times[0]))
        return Motion(space, times - times[0], fps, coefficients)
