"""What /openapi.json declares, as a judge of real answers."""

import json
import re
from functools import cached_property
from typing import Any

import httpx
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from service.app import create_app
from service.settings import ApiSettings

_HERE = "urn:openapi"


class Contract:
    """The declared operations, and which of their answers have been seen."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str, str, str]] = set()

    @cached_property
    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return create_app(ApiSettings()).openapi()

    @cached_property
    def _registry(self) -> Registry:
        return Registry().with_resource(_HERE, DRAFT202012.create_resource(self._closed))

    @cached_property
    def _closed(self) -> dict[str, Any]:
        """The document without room for fields that it does not name: today's answers have no others."""
        closed: dict[str, Any] = json.loads(json.dumps(self.document))
        for schema in closed["components"]["schemas"].values():
            if "properties" in schema:
                schema.setdefault("additionalProperties", False)
        return closed

    @cached_property
    def _paths(self) -> list[tuple[re.Pattern[str], str]]:
        return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in self.document["paths"]]

    def declared(self) -> set[tuple[str, str, str, str]]:
        """(method, path, status, media type) of every answer that is no error."""
        return {
            (method, path, status, media_type)
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
            for status, response in operation["responses"].items()
            for media_type in response.get("content", {"": {}})
            if status < "400"
        }

    def errors(self, schema: dict[str, Any], value: Any) -> str | None:
        """What is wrong with the value, None when nothing is; references are to the document."""
        rooted = json.loads(json.dumps(schema).replace('"#/', f'"{_HERE}#/'))
        error = best_match(Draft202012Validator(rooted, registry=self._registry).iter_errors(value))
        return None if error is None else f"{error.json_path}: {error.message[:500]}"

    def check(self, answer: httpx.Response) -> None:
        """Fail unless the answer's status, media type and content are declared for its route."""
        method, path = answer.request.method.lower(), answer.request.url.path.removeprefix("/v1")
        template = next((template for pattern, template in self._paths if pattern.fullmatch(path)), None)
        operation = self.document["paths"].get(template, {}).get(method)
        if operation is None or template is None:
            return  # nothing is declared of it
        status, where = str(answer.status_code), f"{method} {template} {answer.status_code}"
        assert status in operation["responses"], f"{where} is not declared: {answer.read()[:500]!r}"
        content = operation["responses"][status].get("content")
        if content is None:
            assert answer.read() == b"", f"{where} has a body"
            self.seen.add((method, template, status, ""))
            return
        media_type = answer.headers["content-type"].partition(";")[0]
        matching = [kind for kind in (media_type, media_type.partition("/")[0] + "/*") if kind in content]
        assert matching, f"{where} is {media_type}; declared are {list(content)}"
        for name in operation["responses"][status].get("headers", {}):
            assert name in answer.headers or name in ("Preference-Applied", "Content-Location"), (
                f"{where} without {name}"
            )
        schema = content[matching[0]].get("schema")
        if schema is not None and matching[0].endswith("json"):
            error = self.errors(schema, json.loads(answer.read()))
            assert error is None, f"{where} {error}: {answer.text[:500]}"
        self.seen.add((method, template, status, matching[0]))


CONTRACT = Contract()
