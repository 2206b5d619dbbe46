"""From the fields and files of a submission to the request of a job: the same steps for every kind."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from service.backend import Backend
from service.callbacks.policy import CallbackPolicy
from service.errors import InvalidRequestError
from service.intake import Submission
from service.settings import ApiSettings
from service.uploads import Uploads
from service.validation import parse
from workers.contract.kinds import JobRequest
from workers.contract.kinds.common import TEXTS, JobKind, RequestFields
from workers.contract.media_type import media_kind
from workers.contract.presence import Presence


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
    texts = {name: text for name, text in submission.texts.items() if name in TEXTS}
    kind.fields.ensure_supported(backend.presence, texts.get("bundle"))
    needed = [name for name in kind.checked_first if uploads.sent(name) or name == "source" or name in kind.required]
    media_kinds = {f"{name}_kind": uploads.kind(name) for name in needed}
    known = kind.fields.model_fields.keys()
    judged_by = {name: value for name, value in media_kinds.items() if name in known}
    fields = parse(kind.fields, {**submission.documents, **texts, **parameters, **judged_by})
    if faults := list(request_faults(fields, backend.presence, backend.settings)):
        raise InvalidRequestError.of(faults)
    for place, (source_id, kinds) in fields.named_files().items():
        uploads.use(place, source_id, kinds)
    for name, document in fields.inline_files().items():
        uploads.add_document(name, document)
    stored: dict[str, Any] = dict(fields)
    for name in kind.files:
        if uploads.sent(name) or name == "source" or name in kind.required:
            source = uploads.store(name)
            stored[f"{name}_id"] = source.id
            if f"{name}_kind" in kind.request.model_fields:
                stored[f"{name}_kind"] = media_kind(source.media_type, kind.files[name])
    return cast(JobRequest, kind.request(**stored))


def request_faults(fields: RequestFields, presence: Presence, settings: ApiSettings) -> Iterator[tuple[str, str]]:
    """(field, message) of everything that is wrong by the bundle or the settings."""
    yield from fields.check(presence, settings)
    if fields.callback.url is not None:
        for fault in CallbackPolicy.of(settings).faults(fields.callback.url):
            yield "callback.url", fault
