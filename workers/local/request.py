"""From what is requested of this process to the request that a task takes: checked as the API checks it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from workers.contract.errors import ServiceError
from workers.contract.invalid_request import InvalidRequestError
from workers.contract.kinds import KINDS, JobRequest
from workers.contract.kinds.common import JobKind
from workers.contract.media_type import MediaKind, media_kind
from workers.contract.presence import Presence
from workers.contract.settings import Settings
from workers.contract.sources import StoredSource
from workers.contract.validation import parse
from workers.local.files import LocalFiles

Media = Path | str
"""A file by its path, or by the id of one that was added before."""


def accepted(
    kind: str,
    fields: Mapping[str, Any],
    media: Mapping[str, Media],
    files: LocalFiles,
    presence: Presence,
    settings: Settings,
    folder: Path,
) -> JobRequest:
    """Validate everything that a request says.

    Args:
        kind: of the job.
        fields: what it says apart from its files.
        media: its files, by field.
        files: where they are remembered.
        presence: of the loaded bundle.
        settings: for limits.
        folder: for documents inside of fields, which tasks read as files.

    Raises:
        ServiceError: as the API answers it.
        OSError: a file cannot be read.
    """
    described = KINDS[kind]
    described.fields.ensure_supported(presence, fields.get("bundle"))
    found = {name: _found(files, name, one, described.files[name]) for name, one in media.items()}
    valid = parse(described.fields, {**fields, **_kinds(described, found, described.fields.model_fields)})
    if faults := valid.check(presence, settings):
        raise InvalidRequestError.of(faults)
    for place, (source_id, kinds) in valid.named_files().items():
        files.named(place, source_id, kinds)
    for name, document in valid.inline_files().items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        found[name] = _found(files, name, path, described.files[name])
    ids = {f"{name}_id": source.id for name, source in found.items()}
    return cast(
        JobRequest, described.request(**dict(valid) | ids | _kinds(described, found, described.request.model_fields))
    )


def _found(files: LocalFiles, field: str, media: Media, kinds: tuple[MediaKind, ...]) -> StoredSource:
    if isinstance(media, str):
        return files.named(f"{field}_id", media, kinds)
    try:
        return files.add(media, kinds)
    except ServiceError as error:
        if error.field in (None, "source"):
            error.field = field
        raise


def _kinds(kind: JobKind, found: Mapping[str, StoredSource], known: Mapping[str, Any]) -> dict[str, MediaKind | None]:
    """What the files are, for a model that has fields for it."""
    return {
        f"{name}_kind": media_kind(source.media_type, kind.files[name])
        for name, source in found.items()
        if f"{name}_kind" in known
    }
