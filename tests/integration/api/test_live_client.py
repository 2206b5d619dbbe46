"""The client's live connections, blocking and awaiting, over a real WebSocket of the real API."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from client import (
    AsyncPortraitClient,
    LiveClosedError,
    NoConnectionError,
    PortraitClient,
    ProblemError,
    Retries,
    SourceId,
    UnexpectedAnswerError,
    WaitTimeoutError,
    WishError,
)
from tests.integration.api.conftest import ActedWorker, alone, serving, wait_until
from tests.integration.api.test_live import PICTURE, claim, render
from tests.integration.conftest import BUNDLE
from workers.contract.errors import SupersededError, UnknownJobError

if TYPE_CHECKING:
    from service.settings import ApiSettings

pytestmark = pytest.mark.integration

Opened = Callable[..., contextlib.AbstractContextManager[Any]]
SOON = Retries(most=6, first_s=0.05, longest_s=0.2)
PATIENT = Retries(most=99, first_s=0.05, longest_s=0.1)


class Blocking:
    """Calls a coroutine's method to its end, on an event loop that the connection keeps."""

    def __init__(self, live: Any, runner: asyncio.Runner) -> None:
        self._live, self._runner = live, runner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def called(*args: Any, **kwargs: Any) -> Any:
            return await getattr(self._live, name)(*args, **kwargs)

        return lambda *args, **kwargs: self._runner.run(called(*args, **kwargs))


@contextlib.contextmanager
def opened_async(url: str, key: str | None = None, retries: Retries = SOON) -> Iterator[Blocking]:
    with asyncio.Runner() as runner:
        client = AsyncPortraitClient(url, key, retries=retries)
        live = Blocking(client.live(), runner)
        try:
            yield live
        finally:
            live.close()
            runner.run(client.close())


@contextlib.contextmanager
def opened(url: str, key: str | None = None, retries: Retries = SOON) -> Iterator[Any]:
    with PortraitClient(url, key, retries=retries) as client, client.live() as live:
        yield live


@pytest.fixture(params=[opened, opened_async], ids=["sync", "async"])
def live(request: pytest.FixtureRequest) -> Opened:
    chosen: Opened = request.param
    return chosen


@pytest.fixture
def source(api: httpx.Client, photo: dict[str, Any]) -> SourceId:
    return SourceId(api.post("/sources", files=photo).json()["id"])


def url_of(api: httpx.Client) -> str:
    return str(api.base_url).rstrip("/")


def test_a_wish_gets_its_picture(api: httpx.Client, worker: ActedWorker, source: SourceId, live: Opened) -> None:
    with live(url_of(api)) as connection:
        options = {"output": {"size": 256, "format": "webp"}, "paste_back": False, "face": 1}
        seq = connection.wish(source, controls={"expression": {"jawOpen": 0.5}}, **options)
        record, number = claim(worker)
        request: Any = record.request
        assert (seq, number, request.source_id, request.face) == (1, 1, source, 1)
        assert (request.output.size, request.spec.format, request.spec.paste_back) == (256, "webp", False)
        assert request.controls.expression == {"jawOpen": 0.5}
        render(worker, record)
        picture = connection.picture(10)
        assert (picture.seq, picture.content, picture.media_type) == (1, PICTURE, "image/jpeg")
        assert (picture.width, picture.height, picture.timings["render_s"]) == (512, 400, 0.1)
        assert picture.warnings[0].code == "small_face"
        with pytest.raises(WaitTimeoutError):
            connection.picture(0.05)


def test_a_wish_without_a_picture_is_an_error_and_the_next_is_answered(
    api: httpx.Client, worker: ActedWorker, source: SourceId, live: Opened
) -> None:
    with live(url_of(api)) as connection:
        connection.wish(source, controls={"expression": {"jawOpn": 0.5}})
        with pytest.raises(WishError, match="did you mean jawOpen") as caught:
            connection.picture(10)
        assert (caught.value.seq, caught.value.code, caught.value.status) == (1, "invalid_request", 422)
        assert caught.value.errors[0].field == "controls.expression.jawOpn"
        assert connection.wish(source) == 2
        render(worker, claim(worker)[0])
        assert connection.picture(10).seq == 2


@contextlib.contextmanager
def working(worker: ActedWorker) -> Iterator[None]:
    """The worker renders whatever waits; a wish whose connection has ended meanwhile is nobody's any more."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.01):
            for job_id, _ in worker.queue.entries():
                with contextlib.suppress(SupersededError, UnknownJobError):
                    record = worker.store.get(job_id)
                    worker.queue.remove(record)
                    render(worker, worker.store.claim(job_id, record.attempt, worker.NAME, BUNDLE))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_the_newest_wish_outlives_a_restart(
    settings: ApiSettings, worker: ActedWorker, photo: Any, live: Opened
) -> None:
    own = alone(settings)
    with contextlib.ExitStack() as stack:
        with serving(own) as (_, api):
            source = SourceId(api.post("/sources", files=photo).json()["id"])
            connection = stack.enter_context(live(url_of(api), retries=PATIENT))
            connection.wish(source)
            first = claim(worker)[0]
        worker.store.end_cancelled(first.job.id, first.attempt, {})
        with serving(own), working(worker):
            assert connection.picture(20).seq == 1


def test_who_was_idle_may_wish_again(settings: ApiSettings, worker: ActedWorker, photo: Any, live: Opened) -> None:
    with serving(alone(settings, live_idle_s=0.5)) as (_, api), working(worker):
        source = SourceId(api.post("/sources", files=photo).json()["id"])
        with live(url_of(api), retries=PATIENT) as connection:
            connection.wish(source)
            assert connection.picture(30).seq == 1
            with pytest.raises(WaitTimeoutError):
                connection.picture(0.9)
            connection.wish(source)
            assert connection.picture(30).seq == 2


def test_the_key_goes_with_it(settings: ApiSettings, worker: ActedWorker, photo: Any, live: Opened) -> None:
    with serving(alone(settings, api_keys=(SecretStr("key-of-one"),), max_live_sockets=1)) as (_, api):
        headers = {"Authorization": "Bearer key-of-one"}
        source = SourceId(api.post("/sources", files=photo, headers=headers).json()["id"])
        with live(url_of(api), "key-of-one") as connection:
            connection.wish(source)
            render(worker, claim(worker)[0])
            assert connection.picture(10).seq == 1
            with (
                live(url_of(api), "key-of-one", Retries(most=1, first_s=0.01)) as second,
                pytest.raises(ProblemError) as caught,
            ):
                second.wish(source)
            assert caught.value.code == "too_many_sockets", "though it was tried again"
        for key, code in ((None, "key_missing"), ("nobodys", "key_rejected")):
            with live(url_of(api), key) as connection, pytest.raises(ProblemError) as caught:
                connection.wish(source)
            assert caught.value.code == code


def test_what_no_connection_can_carry(api: httpx.Client, worker: ActedWorker, live: Opened) -> None:
    with live("http://127.0.0.1:1", retries=Retries(most=0)) as connection, pytest.raises(NoConnectionError):
        connection.wish(SourceId("s"))
    with live(url_of(api)) as connection:
        connection.wish(SourceId("s"), controls={"note": "x" * 2**17})
        with pytest.raises(UnexpectedAnswerError, match="longer than"):
            connection.picture(10)
        connection.close()
        with pytest.raises(LiveClosedError):
            connection.wish(SourceId("s"))


def test_pictures_come_until_it_is_closed(api: httpx.Client, worker: ActedWorker, source: SourceId) -> None:
    seen: list[int] = []
    with PortraitClient(url_of(api), retries=SOON) as client, client.live() as connection:
        connection.wish(source)
        waiting = threading.Thread(target=lambda: seen.extend(picture.seq for picture in connection))
        waiting.start()
        render(worker, claim(worker)[0])
        wait_until(lambda: seen == [1])
    waiting.join(10)
    assert not waiting.is_alive()
