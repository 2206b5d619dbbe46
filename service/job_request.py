"""From the fields and files of a submission to the request of a job: the same steps for every kind."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from service.backend import Backend
from service.callbacks.policy import callback_policy
from service.intake import Submission
from service.settings import ApiSettings
from service.uploads import Uploads
from workers.contract.invalid_request import InvalidRequestError
from workers.contract.kinds import JobRequest, RemoteRequest
from workers.contract.kinds.common import JobKind, RequestFields
from workers.contract.media_type import MediaKind, media_kind
from workers.contract.presence import Presence
from workers.contract.validation import parse


def build_request(
    backend: Backend, kind: JobKind, submission: Submission, uploads: Uploads, parameters: Mapping[str, Any]
) -> JobRequest:
    """Validate everything a request says, then store its files.

    Args:
        backend: of this process.
        kind: of the job.
        submission: the fields of the body.
        uploads: its files.
        parameters: fields that came in the query.

    Raises:
        ServiceError: whatever is wrong with the fields or the files. `uploads` knows which were stored before.
    """
    uploads.check_urls()
    texts = {name: text for name, text in submission.texts.items() if name in kind.texts}
    kind.fields.ensure_supported(backend.presence, texts.get("bundle"))
    fields = _fields(kind, uploads, {**submission.documents, **texts, **parameters})
    if faults := list(request_faults(fields, backend.presence, backend.settings)):
        raise InvalidRequestError.of(faults)
    for place, (source_id, kinds) in fields.named_files().items():
        uploads.use(place, source_id, kinds)
    for name, document in fields.inline_files().items():
        uploads.add_document(name, document)
    stored: dict[str, Any] = dict(fields)
    for name in kind.files:
        if name in uploads.urls:
            stored[f"{name}_id"] = ""
        elif uploads.sent(name) or name == "source" or name in kind.required:
            source = uploads.store(name)
            stored[f"{name}_id"] = source.id
            if f"{name}_kind" in kind.request.model_fields:
                stored[f"{name}_kind"] = media_kind(source.media_type, kind.files[name])
    request = kind.request(**stored)
    if not uploads.urls:
        return cast(JobRequest, request)
    ids_here = [source_id for source_id, _ in fields.named_files().values()]
    ids_here += [value for name, value in stored.items() if name.endswith("_id") and value]
    return RemoteRequest.of(fields, request, uploads.urls, ids_here)


def _fields(kind: JobKind, uploads: Uploads, texts_and_documents: Mapping[str, Any]) -> RequestFields:
    """What a request says apart from its files, validated by what these are.

    What a file elsewhere is shows when it is fetched: here the request is right if it is so for any kind of it.
    """
    known = kind.fields.model_fields.keys()
    needed = [name for name in kind.checked_first if uploads.sent(name) or name == "source" or name in kind.required]
    wrong: InvalidRequestError | None = None
    for found in _choices([uploads.kinds(name) for name in needed]):
        media_kinds = {f"{name}_kind": one for name, one in zip(needed, found, strict=True)}
        judged_by = {name: one for name, one in media_kinds.items() if name in known}
        try:
            return parse(kind.fields, {**texts_and_documents, **judged_by})
        except InvalidRequestError as error:
            wrong = wrong or error
    assert wrong is not None, "each file is of some kind"
    raise wrong


def _choices(kinds: Sequence[Sequence[MediaKind]]) -> Iterator[tuple[MediaKind, ...]]:
    """Every way to take one of each."""
    if not kinds:
        yield ()
        return
    for first in kinds[0]:
        for rest in _choices(kinds[1:]):
            yield first, *rest


def request_faults(fields: RequestFields, presence: Presence, settings: ApiSettings) -> Iterator[tuple[str, str]]:
    """(field, message) of everything that is wrong by the bundle or the settings."""
    yield from fields.check(presence, settings)
    if fields.callback.url is not None:
        for fault in callback_policy(settings).faults(fields.callback.url):
            yield "callback.url", fault
