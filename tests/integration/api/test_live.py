"""GET /live: wishes over a real WebSocket; only the newest is answered."""

from __future__ import annotations

import io
import json
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image
from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.integration.api.conftest import ActedWorker, alone, assert_problem, serving, wait_until
from workers.contract.errors import DamagedMediaError
from workers.contract.jobs import JobRecord, JobStatus, Problem, Progress, Result
from workers.contract.keys import key
from workers.contract.kinds.preview import PreviewRequest
from workers.contract.previews import Previews
from workers.contract.records import job_key
from workers.contract.warnings import JobWarning, WarningCode

if TYPE_CHECKING:
    import redis

    from service.settings import ApiSettings

pytestmark = pytest.mark.integration

PICTURE = b"\xff\xd8 a small picture"


@contextmanager
def opened(api: httpx.Client, path: str = "/live", **options: Any) -> Iterator[ClientConnection]:
    """A connection that has not said anything."""
    url = f"ws://{api.base_url.host}:{api.base_url.port}{path}"
    with connect(url, open_timeout=20, close_timeout=5, **options) as socket:
        yield socket


@contextmanager
def live(api: httpx.Client, path: str = "/live", **options: Any) -> Iterator[ClientConnection]:
    """A connection that takes wishes."""
    with opened(api, path, **options) as socket:
        assert json.loads(socket.recv(10))["type"] == "ready"
        yield socket


def send(socket: ClientConnection, seq: int, source: str, **fields: Any) -> None:
    socket.send(json.dumps({"type": "wish", "seq": seq, "source_id": source, **fields}))


def preview(socket: ClientConnection) -> tuple[dict[str, Any], bytes]:
    """The next message: a preview's header and picture."""
    message = socket.recv(10)
    assert isinstance(message, bytes), message
    (length,) = struct.unpack(">I", message[:4])
    return json.loads(message[4 : 4 + length]), message[4 + length :]


def problem(socket: ClientConnection) -> tuple[int | None, dict[str, Any]]:
    """The next message: the number of a wish, and what is wrong with it."""
    message = json.loads(socket.recv(10))
    assert message["type"] == "problem", message
    return message["seq"], message["problem"]


def nothing_more(socket: ClientConnection) -> None:
    with pytest.raises(TimeoutError):
        socket.recv(0.3)


def closing(socket: ClientConnection) -> tuple[int, str]:
    """Why the service closes the connection."""
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(10)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


@pytest.fixture
def source(api: httpx.Client, photo: dict[str, Any]) -> str:
    return str(api.post("/sources", files=photo).json()["id"])


@pytest.fixture
def other(api: httpx.Client) -> str:
    """The id of another photo."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "PNG")
    return str(api.post("/sources", files={"source": ("p.png", file.getvalue(), "image/png")}).json()["id"])


def claim(worker: ActedWorker) -> tuple[JobRecord, int]:
    """The wish that waits, taken by the worker, and its number."""
    record = worker.claim()
    assert isinstance(record.request, PreviewRequest)
    return record, record.request.seq


def render(worker: ActedWorker, record: JobRecord, *, lost: bool = False) -> None:
    """End a preview as a worker does."""
    key = f"results/{record.job.id}-{record.attempt}-0.jpeg"
    if not lost:
        Previews(worker.client).put(key, PICTURE)
    result = Result(url="/x", media_type="image/jpeg", width=512, height=400, space="arkit")
    warning = JobWarning(code=WarningCode.SMALL_FACE, message="small")
    worker.store.succeed(
        record.job.id, record.attempt, {key: result}, {"render_s": 0.1}, Progress(stage="done"), [warning]
    )


@pytest.mark.parametrize("path", ["/live", "/v1/live"])
def test_a_wish_is_answered_with_a_picture(api: httpx.Client, worker: ActedWorker, source: str, path: str) -> None:
    with live(api, path) as socket:
        send(socket, 7, source, controls={"expression": {"jawOpen": 0.5}}, output={"size": 256, "format": "webp"})
        record, seq = claim(worker)
        request = record.request
        assert isinstance(request, PreviewRequest)
        assert (seq, request.source_id) == (7, source)
        assert (request.spec.format, request.output.size) == ("webp", 256)
        assert request.controls.expression == {"jawOpen": 0.5}
        render(worker, record)
        header, picture = preview(socket)
    assert picture == PICTURE
    assert (header["seq"], header["media_type"], header["width"], header["height"]) == (7, "image/jpeg", 512, 400)
    assert header["timings"]["render_s"] == 0.1
    assert 0 < header["timings"]["total_s"] < 10
    assert header["warnings"][0]["code"] == "small_face"


def test_metrics_tell_how_live_connections_do(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    def value(sample: str) -> float:
        lines = dict(line.rsplit(" ", 1) for line in api.get("/metrics").text.splitlines() if line[0] != "#")
        return float(lines.get(sample, 0))

    ended, code = (
        'portrait_live_connections_ended_total{end="client"}',
        'portrait_live_problems_total{code="source_not_found"}',
    )
    counters = ("portrait_live_wishes_total", "portrait_live_preview_seconds_count", code)
    before, left = [value(counter) for counter in counters], value(ended)
    with live(api) as socket:
        assert value("portrait_sockets_open") == value("portrait_streams_open") == 1
        send(socket, 1, "0" * 64)
        problem(socket)
        send(socket, 2, source)
        render(worker, claim(worker)[0])
        preview(socket)
        assert [value(counter) - was for counter, was in zip(counters, before, strict=True)] == [2, 1, 1]
    wait_until(lambda: value(ended) == left + 1 and value("portrait_sockets_open") == 0)


def test_a_newer_wish_takes_the_place_of_the_one_that_waits(
    api: httpx.Client, worker: ActedWorker, source: str
) -> None:
    with live(api) as socket:
        send(socket, 1, source)
        wait_until(worker.queue.entries)
        [(job, _)] = worker.queue.entries()
        for seq in (2, 3):
            send(socket, seq, source)
        wait_until(lambda: worker.store.get(job).request.seq == 3)
        assert len(worker.queue.entries()) == 1
        record, seq = claim(worker)
        assert (record.job.id, seq) == (job, 3), "at the same place in the queue"
        render(worker, record)
        assert preview(socket)[0]["seq"] == 3
        nothing_more(socket)


def test_a_picture_that_is_being_made_is_shown_and_then_the_newest(
    api: httpx.Client, worker: ActedWorker, source: str
) -> None:
    with live(api) as socket:
        send(socket, 1, source)
        first, _ = claim(worker)
        worker.progress(first, 0)
        time.sleep(0.2)  # the API has seen that it runs
        for seq in (2, 3, 4):
            send(socket, seq, source)
        time.sleep(0.2)
        assert not worker.queue.entries(), "they wait where the newest replaces the others"
        assert not worker.progress(first, 1), "it is not cancelled"
        render(worker, first)
        assert preview(socket)[0]["seq"] == 1
        second, seq = claim(worker)
        assert seq == 4
        render(worker, second)
        assert preview(socket)[0]["seq"] == 4
        nothing_more(socket)


def test_a_run_for_another_photo_is_stopped(api: httpx.Client, worker: ActedWorker, source: str, other: str) -> None:
    with live(api) as socket:
        send(socket, 1, source)
        first, _ = claim(worker)
        worker.progress(first, 0)
        time.sleep(0.2)
        send(socket, 2, other)
        wait_until(lambda: worker.progress(first, 1))
        worker.store.end_cancelled(first.job.id, first.attempt, {})
        second, seq = claim(worker)
        assert seq == 2
        render(worker, second)
        assert preview(socket)[0]["seq"] == 2


def test_who_leaves_wants_nothing_any_more(api: httpx.Client, worker: ActedWorker, source: str) -> None:
    with live(api) as socket:
        send(socket, 1, source)
        wait_until(worker.queue.entries)
        [(job, _)] = worker.queue.entries()
    wait_until(lambda: worker.store.get(job).job.status is JobStatus.CANCELLED)
    wait_until(lambda: not worker.queue.entries())


def test_a_wish_that_cannot_be_fulfilled_is_answered_with_a_problem(
    api: httpx.Client, worker: ActedWorker, source: str
) -> None:
    with live(api) as socket:
        for seq, fields, field in (
            (1, {"controls": {"expression": {"jawOpn": 0.5}}}, "controls.expression.jawOpn"),
            (2, {"controls": {"keyframes": [{"time": 0}]}}, "controls.keyframes"),
            (3, {"output": {"size": 513}}, "output.size"),
            (4, {"colour": "red"}, "colour"),
        ):
            send(socket, seq, source, **fields)
            number, wrong = problem(socket)
            assert (number, wrong["code"], wrong["errors"][0]["field"]) == (seq, "invalid_request", field)
        send(socket, 5, "0" * 64)
        number, wrong = problem(socket)
        assert (number, wrong["code"]) == (5, "source_not_found")
        for message, seq, code in (
            ("{", None, "malformed_body"),
            (b"{}", None, "malformed_body"),
            ('{"type": "hello", "seq": 6}', 6, "invalid_request"),
            ("[" * 40, None, "malformed_body"),
        ):
            socket.send(message)
            number, wrong = problem(socket)
            assert (number, wrong["code"]) == (seq, code)
        send(socket, 7, source)
        record, _ = claim(worker)
        worker.fail(record, Problem.of(DamagedMediaError("The photo breaks off.")))
        number, wrong = problem(socket)
        assert (number, wrong["code"], wrong["status"]) == (7, "damaged_media", 422)
        send(socket, 8, source)
        record, _ = claim(worker)
        render(worker, record, lost=True)
        number, wrong = problem(socket)
        assert (number, wrong["code"]) == (8, "result_expired")


def test_a_page_of_another_origin_may_not_connect(api: httpx.Client, settings: ApiSettings) -> None:
    with pytest.raises(InvalidStatus) as refused, opened(api, origin="https://elsewhere.example"):  # type: ignore[arg-type]
        pass
    assert refused.value.response.status_code == 403
    assert json.loads(refused.value.response.body or b"")["code"] == "origin_rejected"
    host = f"{api.base_url.host}:{api.base_url.port}"
    with live(api, origin=f"http://{host}"):  # type: ignore[arg-type]
        pass


def test_limits_of_a_connection(settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]) -> None:
    origin: Any = "https://studio.example"
    limited = alone(
        settings, live_wishes_per_s=2, live_idle_s=1.5, max_live_sockets=1, cors_origins=("https://studio.example",)
    )
    with serving(limited) as (_, api):
        with live(api, origin=origin) as socket:
            with opened(api) as second:
                assert problem(second)[1]["code"] == "too_many_sockets"
                assert closing(second) == (4429, "too_many_sockets")
            socket.send(json.dumps({"type": "wish", "seq": 1, "source_id": "x" * 2**16}))
            assert closing(socket)[0] == 1009
        with live(api) as socket:
            for seq in range(9):  # in less than four seconds
                send(socket, seq, "0" * 64)
            codes = list(iter(lambda: problem(socket)[1]["code"], "live_idle"))
            assert "rate_limited" in codes
            assert closing(socket) == (4408, "live_idle")


def test_the_key_comes_first(settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]) -> None:
    keyed = alone(settings, api_keys=(SecretStr("key-of-one"), SecretStr("key-of-two")))
    one = {"Authorization": "Bearer key-of-one"}
    with serving(keyed) as (_, api):
        source = api.post("/sources", files=photo, headers=one).json()["id"]
        with opened(api) as socket:
            socket.send('{"type": "authorize", "key": "key-of-one"}')
            assert json.loads(socket.recv(10))["type"] == "ready"
            send(socket, 1, source)
            record, _ = claim(worker)
            render(worker, record)
            assert preview(socket)[0]["seq"] == 1
        with live(api, additional_headers=one) as socket:
            send(socket, 2, source)
            record, _ = claim(worker)
            render(worker, record)
            assert preview(socket)[0]["seq"] == 2
        with live(api, additional_headers={"Authorization": "Bearer key-of-two"}) as socket:
            send(socket, 3, source)
            assert problem(socket)[1]["code"] == "source_not_found", "it is another's"
        with opened(api) as socket:
            send(socket, 4, source)
            assert problem(socket)[1]["code"] == "key_missing"
            assert closing(socket)[0] == 4401
        with opened(api) as socket:
            socket.send('{"type": "authorize", "key": "key-of-nobody"}')
            assert problem(socket)[1]["code"] == "key_rejected"
            assert closing(socket)[0] == 4403


def test_a_restart_says_so(settings: ApiSettings, worker: ActedWorker, photo: dict[str, Any]) -> None:
    with serving(alone(settings)) as (server, api):
        source = api.post("/sources", files=photo).json()["id"]
        with live(api) as socket:
            send(socket, 1, source)
            record, _ = claim(worker)
            server.should_exit = True
            assert closing(socket)[0] == 1012
    wait_until(lambda: worker.progress(record, 1))  # cancelled


def test_it_is_no_page(api: httpx.Client) -> None:
    answer = api.get("/live")
    assert_problem(answer, 426, "upgrade_required")
    assert answer.headers["upgrade"] == "websocket"


def test_a_wish_survives_a_redis_without_a_worker(api: httpx.Client, client: redis.Redis, source: str) -> None:
    """No sliders are known: a problem, and the connection stays."""
    client.delete(key("bundles"))
    with live(api) as socket:
        for seq in (1, 2):
            send(socket, seq, source)
            number, wrong = problem(socket)
            assert (number, wrong["code"]) == (seq, "no_worker_yet")


def test_a_preview_is_forgotten_soon(api: httpx.Client, worker: ActedWorker, client: redis.Redis, source: str) -> None:
    with live(api) as socket:
        send(socket, 1, source)
        record, _ = claim(worker)
        render(worker, record)
        preview(socket)
    assert 0 < client.ttl(job_key(record.job.id)) <= 60
    assert not client.keys(key("preview", "*")), "the picture was read"
