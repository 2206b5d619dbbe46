"""The one error tree of the service and the workers; every error knows its HTTP status and says what to change."""

import errno

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_full(error: BaseException) -> bool:
    """Whether a file could not be written for want of room: of a disk, a quota, or a process's limit."""
    return getattr(error, "errno", None) in _NO_ROOM  # FFmpeg's errors have one too, and are no OSError


class MissingPackageError(Exception):
    """A setting needs a package that is not installed: a process cannot start."""


class CredentialsError(Exception):
    """The key and certificates that the settings name cannot sign: a worker cannot start."""


class ServiceError(Exception):
    """Root of all errors that a request may end with.

    Attributes:
        code: stable snake_case name, the `code` of the problem document.
        status: HTTP status the error is answered with.
        title: short summary of the kind of error; the message of the instance is the problem's `detail`.
        field: dotted path of the request field at fault, where there is one.
        retry_after: seconds after which trying again makes sense, or None when it never does.
    """

    code: str = "internal_error"
    status: int = 500
    title: str = "Internal error"
    field: str | None = None
    retry_after: int | None = None


class UnknownJobError(ServiceError):
    """No job has this id (or its record has expired)."""

    code, status, title = "unknown_job", 404, "Unknown job"


class UnknownBatchError(ServiceError):
    """No batch has this id (or its record has expired)."""

    code, status, title = "unknown_batch", 404, "Unknown batch"


class ResultExpiredError(ServiceError):
    """The job is known, its result has been deleted after its time to live."""

    code, status, title = "result_expired", 410, "Result expired"


class UnknownSourceError(ServiceError):
    """No source has this id."""

    code, status, title = "unknown_source", 404, "Unknown source"


class SourceExpiredError(ServiceError):
    """The source existed, and has been deleted or has outlived its time to live."""

    code, status, title = "source_expired", 410, "Source expired"


class UnknownMotionError(ServiceError):
    """No motion has this name (or nobody has used it for too long)."""

    code, status, title = "unknown_motion", 404, "Unknown motion"


class MotionExistsError(ServiceError):
    """There is a motion of this name already."""

    code, status, title = "motion_exists", 409, "Motion exists"


class MotionsFullError(ServiceError):
    """As many motions, or as large ones, are stored as the key may have."""

    code, status, title = "motions_full", 409, "No room for another motion"


class IdempotencyConflictError(ServiceError):
    """An Idempotency-Key came back with another request body."""

    code, status, title = "idempotency_key_reused", 422, "Idempotency-Key reused"
    field = "Idempotency-Key"


class TooManyJobsError(ServiceError):
    """As many jobs of the key wait or run as it may have at once."""

    code, status, title, retry_after = "too_many_jobs", 429, "Too many jobs at once", 5


class QueueFullError(ServiceError):
    """More jobs wait than the service accepts."""

    code, status, title, retry_after = "queue_full", 503, "No room in the queue", 10


class QueueNotServedError(ServiceError):
    """Workers are alive, but none of them takes jobs of this kind (`PORTRAIT_QUEUES`)."""

    code, status, title, retry_after = "queue_not_served", 503, "No worker for this kind of job", 10


class UnknownBundleError(ServiceError):
    """The request asks for a bundle that no worker has, or had lately."""

    code, status, title = "unknown_bundle", 422, "Unknown bundle"
    field = "bundle"


class BundleNotServedError(ServiceError):
    """The bundle that the request asks for is known, but no live worker has it, or none for this kind of job."""

    code, status, title, retry_after = "bundle_not_served", 503, "No worker with this bundle", 10


class StorageFullError(ServiceError):
    """The blob store has no space left."""

    code, status, title, retry_after = "storage_full", 503, "No room in the storage", 60


class NoWorkerYetError(ServiceError):
    """No worker has come up since the Redis was set up, so the sliders are unknown."""

    code, status, title, retry_after = "no_worker_yet", 503, "No worker has started yet", 5


class UnsupportedMediaError(ServiceError):
    """The bytes are of no media type that is accepted here."""

    code, status, title = "unsupported_media", 415, "Unsupported media type"


class FetchError(ServiceError):
    """A file that a request names by its URL could not be fetched."""

    code, status, title = "fetch_failed", 422, "File not fetched"
    field = "source"


class DamagedMediaError(ServiceError):
    """A file that breaks off or contradicts itself."""

    code, status, title = "damaged_media", 422, "Damaged file"
    field = "source"


class EmptyFileError(ServiceError):
    """A file of zero bytes."""

    code, status, title = "empty_file", 422, "Empty file"
    field = "source"


class PictureTooLargeError(ServiceError):
    """The picture's header declares more pixels than are accepted."""

    code, status, title = "picture_too_large", 413, "Too many pixels"


class VideoTooLargeError(ServiceError):
    """The video's picture has more pixels than are accepted."""

    code, status, title = "video_too_large", 413, "Video too large"


class VideoTooLongError(ServiceError):
    """The video lasts longer than is accepted."""

    code, status, title = "video_too_long", 413, "Video too long"


class TooManyFramesError(ServiceError):
    """A clip, read or made, has more frames than are accepted."""

    code, status, title = "too_many_frames", 422, "Too many frames"
    field = "source"


class AudioTooLongError(ServiceError):
    """The sound lasts longer than is accepted."""

    code, status, title = "audio_too_long", 413, "Sound too long"


class AudioError(ServiceError):
    """A sound file that cannot be read: of an unknown container or codec, or damaged from the start."""

    code, status, title = "unreadable_audio", 422, "Unreadable sound"
    field = "audio"


class NoAudioError(ServiceError):
    """A media file without sound: no audio track, or not a single sample in it."""

    code, status, title = "no_audio", 422, "No sound"
    field = "audio"


class AudioRateError(ServiceError):
    """Fewer or more samples a second than are accepted."""

    code, status, title = "audio_rate", 422, "Sample rate out of range"
    field = "audio"


class NoSpeechModelError(ServiceError):
    """The workers' bundle has no speech model: POST /talk is not possible here."""

    code, status, title = "no_speech_model", 501, "No speech model"

    def __init__(
        self, detail: str = "The bundle of the workers has no speech model; point PORTRAIT_BUNDLE to one that has."
    ) -> None:
        super().__init__(detail)


class NoFaceModelError(ServiceError):
    """The workers' bundle has no face model: a mesh is not possible here."""

    code, status, title = "no_face_model", 501, "No face model"

    def __init__(
        self, detail: str = "The bundle of the workers has no face model; choose json, or point PORTRAIT_BUNDLE to one."
    ) -> None:
        super().__init__(detail)


class WorkerLostError(ServiceError):
    """The worker died while it ran the job, and so did the one that retried it."""

    code, status, title, retry_after = "worker_lost", 503, "Worker lost", 5


class JobTimeoutError(ServiceError):
    """The job ran for longer than the service allows."""

    code, status, title = "job_timeout", 504, "Job took too long"


class QueueTimeoutError(ServiceError):
    """The job waited for a worker for longer than the service allows."""

    code, status, title, retry_after = "queue_timeout", 503, "Waited too long for a worker", 30


class SupersededError(ServiceError):
    """This attempt at the job no longer counts: another worker has it, or it has already ended."""

    code, status, title = "superseded", 409, "Attempt superseded"
