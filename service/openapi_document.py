"""The OpenAPI document as generators of clients need it.

What FastAPI makes is right for people who read it. For programs that write clients, answers have to stay open to fields
that a later version adds, bodies have to have names, and a `default` must not make a field required.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from service.documents import JobEvent, MotionDocument
from service.openapi import problems
from service.request_id import HEADER
from workers.contract.faces import Faces
from workers.contract.jobs import Job, Problem
from workers.contract.kinds.common import JobKind

_PREFIX = "#/components/schemas/"
_REFERENCE = _PREFIX + "{model}"


def operation_id(route: APIRoute) -> str:
    """The name of an operation, which becomes a function's in generated clients: that of the route's own function."""
    return route.name


def install_openapi(
    app: FastAPI,
    kinds: Iterable[JobKind],
    bodies: Iterable[type[BaseModel]],
    answers: Iterable[type[BaseModel]],
    examples: Mapping[str, Any],
) -> None:
    """Add the models that routes refer to by name to the OpenAPI document, and make it fit for generators.

    Args:
        kinds: of jobs, whose routes parse their bodies themselves.
        bodies: what other routes parse themselves.
        answers: what they answer with, apart from jobs, events, motions and problems.
        examples: of what GET answers, by path. FastAPI would leave out their nulls.
    """
    generate = app.openapi
    read = [*bodies, *(model for kind in kinds for model in kind.documents.values())]
    written: list[type[BaseModel]] = [Job, JobEvent, Problem, MotionDocument, Faces, *answers]

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            _add_models(document, read, written)
            for path, example in examples.items():
                content = document["paths"][path]["get"]["responses"]["200"]["content"]
                content["application/json"]["example"] = example
            _replace_validation_errors(document)
            for operation in _operations(document):
                _name_bodies(document, operation)
                _require_no_key(operation)
                _name_request(operation)
                for parameter in operation.get("parameters", ()):
                    _without_null(parameter)
            schemas, sent = document["components"]["schemas"], _sent(document)
            for name, schema in schemas.items():
                (_state_defaults if name in sent else _open_answer)(schema)
            for name in schemas.keys() - _reachable(document, [document["paths"]]):
                del schemas[name]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _add_models(document: dict[str, Any], read: Iterable[type[BaseModel]], written: Iterable[type[BaseModel]]) -> None:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in read]
    models += [(model, "serialization") for model in written]
    _, schemas = models_json_schema(models, ref_template=_REFERENCE)
    known = document.setdefault("components", {}).setdefault("schemas", {})
    for name, schema in schemas["$defs"].items():
        known.setdefault(name, schema)


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        yield from operations.values()


def _replace_validation_errors(document: dict[str, Any]) -> None:
    """FastAPI announces its own 422 wherever there is a parameter; this API answers with a problem there too."""
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    for operation in _operations(document):
        if "application/json" in operation["responses"].get("422", {}).get("content", {}):
            operation["responses"]["422"] = problems(422)[422]


def _name_bodies(document: dict[str, Any], operation: Mapping[str, Any]) -> None:
    """A body's schema becomes one of the document's, by its title: else generators make up a name."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if title := content["schema"].get("title"):
            document["components"]["schemas"][title] = content["schema"]
            content["schema"] = {"$ref": _PREFIX + title}


def _require_no_key(operation: dict[str, Any]) -> None:
    """Where keys are taken, they are asked for only by services that are configured with some."""
    if "security" in operation:
        operation["security"] = [*operation["security"], {}]


def _name_request(operation: dict[str, Any]) -> None:
    """The header that names a request. openapi-python-client needs one header at least: without any optional parameter
    it writes a function that cannot be imported, where a body may have two content types."""
    if "requestBody" in operation:
        operation.setdefault("parameters", []).append(
            {
                "name": HEADER,
                "in": "header",
                "required": False,
                "description": "A name of your choice for this request: the answer repeats it, and logs have it.",
                "schema": {"type": "string"},
            }
        )


def _without_null(parameter: dict[str, Any]) -> None:
    """A parameter can be left out, and cannot be null."""
    schema = parameter["schema"]
    kept = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(kept) == 1:
        parameter["schema"] = {name: value for name, value in schema.items() if name != "anyOf"} | kept[0]


def _state_defaults(schema: Mapping[str, Any]) -> None:
    """Defaults of what is sent, in words: many generators take a field with a default for one that has to be there."""
    for field in schema.get("properties", {}).values():
        default = field.pop("default", None)
        if isinstance(default, bool | int | float | str):
            text = f"Default: `{json.dumps(default)}`."
            field["description"] = f"{field['description']} {text}" if "description" in field else text


def _open_answer(schema: dict[str, Any]) -> None:
    """Later versions may add fields to what is answered. What is sent stays closed: a misspelt field is an error."""
    if schema.get("additionalProperties") is False:
        del schema["additionalProperties"]
    for field in schema.get("properties", {}).values():
        field.pop("default", None)
        field.pop("propertyNames", None)


def _sent(document: Mapping[str, Any]) -> set[str]:
    """Names of the schemas that bodies refer to, also through others."""
    return _reachable(document, [operation.get("requestBody", {}) for operation in _operations(document)])


def _reachable(document: Mapping[str, Any], nodes: Iterable[Any]) -> set[str]:
    """Names of the schemas that these parts of the document refer to."""
    waiting, found = list(nodes), set[str]()
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix(_PREFIX)
            if name and name not in found:
                found.add(name)
                waiting.append(document["components"]["schemas"][name])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return found
