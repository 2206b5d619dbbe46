"""Every kind of job has a task and a route."""

from __future__ import annotations

from service.app import create_app
from service.settings import ApiSettings
from workers.contract.kinds import KINDS
from workers.tasks import _TASKS

_ROUTES = {"motion": "/motions"}
"""Those that are not named like their kind."""


def test_every_kind_has_a_task() -> None:
    assert _TASKS.keys() == KINDS.keys() | {"preview"}, "previews come through GET /live"


def test_every_kind_has_a_route_that_takes_its_fields() -> None:
    document = create_app(ApiSettings()).openapi()
    for name, kind in KINDS.items():
        body = document["paths"][_ROUTES.get(name, f"/{name}")]["post"]["requestBody"]["content"]["application/json"]
        schema = document["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
        ids = {f"{file}_{what}" for file in kind.files for what in ("id", "url")}
        assert schema["properties"].keys() == kind.files.keys() | kind.documents.keys() | ids | kind.texts.keys()
        assert body["examples"] == kind.examples
