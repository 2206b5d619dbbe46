"""The JSON of jobs, requests and problems."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from workers.contract import errors
from workers.contract.errors import ServiceError, SourceExpiredError
from workers.contract.jobs import Job, JobStatus, Problem, Progress
from workers.contract.kinds.edit import EditRequest
from workers.contract.kinds.extract import ExtractRequest
from workers.contract.kinds.reenact import ReenactRequest


def request(**fields: Any) -> EditRequest:
    """A request for a source that exists."""
    return EditRequest.model_validate({"source_id": "0" * 64, **fields})


def test_a_job_has_the_documented_keys() -> None:
    job = Job(id="a", kind="edit", status=JobStatus.QUEUED, progress=Progress(), created_at=datetime.now(UTC))
    body = job.model_dump(mode="json")
    assert set(body) == {
        "id",
        "kind",
        "batch",
        "status",
        "progress",
        "queue",
        "created_at",
        "started_at",
        "finished_at",
        "events_url",
        "result_url",
        "result",
        "results",
        "error",
        "bundle",
        "code_version",
        "metrics",
        "warnings",
        "metadata",
        "deliveries",
    }
    assert set(body["progress"]) == {"done", "total", "fps", "eta_s", "stage"}
    assert datetime.fromisoformat(body["created_at"]).tzinfo is not None


def test_the_output_format_follows_from_the_request() -> None:
    assert request().output.format == "png"
    assert request(controls={"keyframes": [{"time": 0.0}]}).output.format == "mp4"
    assert request(options={"output": {"format": "webp"}}).output.format == "webp"


@pytest.mark.parametrize(
    "fields",
    [
        {"options": {"output": {"format": "mp4"}}},
        {"options": {"output": {"format": "png"}}, "controls": {"keyframes": [{"time": 0.0}]}},
        {"options": {"output": {"format": "tiff"}}},
        {"options": {"output": {"size": 256}}},
        {"options": {"output": {"size": 63}, "paste_back": False}},
        {"options": {"output": {"fps": 0}}},
        {"options": {"face": -1}},
        {"options": {"face": "smallest"}},
        {"options": {"colour": True}},
    ],
)
def test_options_that_do_not_fit_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        request(**fields)


def reenactment(kind: str = "video", **options: Any) -> ReenactRequest:
    """A request with a driver that exists."""
    fields = {"source_id": "0" * 64, "driver_id": "1" * 64, "driver_kind": kind, "options": options}
    return ReenactRequest.model_validate(fields)


def test_a_reenactments_format_must_fit_its_driver() -> None:
    assert reenactment(output={"format": "gif"}).options.output.format == "gif"
    assert reenactment("picture", output={"format": "webp"}).options.output.format == "webp"
    for kind, wanted in (("video", "png"), ("picture", "mp4")):
        with pytest.raises(ValidationError, match="choose one of"):
            reenactment(kind, output={"format": wanted})
    for wanted in ("png", "mp4"):
        assert reenactment("motion", output={"format": wanted}), "only the worker can tell what a document makes"


def test_what_takes_minutes_says_so() -> None:
    assert reenactment("picture").long
    assert ExtractRequest(source_id="", source_kind="video").long
    assert not ExtractRequest(source_id="").long
    assert not request().long


def test_a_request_survives_its_way_through_redis() -> None:
    original = request(
        controls={"keyframes": [{"time": 0, "pose": {"zoom": 1.1}}]},
        options={"face": 1, "paste_back": False, "output": {"format": "gif", "size": 256, "fps": 12.5}},
    )
    assert EditRequest.model_validate_json(original.model_dump_json()) == original


def test_a_problem_says_what_the_error_knows() -> None:
    error = SourceExpiredError("Upload it again.")
    error.field = "source_id"
    problem = Problem.of(error, "/jobs/1").model_dump()
    assert problem == {
        "type": "urn:problem-type:source_expired",
        "title": "Source expired",
        "status": 410,
        "detail": "Upload it again.",
        "code": "source_expired",
        "instance": "/jobs/1",
        "errors": [{"field": "source_id", "message": "Upload it again."}],
    }


def test_every_error_has_its_own_code_and_an_error_status() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ServiceError)]
    assert len({kind.code for kind in kinds}) == len(kinds) > 10
    assert all(400 <= kind.status < 600 and kind.__doc__ for kind in kinds)
    assert all(kind.retry_after for kind in kinds if kind.status == 503), "503 says when to come back"
