"""From the body of POST /batches to the requests of its jobs: everything is checked before anything is made."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from service.backend import Backend
from service.job_request import request_faults
from service.keys.tenant import Tenant
from service.settings import ApiSettings
from service.uploads import named_photo
from workers.contract.errors import UnknownBundleError
from workers.contract.invalid_request import InvalidRequestError
from workers.contract.kinds.edit import EditFields, EditRequest
from workers.contract.kinds.metadata import Metadata
from workers.contract.kinds.strict import Strict
from workers.contract.presence import Presence
from workers.contract.text import ID_LENGTH

MOST_EDITS = 1000


class BatchEdit(EditFields):
    """One edit of a batch: as the body of POST /edit, of a photo that was uploaded before."""

    source_id: Annotated[str, Field(max_length=ID_LENGTH)]


class BatchBody(Strict):
    """Edits that are made one after the other, as workers are free, with one status."""

    # One wrong edit is reported at a time: a thousand may hold a hundred thousand errors.
    edits: Annotated[list[BatchEdit], Field(min_length=1, max_length=MOST_EDITS, fail_fast=True)]
    metadata: Metadata = Metadata()


class _Known(Presence):
    """Presence that reads the sliders of each bundle once."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._known: dict[str | None, dict[str, Any]] = {}

    def sliders(self, bundle: str | None = None) -> dict[str, Any]:
        """The document of GET /sliders."""
        if bundle not in self._known:
            self._known[bundle] = self._presence.sliders(bundle)
        return self._known[bundle]


def edit_requests(backend: Backend, tenant: Tenant, body: BatchBody) -> list[EditRequest]:
    """The requests of a batch.

    Raises:
        InvalidRequestError: naming the first wrong edits by their place.
        NoWorkerYetError: the sliders are not known.
    """
    presence = _Known(backend.presence)
    faults = [
        (f"edits.{place}.{field}", message)
        for place, edit in enumerate(body.edits)
        for field, message in _faults(edit, presence, backend.settings)
    ]
    first_use = {edit.source_id: place for place, edit in reversed(list(enumerate(body.edits)))}
    for source_id, place in first_use.items():
        try:
            named_photo(backend, tenant, source_id)
        except InvalidRequestError as error:
            faults.append((f"edits.{place}.source_id", error.errors[0].message))
    if faults:
        raise InvalidRequestError.of(faults)
    return [EditRequest(**dict(edit)) for edit in body.edits]


def _faults(edit: BatchEdit, presence: Presence, settings: ApiSettings) -> Iterable[tuple[str, str]]:
    try:
        return list(request_faults(edit, presence, settings))
    except UnknownBundleError as error:
        return [("bundle", str(error))]
