"""/motions: names, owners, pages, files; what a stored motion is good for."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from service.keys.tenant import KeyScope, ManagedTenant, new_key
from service.keys.tenant_store import TenantStore
from service.settings import ApiSettings
from tests.integration.api.conftest import MOTION_DOCUMENT, ActedWorker, alone, assert_problem, serving
from workers.contract.motion_templates import MOTION_TEMPLATES
from workers.contract.owners import ANONYMOUS, owner_of

pytestmark = pytest.mark.integration

DRIVER = {"driver": ("motion.json", MOTION_DOCUMENT, "application/json")}
ONE, TWO = ({"Authorization": f"Bearer key-of-{name}"} for name in ("one", "two"))


@pytest.fixture(scope="module")
def keyed(settings: ApiSettings) -> Iterator[httpx.Client]:
    """A client of an API with two keys and little room."""
    keys = (SecretStr("key-of-one"), SecretStr("key-of-two"))
    secret = SecretStr("secret-of-addresses-0123456789ab")
    with serving(alone(settings, api_keys=keys, signing_secret=secret, max_motions=3)) as (_, http):
        yield http


def ids(answer: httpx.Response) -> list[str]:
    return [motion["id"] for motion in answer.json()["motions"]]


def test_a_name_and_a_driver_make_a_job(api: httpx.Client, worker: ActedWorker) -> None:
    texts = {"name": "my-wave", "title": "Waves", "description": "Twice", "metadata": '{"order": "7"}'}
    answer = api.post("/motions", data=texts, files=DRIVER)

    assert answer.status_code == 202, answer.text
    request = worker.store.get(answer.json()["id"]).request
    assert (request.kind, request.name, request.title, request.description) == ("motion", "my-wave", "Waves", "Twice")
    assert (request.driver_kind, request.long) == ("motion", False)
    assert worker.sources.open(ANONYMOUS, request.driver_id).read() == MOTION_DOCUMENT
    assert answer.json()["metadata"] == {"order": "7"}
    as_json = api.post("/motions", json={"name": "other", "driver_id": request.driver_id})
    assert worker.store.get(as_json.json()["id"]).request.driver_id == request.driver_id


@pytest.mark.parametrize(
    ("texts", "field"),
    [
        ({}, "name"),
        ({"name": "wink"}, "name"),
        ({"name": "My Wave"}, "name"),
        ({"name": "a" * 41}, "name"),
        ({"name": "wave", "title": "t" * 81}, "title"),
        ({"name": "wave", "driver_id": "nobody"}, "driver_id"),
    ],
)
def test_a_wrong_field_is_named(api: httpx.Client, texts: dict[str, str], field: str) -> None:
    answer = api.post("/motions", data=texts, files={} if "driver_id" in texts else DRIVER)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]], answer.text


def test_a_taken_name_is_refused_but_a_repeated_request_is_not(api: httpx.Client, worker: ActedWorker) -> None:
    headers = {"Idempotency-Key": "once"}
    first = api.post("/motions", data={"name": "wave"}, files=DRIVER, headers=headers)
    worker.keep_motion("wave")

    assert_problem(api.post("/motions", data={"name": "wave"}, files=DRIVER), 409, "motion_exists")
    again = api.post("/motions", data={"name": "wave"}, files=DRIVER, headers=headers)
    assert again.json()["id"] == first.json()["id"]
    assert api.delete("/motions/wave").status_code == 204
    assert api.post("/motions", data={"name": "wave"}, files=DRIVER).status_code == 202


def test_own_motions_come_first_a_page_at_a_time(api: httpx.Client, worker: ActedWorker) -> None:
    for name in ("zoo", "apes"):
        worker.keep_motion(name, sound=name == "zoo")
    everything = api.get("/motions")
    assert ids(everything) == ["apes", "zoo", *MOTION_TEMPLATES]
    assert everything.json()["next_cursor"] is None

    seen, cursor = list[str](), {}
    while cursor is not None:
        page = api.get("/motions", params={"limit": 3} | cursor)
        seen += ids(page)
        following = page.json()["next_cursor"]
        cursor = None if following is None else {"cursor": following}
    assert seen == ids(everything)
    apes, zoo, nod, *_ = everything.json()["motions"]
    assert (apes["title"], apes["shipped"], apes["sound_url"], apes["seconds"]) == ("Apes", False, None, 2)
    assert (zoo["frames"], zoo["fps"], zoo["bytes"]) == (50, 25, len(MOTION_DOCUMENT) + 13)
    assert (nod["shipped"], nod["expires_at"], nod["content_url"]) == (True, None, None)
    assert nod["keyframes"][1]["pose"] == {"pitch": -9, "yaw": 0.6}
    assert api.get("/motions/nod").json() == nod
    assert api.get("/motions/zoo").json() == zoo


def test_document_and_sound_are_files(api: httpx.Client, worker: ActedWorker) -> None:
    worker.keep_motion("wave")
    worker.keep_motion("mute", sound=False)
    document, sound = (api.get(f"/motions/wave/{what}") for what in ("content", "sound"))
    assert document.json() == json.loads(MOTION_DOCUMENT)
    assert document.headers["content-disposition"] == 'inline; filename="wave.json"'
    assert (sound.headers["content-type"], sound.content) == ("audio/flac", b"fLaC and more")
    part = api.get("/motions/wave/sound", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"fLaC")
    assert_problem(api.get("/motions/mute/sound"), 404, "unknown_motion")
    assert_problem(api.get("/motions/nod/content"), 404, "no_motion_document")
    assert_problem(api.get("/motions/nobody/content"), 404, "unknown_motion")


def test_a_stored_motion_stands_for_a_driver_and_a_pose(
    api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]
) -> None:
    worker.keep_motion("wave")
    before = api.get("/motions/wave").json()["expires_at"]
    faces = json.dumps([{"face": 0}, {"face": 1, "driver_id": "wave"}])
    reenact = api.post("/reenact", files=photo, data={"driver_id": "wave", "faces": faces})
    wav = b"RIFF\x24\0\0\0WAVEfmt " + bytes(40)
    talk = api.post("/talk", files=photo | {"audio": ("a.wav", wav)}, data={"pose_id": "wave"})

    request = worker.store.get(reenact.json()["id"]).request
    assert (request.driver_id, request.driver_kind, request.faces.root[1].driver_id) == ("wave", "motion", "wave")
    assert worker.store.get(talk.json()["id"]).request.pose_id == "wave"
    assert api.get("/motions/wave").json()["expires_at"] > before, "each use puts its end off"
    assert_problem(api.post("/edit", data={"source_id": "wave"}), 422, "source_not_found")


def test_another_key_finds_nothing(keyed: httpx.Client, worker: ActedWorker, photo: Any) -> None:
    worker.keep_motion("wave", owner_of("key-of-one"))
    for path in ("/motions/wave", "/motions/wave/content", "/motions/wave/sound"):
        assert keyed.get(path, headers=ONE).status_code == 200
        assert_problem(keyed.get(path, headers=TWO), 404, "unknown_motion")
    assert_problem(keyed.delete("/motions/wave", headers=TWO), 404, "unknown_motion")
    assert "wave" not in ids(keyed.get("/motions", headers=TWO))
    taken = keyed.post("/reenact", files=photo, data={"driver_id": "wave"}, headers=TWO)
    assert_problem(taken, 422, "source_not_found")
    assert keyed.post("/motions", data={"name": "wave"}, files=DRIVER, headers=TWO).status_code == 202
    assert keyed.get(keyed.get("/motions/wave", headers=ONE).json()["sound_url"]).content == b"fLaC and more"


def test_addresses_are_open_to_keys_alone_that_may_read(settings: ApiSettings, worker: ActedWorker) -> None:
    secret = SecretStr("secret-of-addresses-0123456789ab")
    with serving(alone(settings, require_keys=True, signing_secret=secret)) as (_, http):
        for scope, status in ((KeyScope.READ, 200), (KeyScope.REENACT, 401)):
            text, key = new_key()
            name = f"who-{scope}"
            tenant = ManagedTenant(name=name, keys=(key,), scopes=frozenset({scope}))
            TenantStore(worker.client).change(name, lambda _, tenant=tenant: tenant)
            worker.keep_motion("wave", name)
            headers = {"Authorization": f"Bearer {text}"}
            for found in (
                http.get("/motions/wave", headers=headers).json(),
                http.get("/motions", headers=headers).json()["motions"][0],
            ):
                assert http.get(found["content_url"]).status_code == status
                assert http.get(found["sound_url"]).status_code == status


def test_motions_are_counted_audited_and_erased(
    keyed: httpx.Client, worker: ActedWorker, settings: ApiSettings
) -> None:
    owner = owner_of("key-of-one")
    for name in ("a", "b", "c"):
        worker.keep_motion(name, owner)
    assert_problem(keyed.post("/motions", data={"name": "d"}, files=DRIVER, headers=ONE), 409, "motions_full")
    keyed.get("/motions/a/content", headers=ONE)
    keyed.delete("/motions/a", headers=ONE)
    entries = [json.loads(fields[b"entry"]) for _, fields in worker.client.xrevrange("{portrait}:audit", count=2)]
    assert [(entry["action"], entry["resource"], entry["status"]) for entry in entries] == [
        ("delete_motion", "a", 204),
        ("read_motion_content", "a", 200),
    ]
    erased = keyed.delete("/me/data", headers=ONE).json()
    assert erased["motions"] == 2
    assert set(ids(keyed.get("/motions", headers=ONE))) == set(MOTION_TEMPLATES)
    assert not [path for path in Path(settings.storage_url, "motions").rglob("*") if owner == path.parent.name]


def test_a_refused_driver_is_not_kept(api: httpx.Client, worker: ActedWorker) -> None:
    worker.keep_motion("wave")
    document = io.BytesIO(b'{"space": "arkit", "frames": [0]}')
    assert_problem(api.post("/motions", data={"name": "wave"}, files={"driver": document}), 409, "motion_exists")
    assert not list(worker.client.scan_iter("{portrait}:source:*"))
