"""Source input: from the files of a request to faces and motions. A video is decoded and extracted at the same time."""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace
from models.coefficients.document import Motion
from models.extractor.face import choose_face
from models.extractor.motion import Track, tracked_motion
from models.extractor.tracker import TrackedFrame
from models.video import VideoInfo
from workers.attempt import Attempt
from workers.contract.errors import ServiceError
from workers.contract.kinds.common import FaceChoice
from workers.contract.media_type import MediaKind, media_kind
from workers.contract.motion_names import is_motion_name
from workers.contract.settings import Settings
from workers.contract.sources import Sources
from workers.driver_sound import DriverSound
from workers.editor import Editor, Pixels
from workers.error_context import error_context
from workers.media.frame_count import check_frame_count
from workers.media.isolate import Decoder
from workers.media.video_size import SPARE_S, check_video_length, check_video_size
from workers.motion_input import DrivingMotion, MotionInput
from workers.pipeline import read_ahead
from workers.source_cache import SourceCache, SourceKey
from workers.source_warnings import portrait_warnings, video_warnings

if TYPE_CHECKING:
    from models.portrait import Source

_AHEAD_BYTES = 64 * 2**20  # of decoded frames that wait to be extracted
_AHEAD_FRAMES = 8


@dataclass(frozen=True)
class VideoFile:
    """A video in the job's folder, and what it says about itself."""

    path: Path
    info: VideoInfo

    def sound(self) -> DriverSound | None:
        """Its own, from its first picture on; None where it has no audio track."""
        rate = self.info.audio_rate
        return None if rate is None else DriverSound(self.path, rate, of_video=True)


class SourceInput:
    """Reads the uploads of requests with a decoder and an editor.

    Attributes:
        cache: photos that were read before.
    """

    def __init__(
        self, editor: Editor, sources: Sources, motions: MotionInput, decoder: Decoder, settings: Settings
    ) -> None:
        self._editor, self._sources, self._motions = editor, sources, motions
        self._decoder, self._settings = decoder, settings
        self.cache = SourceCache(settings.source_cache_bytes)

    def portrait(
        self, attempt: Attempt, source_id: str, face: FaceChoice = "largest", what: str = "source"
    ) -> "Source":
        """Decode a photo and read the face in it; `what` names it in warnings. Raises whatever is wrong with it.

        A photo that was read before is taken from memory: both stages then take 0 seconds.
        """
        key = SourceKey(attempt.owner, source_id, face)
        _, (source,) = self._faces(attempt, key, lambda image: [self._editor.analyse(image, face)])
        attempt.warn(portrait_warnings(source, face, what))
        return source

    def chosen(self, attempt: Attempt, source_id: str, indices: Sequence[int]) -> list["Source"]:
        """Decode a photo and read some of its faces; 0 is the largest. Raises whatever is wrong with it."""
        _, faces = self.portraits(attempt, source_id)
        chosen = [
            choose_face(faces, index, "the picture", f"faces.{place}.face") for place, index in enumerate(indices)
        ]
        for index, source in zip(indices, chosen, strict=True):
            attempt.warn(portrait_warnings(source, index))
        return chosen

    def portraits(self, attempt: Attempt, source_id: str) -> tuple[tuple[int, int], Sequence["Source"]]:
        """Decode a photo and read all faces in it. Returns its height and width, and the faces, largest first.

        From memory like `portrait`, which then finds every one of them there.
        """
        return self._faces(attempt, SourceKey(attempt.owner, source_id, "all"), self._editor.analyse_all)

    def _faces(
        self, attempt: Attempt, key: SourceKey, analyse: Callable[[Pixels], Sequence["Source"]]
    ) -> tuple[tuple[int, int], Sequence["Source"]]:
        """Height and width of a photo, and its faces, from memory or read now."""
        attempt.stage("decode")
        self._check_access(key)
        kept = self.cache.get(key)
        if kept is not None:
            for metric in ("decode_s", "extract_s"):
                attempt.spend(metric, 0)
            return kept[0].image.shape[:2], kept
        image = self._picture(attempt, key)
        with attempt.timed("extract_s"):
            faces = analyse(image)
        self.cache.put(key, faces)
        return image.shape[:2], faces

    def _check_access(self, key: SourceKey) -> None:
        """Raise what the registry has against the photo; one that is gone is not kept in memory either."""
        try:
            self._sources.get(key.owner, key.source_id)
        except ServiceError:
            self.cache.forget(key.owner, key.source_id)
            raise

    def _picture(self, attempt: Attempt, key: SourceKey) -> Pixels:
        """A photo, decoded now or for another of its faces; what comes next is to read it."""
        image = self.cache.picture(key.owner, key.source_id)
        with attempt.timed("decode_s"):
            if image is None:
                with self._sources.open(key.owner, key.source_id) as file:
                    image = self._decoder.picture(file.read())
        attempt.stage("extract")
        return image

    def photo_motion(
        self, attempt: Attempt, source_id: str, face: FaceChoice = "largest", what: str = "source"
    ) -> Motion:
        """The motion of a photo: one frame at time 0. Raises like `portrait`."""
        return motion_of(self._editor.space, self.portrait(attempt, source_id, face, what))

    def driving_motion(
        self,
        attempt: Attempt,
        source_id: str,
        kind: MediaKind,
        folder: Path,
        *,
        field: str = "driver",
        face: FaceChoice = "largest",
    ) -> DrivingMotion:
        """Read the motion of a driver of any kind; a video is kept in the job's folder.

        Args:
            field: the request's, which the driver came in.
            face: which of those in a picture or video.

        Raises:
            VideoTooLargeError, VideoTooLongError, TooManyFramesError: before any work is done, where the file says so
                itself; else at the first frame that is too large, too late or too many.
            RequestRefusedError: nothing to read, or no face in it.
            DamagedMediaError: the file cannot be decoded.
        """
        with error_context(field):
            if kind == "picture":
                return DrivingMotion(self.photo_motion(attempt, source_id, face, field), is_clip=False)
            if kind == "motion":
                return self._motions.read(attempt, source_id)
            video = self.video(attempt, source_id, folder / field)
            motion = self.track(attempt, video, face).motion
            return DrivingMotion(motion, is_clip=True, sound=video.sound())

    def kind(self, attempt: Attempt, source_id: str, kinds: Collection[MediaKind]) -> MediaKind:
        """What an uploaded file of some kinds, or a motion by its name, is."""
        if is_motion_name(source_id):
            return "motion"
        found = media_kind(self._sources.get(attempt.owner, source_id).media_type, kinds)
        assert found is not None, "the API let no other in"
        return found

    def video(self, attempt: Attempt, source_id: str, path: Path) -> VideoFile:
        """Fetch a video into a file and check it against the limits. Raises like `driving_motion`."""
        attempt.stage("decode")
        with attempt.timed("decode_s"):
            self._sources.fetch(attempt.owner, source_id, path, attempt.check)
            info = self._decoder.probe(path)
        check_video_size(self._settings.max_video_pixels, info.width, info.height)
        self._check_length(info.seconds or (info.frames or 0) / info.fps)
        self._check_count(info.frames or (info.seconds or 0) * info.fps)
        return VideoFile(path, info)

    def track(
        self,
        attempt: Attempt,
        video: VideoFile,
        face: FaceChoice = "largest",
        *,
        metric_prefix: Literal["", "source_"] = "",
        until: float | None = None,
        landmarks: bool = False,
    ) -> Track:
        """Follow one face through a video; only its coefficients are kept, so memory does not grow with the pixels.

        Metrics count what the result does not show: `frames_without_face` (they were bridged), `cuts` (after which it
        may be another person) and `frames_missing` (stated by the file but not decoded: it is cut off or damaged).

        Args:
            metric_prefix: set before the names of the metrics, where a job follows two videos.
            until: seconds; later frames are not read, and none of them counts as missing.
            landmarks: whether the motion has them.

        Raises:
            RequestRefusedError: no frame shows the face.
        """
        info = video.info
        total = info.frames or round((info.seconds or 0) * info.fps)
        with closing(self.frames(attempt, video, during="extract_s")) as frames:
            wanted = frames if until is None else takewhile(lambda frame: frame[0] < until, frames)
            tracked = attempt.timed_steps("extract_s", self._editor.track(wanted, face))
            reported = _reported(attempt, tracked, total)
            track = tracked_motion(self._editor.space, reported, info.fps, landmarks=landmarks)
        without = sum(after - first for first, after in track.gaps)
        missing = frames_missing(info, track.motion.times) if until is None else 0
        attempt.metrics[f"{metric_prefix}frames_without_face"] = without
        attempt.metrics[f"{metric_prefix}cuts"] = len(track.cuts)
        attempt.metrics[f"{metric_prefix}frames_missing"] = missing
        attempt.warn(video_warnings("source video" if metric_prefix else "video", without, len(track.cuts), missing))
        return track

    def frames(self, attempt: Attempt, video: VideoFile, *, during: str) -> Generator[tuple[float, Pixels], None, None]:
        """A video's frames and their times, decoded ahead; to be closed.

        Args:
            during: the metric of the stage that takes them; waiting for them does not count for it.
        """
        info = video.info
        depth = max(1, min(_AHEAD_FRAMES, _AHEAD_BYTES // (info.width * info.height * 3)))
        with closing(read_ahead(self._decoder.frames(video.path), depth)) as ahead:
            for number in count(1):
                with attempt.paused(during):
                    frame = next(ahead, None)
                if frame is None:
                    return
                self._check_length(frame.time)
                self._check_count(number)
                attempt.spend("decode_s", frame.decode_s)
                yield frame.time, frame.pixels

    def _check_length(self, seconds: float) -> None:
        check_video_length(self._settings.max_video_seconds, seconds)

    def _check_count(self, frames: float) -> None:
        check_frame_count(self._settings.max_frames, frames)


def motion_of(space: CoefficientSpace, source: "Source", *, landmarks: bool = False) -> Motion:
    """The motion of a photo: one frame at time 0."""
    return Motion(
        space,
        times=np.zeros(1),
        fps=None,
        coefficients=source.coefficients[None],
        boxes=np.array([source.face.box]),
        scores=np.array([source.face.score]),
        landmarks=source.crop.to_picture(source.landmarks)[None] if landmarks else None,
    )


def _reported(attempt: Attempt, tracked: Iterable[TrackedFrame], total: int) -> Iterator[TrackedFrame]:
    attempt.stage("extract", 0, total)
    for done, frame in enumerate(tracked, start=1):
        yield frame
        attempt.stage("extract", done, max(total, done))


def frames_missing(info: VideoInfo, times: NDArray[np.float64]) -> int:
    """How many frames the file states, by their number or else by its length, and does not have."""
    if info.frames is not None:
        return max(0, info.frames - len(times))
    short = (info.seconds or 0) - float(times[-1]) - 1 / info.fps
    return round(short * info.fps) if short > SPARE_S else 0
