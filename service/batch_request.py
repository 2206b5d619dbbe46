"""From the body of POST /batches to the requests of its jobs: everything is checked before anything is made."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field

from service.backend import Backend
from service.callbacks.policy import CallbackPolicy
from service.errors import InvalidRequestError
from service.intake import Submission
from service.uploads import Uploads
from workers.contract.jobs import MAX_ERRORS, FieldProblem
from workers.contract.kinds.edit import EditFields, EditRequest
from workers.contract.kinds.metadata import Metadata
from workers.contract.kinds.strict import Strict
from workers.contract.media_type import PICTURE
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
    """Presence that reads the sliders once."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence

    def sliders(self) -> dict[str, Any]:
        """The document of GET /sliders."""
        return self._sliders

    @cached_property
    def _sliders(self) -> dict[str, Any]:
        return self._presence.sliders()


def edit_requests(backend: Backend, owner: str, body: BatchBody) -> list[EditRequest]:
    """The requests of a batch.

    Raises:
        InvalidRequestError: naming the first wrong edits by their place.
        NoWorkerYetError: the sliders are not known.
    """
    faults = list(_faults(backend, body))
    first_use = {edit.source_id: place for place, edit in reversed(list(enumerate(body.edits)))}
    for source_id, place in first_use.items():
        problem = _source_fault(backend, owner, source_id)
        if problem is not None:
            faults.append(FieldProblem(field=f"edits.{place}.source_id", message=problem))
    if faults:
        raise InvalidRequestError(faults[:MAX_ERRORS], total=len(faults))
    return [EditRequest(**dict(edit)) for edit in body.edits]


def _faults(backend: Backend, body: BatchBody) -> Iterator[FieldProblem]:
    presence, policy = _Known(backend.presence), CallbackPolicy.of(backend.settings)
    for place, edit in enumerate(body.edits):
        found = edit.check(presence, backend.settings)
        if edit.callback.url is not None:
            found += [("callback.url", fault) for fault in policy.faults(edit.callback.url)]
        for field, message in found:
            yield FieldProblem(field=f"edits.{place}.{field}", message=message)


def _source_fault(backend: Backend, owner: str, source_id: str) -> str | None:
    named = Submission(texts={"source_id": source_id})
    try:
        Uploads(backend, owner, named, {"source": PICTURE}).store("source")
    except InvalidRequestError as error:
        return error.errors[0].message
    return None
