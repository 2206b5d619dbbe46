"""Files that requests name by URL: fetched by a real worker, stored and deleted as uploads are."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from service.settings import ApiSettings
from tests.clips import write_clip
from tests.integration.api.conftest import alone, assert_problem, serving, wait_until
from tests.integration.workers.conftest import launch
from tests.web_server import web_server
from workers.contract.connection import connect
from workers.contract.erasure import sources_of
from workers.contract.store import JobStore

pytestmark = [pytest.mark.integration, pytest.mark.slow]

LISTED: dict[str, Any] = {"fetch_hosts": ("127.0.0.1",), "fetch_networks": ("127.0.0.0/8",), "fetch_timeout_s": 2.0}


@dataclass(frozen=True)
class Fetching:
    """A service that fetches, and the web beside it."""

    http: httpx.Client
    store: JobStore
    web: str

    def sent(self, path: str, **body: Any) -> httpx.Response:
        """The answer to a request when its job has ended."""
        return self.http.post(path, json=body, headers={"Prefer": "wait=30"})

    def ended(self, path: str, **body: Any) -> dict[str, Any]:
        """The job of a request that succeeded."""
        answer = self.sent(path, **body)
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        return job


def huge() -> bytes:
    """A picture of more pixels than are accepted."""
    file = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def fetching(settings: ApiSettings, photo: dict[str, Any]) -> Iterator[Fetching]:
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder, "driver.mp4")
        write_clip(clip, [np.full((64, 64, 3), 40 * n, np.uint8) for n in range(1, 6)], [n / 25 for n in range(5)])
        files = {
            "/photo.jpg": photo["source"][1],
            "/driver.mp4": clip.read_bytes(),
            "/page.html": b"<html>",
            "/huge.png": huge(),
        }
        ours = alone(settings, redis_url=f"{settings.redis_url}?db=5", sweep_s=0.2, heartbeat_s=0.3, **LISTED)
        with web_server(files) as web, serving(ours) as (_, http):
            worker = launch(ours)
            try:
                wait_until(lambda: http.get("/health/ready").status_code == 200, seconds=60)
                yield Fetching(http, JobStore(connect(ours.redis_url), ours), web)
            finally:
                worker.terminate()
                worker.wait(20)


def test_every_route_takes_files_from_elsewhere(fetching: Fetching) -> None:
    photo, driver = f"{fetching.web}/photo.jpg", f"{fetching.web}/driver.mp4"
    edited = fetching.ended("/edit", source_url=photo, controls={"expression": {"jawOpen": 0.5}})
    moved = fetching.ended("/reenact", source_url=photo, driver_url=driver)
    edited_clip = fetching.ended("/reenact", source_url=driver, driver_url=photo)
    heard = fetching.ended("/talk", source_url=photo, options={"idle": 1})
    kept = fetching.ended("/motions", name="fetched", driver_url=driver)
    assert [job["status"] for job in (edited, moved, edited_clip, heard, kept)] == 5 * ["succeeded"]
    assert fetching.http.get("/motions/fetched").json()["frames"] == moved["result"]["frames"]
    assert_problem(fetching.sent("/motions", name="fetched", driver_url=driver), 409, "motion_exists")
    assert edited["metrics"]["fetch_s"] > 0
    assert [job["result"]["media_type"] for job in (edited, moved)] == ["image/png", "video/mp4"]
    faces = fetching.http.post("/faces", data={"source_url": photo}, headers={"Prefer": "wait=30"}).json()
    assert len(faces["faces"]) == 1, "the document itself, as for a file that was sent"


def test_what_was_fetched_belongs_to_the_job_alone(fetching: Fetching) -> None:
    job = fetching.ended("/edit", source_url=f"{fetching.web}/photo.jpg")
    [source] = sources_of(fetching.store.get(job["id"]).request)
    assert fetching.http.get(f"/sources/{source}").status_code == 200
    fetching.http.delete(f"/jobs/{job['id']}")
    assert_problem(fetching.http.get(f"/sources/{source}"), 410, "source_expired")


def test_an_uploaded_photo_goes_with_a_driver_from_elsewhere(fetching: Fetching, photo: dict[str, Any]) -> None:
    source = fetching.http.post("/sources", files=photo).json()["id"]
    job = fetching.ended("/reenact", source_id=source, driver_url=f"{fetching.web}/driver.mp4")
    assert job["status"] == "succeeded"
    assert source in sources_of(fetching.store.get(job["id"]).request)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/page.html", 415, "unsupported_media"),
        ("/huge.png", 413, "picture_too_large"),
        ("/missing", 422, "fetch_failed"),
        ("/drip", 422, "fetch_failed"),
    ],
)
def test_a_file_that_is_none_fails_the_job_and_names_the_field(
    fetching: Fetching, path: str, status: int, code: str
) -> None:
    problem = assert_problem(fetching.sent("/edit", source_url=fetching.web + path), status, code)
    assert problem["instance"].startswith("/jobs/")
    assert [error["field"] for error in problem["errors"]] == ["source_url"]


def test_what_no_file_could_make_right_is_refused_at_once(fetching: Fetching) -> None:
    photo = f"{fetching.web}/photo.jpg"
    for body, field in (
        ({"source_url": "https://elsewhere.invalid/a.jpg"}, "source_url"),
        ({"source_url": "ftp://127.0.0.1/a.jpg"}, "source_url"),
        ({"source_url": photo, "source_id": 64 * "0"}, "source_url"),
        ({"source_url": photo, "controls": {"expression": {"noSuch": 1}}}, "controls.expression.noSuch"),
    ):
        problem = assert_problem(fetching.http.post("/edit", json=body), 422, "invalid_request")
        assert [error["field"] for error in problem["errors"]] == [field]


def test_what_a_file_makes_wrong_fails_the_job(fetching: Fetching) -> None:
    photo, driver = f"{fetching.web}/photo.jpg", f"{fetching.web}/driver.mp4"
    still = {"options": {"output": {"format": "png"}}}
    assert fetching.sent("/reenact", source_url=photo, driver_url=photo, **still).status_code == 200
    problem = assert_problem(
        fetching.sent("/reenact", source_url=photo, driver_url=driver, **still), 422, "fetch_failed"
    )
    assert "a video as the driver makes a clip" in problem["detail"]


def test_it_is_off_unless_hosts_are_listed(api: httpx.Client) -> None:
    problem = assert_problem(api.post("/edit", json={"source_url": "https://a.b/c.jpg"}), 422, "invalid_request")
    assert "PORTRAIT_FETCH_HOSTS" in problem["errors"][0]["message"]
