"""Every kind of job: its description fits its models, and its OpenAPI examples are requests that would be accepted."""

from __future__ import annotations

import base64
import io
from typing import Any, get_args

import pytest
from pydantic import RootModel, TypeAdapter

from models.coefficients import ARKIT
from workers.contract.kinds import KINDS, JobRequest, RemoteRequest
from workers.contract.kinds.common import JobKind
from workers.contract.kinds.controls import Controls, check_controls
from workers.contract.kinds.preview import PreviewRequest
from workers.contract.kinds.strict import Strict
from workers.contract.media_type import detect_media_type, media_kind

EXAMPLES = {(kind, name): example["value"] for kind, jobs in KINDS.items() for name, example in jobs.examples.items()}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_a_kind_is_described_as_it_is_modelled(name: str, kind: JobKind) -> None:
    assert kind.fields.model_fields["kind"].default == kind.request.model_fields["kind"].default == name
    assert issubclass(kind.request, kind.fields)
    assert {f"{file}_id" for file in kind.files} <= kind.request.model_fields.keys()
    assert kind.required <= kind.files.keys()
    assert set(kind.checked_first) <= kind.files.keys()
    defaults = {field: info.default for field, info in kind.fields.model_fields.items()}
    assert kind.documents.keys() == {
        field for field, default in defaults.items() if isinstance(default, Strict | RootModel)
    }
    requests = get_args(get_args(JobRequest)[0])
    assert kind.request in requests
    assert set(requests) == {kind.request for kind in KINDS.values()} | {PreviewRequest, RemoteRequest}


@pytest.mark.parametrize(("kind", "name"), EXAMPLES)
def test_an_example_would_be_accepted(kind: str, name: str) -> None:
    job, example = KINDS[kind], EXAMPLES[kind, name]
    files = {field: value for field, value in example.items() if field in job.files}
    assert example.keys() <= files.keys() | job.documents.keys() | job.texts.keys() | {"source_id"}
    assert "source" not in job.files or ("source" in files) != ("source_id" in example)
    assert job.required <= files.keys()
    known: dict[str, Any] = {"source_kind": "picture"}
    for field, text in files.items():
        header = detect_media_type(io.BytesIO(base64.b64decode(text)), 10**6, job.files[field])
        known[f"{field}_kind"] = media_kind(header.media_type, job.files[field])
    documents = {field: value for field, value in example.items() if field in {*job.documents, *job.texts}}
    judged_by = {field: value for field, value in known.items() if field in job.fields.model_fields}
    fields = job.fields.model_validate(documents | judged_by)
    if "controls" in documents:
        controls = Controls.model_validate(documents["controls"])
        assert check_controls(controls, ARKIT.document(), max_clip_seconds=60) == []
    ids = {f"{field}_id": "0" * 64 for field in {*files, *({"source"} & job.files.keys())}}
    request = job.request(**dict(fields), **ids)
    assert TypeAdapter(JobRequest).validate_json(request.model_dump_json()) == request
