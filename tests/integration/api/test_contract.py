"""The OpenAPI document against reality: every declared answer is given, every example is true.

Whatever the other tests of this folder ask for is checked too, by the client that they share.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from models.coefficients import ARKIT, BFM
from models.coefficients.document import Motion, motion_document, motion_npz
from service.examples import FACES_EXAMPLE
from service.keys.tenant import KeyScope, ManagedTenant, new_key
from service.keys.tenant_store import TenantStore
from service.settings import ApiSettings
from tests.integration.api.conftest import MOTION_DOCUMENT, ActedWorker, alone, assert_problem, serving
from tests.integration.api.contract import CONTRACT
from tests.integration.conftest import BUNDLE

pytestmark = pytest.mark.integration

WAV = b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(100)
WEBM = b"\x1aE\xdf\xa3" + bytes(100)


def motion(space: Any = ARKIT) -> Motion:
    """Two frames, the face out of sight in one."""
    boxes = np.array([[0.0, 0.0, 9.0, 9.0], [np.nan] * 4])
    coefficients = np.zeros((2, space.size), np.float32)
    return Motion(space, np.array([0.0, 0.04]), 25.0, coefficients, boxes, np.array([0.9, np.nan]))


DOCUMENTS = {
    "application/json": json.dumps(motion_document(motion(), BUNDLE.model_dump())).encode(),
    "application/x-npz": motion_npz(motion(), BUNDLE.model_dump()),
    "model/obj": b"v 0 0 0\n",
}

FACES = json.dumps(FACES_EXAMPLE).encode()


class Waiting:
    """Requests that wait, and a worker that ends them."""

    def __init__(self, api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
        self.api, self.worker = api, worker
        self.files = {
            "/edit": photo,
            "/reenact": photo | {"driver": ("d.webm", WEBM, "video/webm")},
            "/talk": photo | {"audio": ("a.wav", WAV, "audio/wav")},
            "/extract": photo,
            "/faces": photo,
            "/motions": {"driver": ("d.webm", WEBM, "video/webm"), "name": (None, b"wave")},
        }

    def started(self, route: str, **headers: str) -> str:
        """A job under way, whose request is answered at once."""
        answer = self.api.post(route, files=self.files[route], headers=headers)
        assert answer.status_code == 202
        return str(answer.json()["id"])

    def finished(self, route: str, data: bytes, media_type: str, **headers: str) -> httpx.Response:
        """The answer to a repeated request whose job has been done meanwhile."""
        key = {"Idempotency-Key": f"{route} {media_type} {headers}"}
        query = {"application/x-npz": "?format=npz", "model/obj": "?format=obj"}.get(media_type, "")
        job = self.api.post(route + query, files=self.files[route], headers=key).json()["id"]
        self.worker.succeed(self.worker.claim(job), data, media_type)
        return self.api.post(route + query, files=self.files[route], headers=key | headers)


@pytest.fixture
def waiting(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> Waiting:
    return Waiting(api, worker, photo)


def try_motions(api: httpx.Client, waiting: Waiting) -> None:
    """Get every answer that the routes of motions declare."""
    waiting.worker.keep_motion("wave")
    assert api.get("/motions/wave").status_code == 200
    for path in ("/motions/wave/content", "/motions/wave/sound"):
        assert api.get(path, headers={"If-None-Match": api.get(path).headers["etag"]}).status_code == 304
        for headers in ({}, {"Accept": "application/octet-stream"}):
            for part, status in (({}, 200), ({"Range": "bytes=0-0"}, 206)):
                assert api.get(path, headers=headers | part).status_code == status
    assert api.delete("/motions/wave").status_code == 204
    assert waiting.started("/motions")
    assert waiting.finished("/motions", MOTION_DOCUMENT, "application/json").json()["status"] == "succeeded"


def test_every_declared_answer_is_given(
    api: httpx.Client, settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any], waiting: Waiting
) -> None:
    CONTRACT.seen.clear()
    for path in ("/health/live", "/health/ready", "/metrics", "/sliders", "/motions", "/bundles"):
        assert api.get(path).status_code == 200
    motions = [DOCUMENTS[name] for name in ("application/json", "application/x-npz")]
    for content in (photo["source"][1], WEBM, WAV, *motions):
        source = api.post("/sources", files={"source": ("file", content)}).headers["location"]
        assert api.get(source).status_code == 200
        whole = api.get(f"{source}/content")
        assert whole.content == content
        assert api.get(f"{source}/content", headers={"Range": "bytes=0-0"}).content == content[:1]
        assert api.get(f"{source}/content", headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
        for part, body in (({}, content), ({"Range": "bytes=0-0"}, content[:1])):
            mere = api.get(f"{source}/content", headers=part | {"Accept": "application/octet-stream"})
            assert (mere.content, mere.headers["content-type"]) == (body, "application/octet-stream")
    assert api.delete(source).status_code == 204

    try_motions(api, waiting)
    for route in ("/edit", "/reenact", "/talk"):
        assert waiting.finished(route, b"job", "image/png").json()["status"] == "succeeded"
        for media_type in ("image/png", "video/mp4"):
            assert waiting.finished(route, b"media", media_type, accept=media_type).content == b"media"
    for media_type, data in DOCUMENTS.items():
        assert waiting.finished("/extract", data, media_type).content == data
    assert waiting.finished("/faces", FACES, "application/json").json() == FACES_EXAMPLE

    for media_type, data in {"image/webp": b"a", "video/webm": b"b", **DOCUMENTS}.items():
        job = waiting.started("/edit")
        worker.succeed(worker.claim(job), data, media_type)
        result = api.get(f"/jobs/{job}/result")
        assert result.content == data
        assert api.get(f"/jobs/{job}/result", headers={"Range": "bytes=0-0"}).content == data[:1]
        mere = api.get(f"/jobs/{job}/result", headers={"Accept": "application/octet-stream"})
        assert (mere.content, mere.headers["content-type"]) == (data, "application/octet-stream")
        part = api.get(f"/jobs/{job}/result", headers={"Accept": "application/octet-stream", "Range": "bytes=0-0"})
        assert (part.status_code, part.content) == (206, data[:1])
        assert api.get(f"/jobs/{job}/result", headers={"If-None-Match": result.headers["etag"]}).status_code == 304
    assert api.get(f"/jobs/{job}").status_code == 200
    assert api.get("/jobs").status_code == 200
    source = api.post("/sources", files=photo).json()["id"]
    batch = api.post("/batches", json={"edits": [{"source_id": source}]})
    assert batch.status_code == 202
    for path in (batch.headers["location"], batch.json()["jobs_url"]):
        assert api.get(path).status_code == 200
    assert api.delete(batch.headers["location"]).status_code == 200
    assert api.delete(f"/jobs/{job}").status_code == 200
    assert api.get("/me").json()["tenant"] == "anonymous"
    text, key = new_key()
    tenant = ManagedTenant(name="security", keys=(key,), scopes=frozenset({KeyScope.ADMIN}))
    TenantStore(worker.client).change("security", lambda _: tenant)
    with serving(alone(settings, require_keys=True)) as (_, keyed):
        assert keyed.get("/audit", headers={"Authorization": f"Bearer {text}"}).status_code == 200
    with api.stream("GET", f"/jobs/{job}/events") as stream:
        CONTRACT.seen.add(("get", "/jobs/{job_id}/events", "200", stream.headers["content-type"].partition(";")[0]))
        text = "\n".join(stream.iter_lines())
        data = [dict(re.findall(r"^(\w+): (.*)$", event, re.MULTILINE)) for event in text.split("\n\n") if event]
    assert data
    for event in data:
        assert CONTRACT.errors({"$ref": "#/components/schemas/JobEvent"}, event) is None
        assert CONTRACT.errors({"$ref": "#/components/schemas/Job"}, json.loads(event["data"])) is None
    assert api.delete("/me/data").status_code == 200
    # Only an object store gives these: test_object_store.py.
    elsewhere = ["/jobs/{job_id}/result", "/sources/{source_id}/content"]
    elsewhere += [f"/motions/{{motion}}/{what}" for what in ("content", "sound")]
    CONTRACT.seen |= {("get", path, "307", "") for path in elsewhere}
    assert CONTRACT.declared() - CONTRACT.seen == set(), "declared, and never answered"


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "image/*", "image/png", "application/x-npz"])
def test_extract_answers_with_its_document_whatever_is_accepted(waiting: Waiting, accept: str | None) -> None:
    for media_type, data in DOCUMENTS.items():
        headers = {} if accept is None else {"accept": accept}
        for prefer in ({}, {"prefer": "wait=5"}):
            answer = waiting.finished("/extract", data, media_type, **headers, **prefer)
            assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
            assert answer.content == data
            assert answer.headers["content-location"].endswith("/result")
            assert answer.headers.get("preference-applied") == prefer.get("prefer")


def test_a_cancelled_extraction_has_no_document(api: httpx.Client, waiting: Waiting) -> None:
    job = waiting.started("/extract", **{"Idempotency-Key": "cancelled"})
    assert api.delete(f"/jobs/{job}").json()["status"] == "cancelled"
    again = api.post("/extract", files=waiting.files["/extract"], headers={"Idempotency-Key": "cancelled"})
    assert_problem(again, 409, "job_cancelled")


@pytest.mark.parametrize("space", [ARKIT, BFM], ids=["arkit", "bfm"])
def test_documents_of_every_space_are_as_declared(space: Any) -> None:
    document = motion_document(motion(space), BUNDLE.model_dump())
    assert CONTRACT.errors({"$ref": "#/components/schemas/MotionDocument"}, document) is None
    sliders = space.document() | {"bundle": BUNDLE.model_dump()}
    assert CONTRACT.errors({"$ref": "#/components/schemas/Sliders"}, sliders) is None


def test_every_schema_is_one() -> None:
    for schema in CONTRACT.document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def referred(node: Any) -> set[str]:
    """Names of the schemas that a part of the document refers to, also through others."""
    schemas, found = CONTRACT.document["components"]["schemas"], set[str]()
    waiting = [json.dumps(node)]
    while waiting:
        for name in set(re.findall(r'"#/components/schemas/(\w+)"', waiting.pop())) - found:
            found.add(name)
            waiting.append(json.dumps(schemas[name]))
    return found


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """(method and path, operation) of all."""
    for path, methods in CONTRACT.document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_what_is_sent_is_closed_and_what_is_answered_is_open() -> None:
    schemas = CONTRACT.document["components"]["schemas"]
    sent = referred([operation.get("requestBody") for _, operation in operations()])
    answered = referred([operation["responses"] for _, operation in operations()])
    assert sent
    assert answered
    assert sent.isdisjoint(answered), "no schema can be closed and open"
    assert sent | answered == schemas.keys()
    for name in sent - {"Metadata"}:  # its names are the client's
        closed = "enum" in schemas[name] or schemas[name].get("type") == "array"
        assert closed or schemas[name]["additionalProperties"] is False, name
    for name in answered:
        assert "additionalProperties" not in schemas[name], name
        assert set(schemas[name].get("enum", ())) <= {"queued", "running", "succeeded", "failed", "cancelled"} | {
            "completed",
            "starting",
            "ready",
            "busy",
            "setup_failed",
        }, f"{name}: clients refuse a value that a later version adds"


def test_no_default_makes_a_field_required() -> None:
    for name, schema in CONTRACT.document["components"]["schemas"].items():
        assert [field for field, one in schema.get("properties", {}).items() if "default" in one] == [], name


# Clients' functions are named by these. Names may be added; one that changes or goes breaks programs.
OPERATIONS = {
    "get /health/live": "read_liveness",
    "get /health/ready": "read_readiness",
    "get /metrics": "read_metrics",
    "get /sliders": "read_sliders",
    "post /edit": "edit",
    "post /reenact": "reenact",
    "post /talk": "talk",
    "post /extract": "extract",
    "post /faces": "faces",
    "post /sources": "create_source",
    "get /motions": "list_motions",
    "post /motions": "create_motion",
    "get /motions/{motion}": "read_motion",
    "delete /motions/{motion}": "delete_motion",
    "get /motions/{motion}/content": "read_motion_content",
    "get /motions/{motion}/sound": "read_motion_sound",
    "get /sources/{source_id}": "read_source",
    "delete /sources/{source_id}": "delete_source",
    "get /sources/{source_id}/content": "read_content",
    "get /jobs/{job_id}": "read_job",
    "delete /jobs/{job_id}": "cancel_job",
    "get /jobs/{job_id}/result": "read_result",
    "get /jobs/{job_id}/events": "stream_events",
}


def test_operations_keep_their_names() -> None:
    names = {where: operation["operationId"] for where, operation in operations()}
    assert names | OPERATIONS == names
    assert len(set(names.values())) == len(names), "each has its own"


def test_content_negotiation_is_declared() -> None:
    for where, operation in operations():
        parameters = {parameter["name"] for parameter in operation.get("parameters", ())}
        several = any(len(answer.get("content", ())) > 1 for answer in operation["responses"].values())
        by_query = "format" in parameters
        assert ("Accept" in parameters) == (several and not by_query), where


def part_of(example: Any, real: Any) -> bool:
    """Whether an example shows a part of the real document: some keys of objects, some entries of lists."""
    if isinstance(example, dict):
        return isinstance(real, dict) and all(
            key in real and part_of(value, real[key]) for key, value in example.items()
        )
    if isinstance(example, list):
        return all(any(part_of(entry, other) for other in real) for entry in example)
    return bool(example == real)


def test_the_example_of_the_sliders_is_a_part_of_them(api: httpx.Client) -> None:
    answer = CONTRACT.document["paths"]["/sliders"]["get"]["responses"]["200"]["content"]["application/json"]
    example = dict(answer["example"])
    assert CONTRACT.errors(answer["schema"], example) is None
    assert example.pop("bundle").keys() == BUNDLE.model_dump().keys()
    assert part_of(example, api.get("/sliders").json())
    assert not part_of({"expression": [example["expression"][0] | {"index": 24}]}, api.get("/sliders").json())


def examples(node: Any, where: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """(where, schema, value) of every example in the document."""
    if isinstance(node, dict):
        if "example" in node:
            yield where, node.get("schema", node), node["example"]
        values = node.get("examples", {})
        if isinstance(values, dict):
            for name, example in values.items():
                yield (*where, name), node.get("schema", node), example["value"]
        else:  # JSON Schema's own
            yield from ((where, node, value) for value in values)
        for key, value in node.items():
            if key not in ("example", "examples"):
                yield from examples(value, (*where, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from examples(value, (*where, str(index)))


def test_every_example_fits_its_schema() -> None:
    seen = 0
    for where, schema, value in examples(CONTRACT.document):
        assert CONTRACT.errors(schema, value) is None, (where, CONTRACT.errors(schema, value))
        seen += 1
    assert seen > 8


def test_every_example_of_a_body_is_accepted(api: httpx.Client, photo: dict[str, Any]) -> None:
    source = api.post("/sources", files=photo).json()["id"]
    for path, operations in CONTRACT.document["paths"].items():
        body = operations.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
        for name, example in body.get("examples", {}).items():
            document = json.loads(json.dumps(example["value"]).replace("0" * 64, source))
            document |= {"source_id": source} if "source_id" in document else {}
            answer = api.post(path, json=document)
            assert answer.status_code in (201, 202), (path, name, answer.text)


REFUSED: dict[str, tuple[str, Any]] = {
    "an unknown slider's type": ("Controls", {"expression": {"jawOpen": "1"}}),
    "a long name": ("Controls", {"expression": {"n" * 65: 1}}),
    "many sliders": ("Controls", {"expression": {f"n{i}": 1 for i in range(129)}}),
    "many coefficients": ("Controls", {"coefficients": [0] * 257}),
    "many keyframes": ("Controls", {"keyframes": [{"time": i / 100} for i in range(1001)]}),
    "an unknown option": ("EditOptions", {"speed": 1}),
    "a size beyond": ("EditOptions", {"paste_back": False, "output": {"size": 4096}}),
}


@pytest.mark.parametrize(("schema", "value"), REFUSED.values(), ids=REFUSED)
def test_what_a_schema_refuses_the_api_refuses(api: httpx.Client, schema: str, value: Any) -> None:
    assert CONTRACT.errors({"$ref": f"#/components/schemas/{schema}"}, value) is not None
    field = "controls" if schema == "Controls" else "options"
    assert_problem(api.post("/edit", json={field: value}), 422, "invalid_request")
