"""What GET /docs shows beyond what FastAPI finds in the routes: bodies in two content types, problems, examples."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Header
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from service.intake import MAX_JSON_BYTES, MAX_TEXT_LENGTH, Fields
from service.json_text import MAX_DEPTH, MAX_VALUES
from service.problems import MEDIA_TYPE
from workers.contract.jobs import Job, Problem

DESCRIPTION = """
Send a photo and sliders, a driving video or speech, get the edited photo or a clip back, rendered by PIRenderer.

1. `POST /edit` (sliders), `POST /reenact` (a driving video) or `POST /talk` (speech) answers 202 with a job, or, with
   the header `Prefer: wait=30`, the finished job within that time.
2. `GET /jobs/{id}/events` streams its progress, `GET /jobs/{id}` tells its state at any time.
3. `GET /jobs/{id}/result` is the picture or clip. With `Accept: image/*` or `video/*` beside `Prefer: wait`, step 1
   gives it at once.

Every error is an [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem document whose `detail` says what to
change and whose `code` is stable.
"""

TAGS = [
    {"name": "editing", "description": "Make a job."},
    {"name": "sources", "description": "Upload a photo or video once, use it many times."},
    {"name": "jobs", "description": "Follow, fetch, cancel."},
    {"name": "operation", "description": "For probes and monitoring; these ask for no key."},
]

Responses = dict[int | str, dict[str, Any]]

Prefer = Annotated[
    str | None,
    Header(description="`wait=SECONDS`, at most 60: answer when the job has ended, or after that time."),
]

_REFERENCE = "#/components/schemas/{model}"


def problems(*statuses: int) -> Responses:
    """Error responses of a route, as problem+json."""
    schema = {"$ref": _REFERENCE.format(model="Problem")}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def job_answers() -> Responses:
    """Success responses of a route that makes a job."""
    job = {"application/json": {"schema": {"$ref": _REFERENCE.format(model="Job")}}}
    place = {"description": "Where the job is.", "schema": {"type": "string"}}
    later = {"description": "Seconds after which to ask.", "schema": {"type": "integer"}}
    return {
        200: {
            "description": "Finished within the preferred wait: the job, or its media where Accept prefers that; "
            "/extract gives its document.",
            "content": job | {"image/*": {}, "video/*": {}},
        },
        202: {
            "description": "Accepted, still under way.",
            "content": job,
            "headers": {"Location": place, "Retry-After": later},
        },
    }


def request_body(fields: Fields, examples: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The body of a route that takes `fields` as multipart/form-data or as JSON with base64 files."""
    binary = {"type": "string", "format": "binary"}
    base64 = {"type": "string", "contentEncoding": "base64"}
    other = {name: {"type": "string", "maxLength": MAX_TEXT_LENGTH} for name in sorted(fields.texts)} | {
        name: {"$ref": _REFERENCE.format(model=model.__name__)} for name, model in fields.documents.items()
    }

    def content(file: Mapping[str, Any]) -> dict[str, Any]:
        properties = dict.fromkeys(sorted(fields.files), file) | other
        return {"schema": {"type": "object", "additionalProperties": False, "properties": properties}}

    return {
        "requestBody": {
            "required": True,
            "description": f"Documents may have {fields.text_bytes:,} bytes each as parts of a form, "
            f"{MAX_JSON_BYTES:,} bytes together in a JSON body, {MAX_VALUES:,} values and {MAX_DEPTH} levels.",
            "content": {
                "multipart/form-data": content(binary)
                | {"encoding": {name: {"contentType": "application/json"} for name in sorted(fields.documents)}},
                "application/json": content(base64) | ({"examples": dict(examples)} if examples else {}),
            },
        }
    }


def install_openapi(app: FastAPI, bodies: Iterable[Fields]) -> None:
    """Add the models that routes refer to by name, having parsed `bodies` themselves, to the OpenAPI document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()  # made once and kept by FastAPI
        read: list[tuple[type[BaseModel], JsonSchemaMode]] = [
            (model, "validation") for body in bodies for model in body.documents.values()
        ]
        written: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Job, "serialization"), (Problem, "serialization")]
        _, schemas = models_json_schema([*read, *written], ref_template=_REFERENCE)
        known = document.setdefault("components", {}).setdefault("schemas", {})
        for name, schema in schemas["$defs"].items():
            known.setdefault(name, schema)
        _replace_validation_errors(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _replace_validation_errors(document: dict[str, Any]) -> None:
    """FastAPI announces its own 422 wherever there is a parameter; this API answers with a problem there too."""
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                operation["responses"]["422"] = problems(422)[422]
