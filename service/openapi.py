"""What routes declare beyond what FastAPI finds in them: bodies in two content types, answers, problems."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Header

from service.documents import JobEvent, MotionDocument
from service.examples import FACES_EXAMPLE
from service.intake import MAX_JSON_BYTES, BodyFields, most_characters
from service.json_text import MAX_CONTAINERS, MAX_DEPTH, MAX_VALUES
from service.preferences import ANY_FILE
from service.problems import MEDIA_TYPE
from workers.contract.faces import Faces
from workers.contract.jobs import Problem
from workers.contract.kinds.common import JobKind
from workers.contract.kinds.extract import EXTRACT_FORMATS

DESCRIPTION = """
Send a photo and sliders, a driving video or speech, get the edited photo or a clip back, rendered by PIRenderer.

1. `POST /edit` (sliders), `POST /reenact` (a driving video) or `POST /talk` (speech) answers 202 with a job, or, with
   the header `Prefer: wait=30`, the finished job within that time.
2. `GET /jobs/{id}/events` streams its progress, `GET /jobs/{id}` tells its state at any time.
3. `GET /jobs/{id}/result` is the picture or clip. With `Accept: image/*` or `video/*` beside `Prefer: wait`, step 1
   gives it at once.

`POST /faces` tells beforehand which faces a photo shows and how well each suits these routes.

Every route is under `/v1` and, as an alias, without it; addresses in an answer begin as the request's did.

Every error is an [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem document whose `detail` says what to
change and whose `code` is stable.
"""

TAGS = [
    {"name": "editing", "description": "Make a job."},
    {"name": "sources", "description": "Upload a photo or video once, use it many times."},
    {"name": "jobs", "description": "Follow, fetch, cancel."},
    {"name": "tenants", "description": "Who calls, and what is theirs."},
    {"name": "operation", "description": "For probes and monitoring; these ask for no key."},
]

Responses = dict[int | str, dict[str, Any]]

Prefer = Annotated[
    str | None,
    Header(
        description="`wait=SECONDS`, at most 60: answer when the job has ended, or after that time. If you hang up "
        "meanwhile, the job is cancelled; with an Idempotency-Key or a callback it goes on."
    ),
]

_REFERENCE = "#/components/schemas/{model}"


def problems(*statuses: int, model: type[Problem] = Problem) -> Responses:
    """Error responses of a route, as problem+json."""
    schema = {"$ref": _REFERENCE.format(model=model.__name__)}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


_JOB = {"application/json": {"schema": {"$ref": _REFERENCE.format(model="Job")}}}
_LOCATION_HEADER = {"description": "Where the job is.", "schema": {"type": "string"}}
_RETRY_HEADER = {
    "description": "Seconds after which to ask.",
    "schema": {"type": "string", "pattern": "^[0-9]+$"},
}
_WAIT_HEADER = {"description": "The wait that was granted, as `wait=SECONDS`.", "schema": {"type": "string"}}

MOTION_CONTENT: dict[str, Any] = {
    EXTRACT_FORMATS["json"]: {"schema": {"$ref": _REFERENCE.format(model=MotionDocument.__name__)}},
    EXTRACT_FORMATS["npz"]: {},
    EXTRACT_FORMATS["obj"]: {},
}
FACES_CONTENT: dict[str, Any] = {
    "application/json": {"schema": {"$ref": _REFERENCE.format(model=Faces.__name__)}, "example": FACES_EXAMPLE}
}
_DOCUMENTS = {
    name: {"schema": {"anyOf": [content["schema"] for content in (MOTION_CONTENT[name], FACES_CONTENT[name])]}}
    for name in FACES_CONTENT
}
MEDIA_CONTENT: dict[str, Any] = {"image/*": {}, "video/*": {}}
# Generators of clients take the first type that they know. One that took JSON would try to parse a picture.
_ANY_FILE: dict[str, Any] = {ANY_FILE: {"schema": {"type": "string", "format": "binary"}}}

EVENTS: Responses = {
    200: {
        "description": "The events, until the job has ended.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},  # for generators that do not know streams
                "itemSchema": {"$ref": _REFERENCE.format(model=JobEvent.__name__)},
            }
        },
    }
}

# A result of a job that failed is its own problem, which may be of any of these.
_OF_JOBS = (410, 413, 415, 422, 500, 503, 504)


def job_answers() -> Responses:
    """Responses of a route that makes a job of which clients want pictures or clips."""
    description = (
        "Finished (or cancelled) within the preferred wait: the job; or its picture or clip, where `Accept` prefers "
        "that type to JSON by its name (`image/png`, `image/*`): `*/*` alone gives the job."
    )
    return _answers(description, _JOB | MEDIA_CONTENT)


def plain_job_answers() -> Responses:
    """Responses of a route that makes a job whose end, and not its result, is what clients want."""
    return _answers("Finished (or cancelled) within the preferred wait: the job.", _JOB)


def document_answers(content: dict[str, Any]) -> Responses:
    """Responses of a route that makes a job of which clients want the document, which `content` describes."""
    description = "Finished within the preferred wait: the document itself, whatever `Accept`."
    return _answers(description, content) | problems(409)


def _headers(**descriptions: str) -> dict[str, Any]:
    """Headers that an answer always carries, by name with _ for -."""
    return {
        name.replace("_", "-"): {"description": text, "schema": {"type": "string"}}
        for name, text in descriptions.items()
    }


_CACHING = _headers(ETag="Names these bytes.", Cache_Control="Private; kept until the result expires.")
_FILE = _CACHING | _headers(
    Accept_Ranges="`bytes`: a part may be requested.",
    Content_Length="Of what is sent, in bytes.",
    Content_Disposition="With a name for the file.",
)
_DATED = _headers(Last_Modified="When the job ended.")
_ELSEWHERE = _headers(Location="Where it is; no key is to be sent there.")
_PART = _headers(Content_Range="Which bytes of how many.")


def _header_parameters(**descriptions: str) -> dict[str, Any]:
    """Headers that a request may carry, by name with _ for -."""
    return {
        "parameters": [
            {
                "name": name.replace("_", "-"),
                "in": "header",
                "required": False,
                "description": text,
                "schema": {"type": "string"},
            }
            for name, text in descriptions.items()
        ]
    }


FILE_CONDITIONS = _header_parameters(
    Accept=f"`{ANY_FILE}`: the same bytes under this name. Any other value changes nothing.",
    Range="`bytes=FIRST-LAST`: this part. Of several ranges, or with another unit, the whole comes.",
    If_Range="An `ETag` or `Last-Modified`: the part only if it is of the same file, else the whole.",
    If_None_Match="`ETag`s of what the client has: 304 when it is one of them.",
    If_Modified_Since="A date: 304 when the result is not newer.",
)
_ACCEPT_MEDIA = _header_parameters(
    Accept="`image/*`, `video/*` or a type of them: with `Prefer: wait`, the picture or clip itself instead of the job."
)


def result_answers() -> Responses:
    """Responses of a job's result."""
    content = MEDIA_CONTENT | MOTION_CONTENT | _DOCUMENTS
    return _file_answers("What the job made.", content, _FILE | _DATED) | problems(404, 409, *_OF_JOBS, 501)


def content_answers() -> Responses:
    """Responses of an upload's content."""
    content: dict[str, Any] = MEDIA_CONTENT | {"audio/*": {}} | {EXTRACT_FORMATS[name]: {} for name in ("json", "npz")}
    return _file_answers("The file.", content, _FILE) | problems(404, 410)


def motion_answers() -> Responses:
    """Responses of a stored motion's document."""
    content = {EXTRACT_FORMATS["json"]: MOTION_CONTENT[EXTRACT_FORMATS["json"]]}
    return _file_answers("The document.", content, _FILE | _DATED) | problems(404)


def sound_answers() -> Responses:
    """Responses of a stored motion's sound."""
    return _file_answers("The sound.", {"audio/flac": {}}, _FILE | _DATED) | problems(404)


def _file_answers(description: str, content: dict[str, Any], headers: dict[str, Any]) -> Responses:
    """Responses of whatever gives a stored file."""
    part = _ANY_FILE | {name: {} for name in content}
    return {
        200: {"description": description, "content": _ANY_FILE | content, "headers": headers},
        206: {"description": "The range of it.", "content": part, "headers": headers | _PART},
        304: {"description": "The client has it.", "headers": _CACHING},
        307: {"description": "It is in the object store, for some time at this address.", "headers": _ELSEWHERE},
        416: problems(416)[416] | {"headers": _PART},
    }


def _answers(description: str, content: dict[str, Any]) -> Responses:
    return {
        200: {
            "description": description,
            "content": content,
            "headers": {
                "Content-Location": _LOCATION_HEADER | {"description": "Where the answer stays."},
                "Preference-Applied": _WAIT_HEADER,
            },
        },
        202: {
            "description": "Accepted, still under way.",
            "content": _JOB,
            "headers": {"Location": _LOCATION_HEADER, "Retry-After": _RETRY_HEADER},
        },
    } | problems(400, *_OF_JOBS, 429)


def media_job(name: str, kind: JobKind) -> dict[str, Any]:
    """The request of a route that makes a job of which clients want pictures or clips."""
    return job_body(name, kind) | _ACCEPT_MEDIA


def job_body(name: str, kind: JobKind) -> dict[str, Any]:
    """The body of a route that makes a job of this kind, with the kind's examples; `name` begins its schemas' names."""
    return request_body(name, BodyFields.of(kind), kind.examples)


def request_body(name: str, fields: BodyFields, examples: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The body of a route that takes `fields` as multipart/form-data or as JSON with base64 files."""
    binary = {"type": "string", "format": "binary"}
    base64 = {"type": "string", "contentEncoding": "base64"}
    other = {name: _text(name, fields.meanings.get(name)) for name in sorted(fields.texts)} | {
        name: {"$ref": _REFERENCE.format(model=model.__name__)} for name, model in fields.documents.items()
    }

    def content(form: str, file: Mapping[str, Any]) -> dict[str, Any]:
        properties = dict.fromkeys(sorted(fields.files), file) | other
        # With a title it becomes a schema of its own, whose name clients see.
        schema = {"title": name + form, "type": "object", "additionalProperties": False, "properties": properties}
        return {"schema": schema | ({"required": sorted(fields.required)} if fields.required else {})}

    return {
        "requestBody": {
            "required": True,
            "description": f"Documents may have {fields.text_bytes:,} bytes each as parts of a form, "
            f"{MAX_JSON_BYTES:,} bytes together in a JSON body, {MAX_VALUES:,} values, "
            f"{MAX_CONTAINERS:,} objects and lists, and {MAX_DEPTH} levels.",
            "content": {
                "multipart/form-data": content("Form", binary)
                | {"encoding": {name: {"contentType": "application/json"} for name in sorted(fields.documents)}},
                "application/json": content("Body", base64) | ({"examples": dict(examples)} if examples else {}),
            },
        }
    }


def _text(name: str, meaning: str | None) -> dict[str, Any]:
    """The schema of a plain text."""
    described = {} if meaning is None else {"description": meaning}
    return {"type": "string", "maxLength": most_characters(name)} | described
