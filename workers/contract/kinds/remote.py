"""A request whose files are elsewhere: a worker fetches them, and makes it whole."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from workers.contract.kinds.common import JobKind, RequestFields, SourceRequest, StoredRequest
from workers.contract.media_type import MediaKind


class RemoteRequest(RequestFields, StoredRequest):
    """One accepted request that names files by URL.

    Attributes:
        urls: where each file is, by its field.
        draft: the request that it becomes, in which these files have no ids yet; what they are is only supposed.
        source_id: of a photo that is here already; empty where it is elsewhere, or there is none.
        ids_here: of all files that are here.
        takes_long: as `StoredRequest.long` of the draft.
        wants_document: as `StoredRequest.answers_with_document` of the draft.
    """

    kind: Literal["remote"] = "remote"
    urls: dict[str, str]
    draft: dict[str, Any]
    source_id: str = ""
    ids_here: list[str]
    takes_long: bool
    wants_document: bool

    @classmethod
    def of(
        cls, fields: RequestFields, draft: StoredRequest, urls: Mapping[str, str], ids_here: Iterable[str]
    ) -> "RemoteRequest":
        """Of a request that lacks some files, and its fields."""
        shared = {name: getattr(fields, name) for name in RequestFields.model_fields}
        return cls(
            **shared,
            urls=dict(urls),
            draft=json.loads(draft.model_dump_json()),
            source_id=draft.source_id if isinstance(draft, SourceRequest) else "",
            ids_here=list(ids_here),
            takes_long=draft.long,
            wants_document=draft.answers_with_document,
        )

    @property
    def job_kind(self) -> str:
        """Of the request that it becomes."""
        return str(self.draft["kind"])

    @property
    def long(self) -> bool:
        """As the request that it becomes."""
        return self.takes_long

    @property
    def answers_with_document(self) -> bool:
        """As the request that it becomes."""
        return self.wants_document

    @property
    def drawn_by(self) -> str:
        """The photo, wherever it is; of a request without one, its first file."""
        return self.source_id or self.urls.get("source") or next(iter(self.urls.values()))

    def whole(self, kind: JobKind, found: Mapping[str, tuple[str, MediaKind]]) -> StoredRequest:
        """The request, now that all files are here.

        Args:
            kind: of the job.
            found: the id of each file that was elsewhere, and what it is.

        Raises:
            pydantic.ValidationError: a file is of a kind that does not go with the rest.
        """
        content = dict(self.draft)
        for name, (source_id, media_kind) in found.items():
            content[f"{name}_id"] = source_id
            if f"{name}_kind" in kind.request.model_fields:
                content[f"{name}_kind"] = media_kind
        return kind.request.model_validate_json(json.dumps(content))
