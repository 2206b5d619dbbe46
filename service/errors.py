"""What only HTTP can get wrong: the API's own branch of the error tree in `workers.contract.errors`."""

from collections.abc import Mapping

from workers.contract.errors import ServiceError


class OpenToStrangersError(Exception):
    """The API would listen beyond this machine and require no key, and no setting allows that."""


class KeysFileError(Exception):
    """The file of tenants cannot be read."""


class HttpError(ServiceError):
    """Root of the errors that only the API raises.

    Attributes:
        headers: response headers that belong to the error.
    """

    headers: Mapping[str, str] = {}

    def __init__(
        self, detail: str, *, retry_after: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        if retry_after is not None:
            self.retry_after = retry_after
        if headers is not None:
            self.headers = headers


class MalformedBodyError(HttpError):
    """The body is not the JSON or multipart it says it is."""

    code, status, title = "malformed_body", 400, "Malformed body"


class MalformedHeaderError(HttpError):
    """A header's value cannot be used."""

    code, status, title = "malformed_header", 400, "Malformed header"


class KeyMissingError(HttpError):
    """The service requires an API key and the request has none."""

    code, status, title = "key_missing", 401, "API key missing"
    headers: Mapping[str, str] = {"WWW-Authenticate": "Bearer"}


class KeyRejectedError(HttpError):
    """The API key is nobody's, or has ended."""

    code, status, title = "key_rejected", 403, "API key rejected"


class ScopeMissingError(HttpError):
    """The API key is good, but not for this: its tenant lacks the scope."""

    code, status, title = "scope_missing", 403, "Scope missing"


class SignatureRejectedError(HttpError):
    """The signature of an address is wrong, or the address has expired."""

    code, status, title = "signature_rejected", 403, "Signature rejected"


class RequestTimeoutError(HttpError):
    """The request's headers or its body did not arrive in time."""

    code, status, title = "request_timeout", 408, "Request too slow"
    headers: Mapping[str, str] = {"Connection": "close"}


class JobUnfinishedError(HttpError):
    """The result of a job that still waits or runs."""

    code, status, title, retry_after = "job_unfinished", 409, "Job unfinished", 1


class NoMotionDocumentError(HttpError):
    """A motion that ships with the service has neither a document nor a sound."""

    code, status, title = "no_motion_document", 404, "No document of this motion"


class JobCancelledError(HttpError):
    """The result of a job that was cancelled."""

    code, status, title = "job_cancelled", 409, "Job cancelled"


class BodyTooLargeError(HttpError):
    """The request's body is larger than the service accepts."""

    code, status, title = "body_too_large", 413, "Body too large"
    headers: Mapping[str, str] = {"Connection": "close"}


class UnsupportedContentTypeError(HttpError):
    """The request's Content-Type is neither multipart/form-data nor application/json."""

    code, status, title = "unsupported_content_type", 415, "Unsupported Content-Type"


class RangeNotSatisfiableError(HttpError):
    """The file ends before the requested range begins."""

    code, status, title = "range_not_satisfiable", 416, "Range not satisfiable"


class RateLimitedError(HttpError):
    """The key, or the address, has used up its requests for this minute."""

    code, status, title, retry_after = "rate_limited", 429, "Too many requests", 60


class StoreUnavailableError(HttpError):
    """Redis does not answer."""

    code, status, title, retry_after = "store_unavailable", 503, "Job store unavailable", 5


class TooManyStreamsError(HttpError):
    """As many event streams are open as one process serves."""

    code, status, title, retry_after = "too_many_streams", 503, "Too many event streams", 5


class UpgradeRequiredError(HttpError):
    """A WebSocket's address was asked for as a page."""

    code, status, title = "upgrade_required", 426, "Upgrade required"
    headers: Mapping[str, str] = {"Upgrade": "websocket", "Connection": "Upgrade"}


class TooManySocketsError(HttpError):
    """The key, or the address, has as many live connections open as it may have."""

    code, status, title, retry_after = "too_many_sockets", 429, "Too many live connections", 5


class LiveIdleError(HttpError):
    """A live connection brought no wish for too long."""

    code, status, title = "live_idle", 408, "Live connection idle"


class OriginRejectedError(HttpError):
    """A page of an origin that may not call the API wants to open a WebSocket."""

    code, status, title = "origin_rejected", 403, "Origin rejected"


class NotReadyError(HttpError):
    """Redis or a worker with a loaded model is missing."""

    code, status, title, retry_after = "not_ready", 503, "Not ready", 5
