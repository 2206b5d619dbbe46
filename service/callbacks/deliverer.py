"""The thread that calls back: what is due is sent, and what does not arrive is tried again later."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus

import redis

from service.backend import Backend
from service.callbacks.policy import callback_policy
from service.callbacks.post import CallbackError, post
from service.links import Links
from service.settings import ApiSettings
from service.version import PREFIX
from service.webhook_signature import secret_bytes, signed_headers
from workers.contract.callbacks import CallbackQueue, DueCallback
from workers.contract.errors import UnknownJobError
from workers.contract.jobs import Delivery, JobRecord
from workers.contract.kinds.common import RequestFields
from workers.contract.records import moment
from workers.contract.store import JobStore

log = logging.getLogger(__name__)

_LOOK_S = 0.5
_AT_ONCE = 4
_AGENT = "pirenderer-service"


@asynccontextmanager
async def delivering(backend: Backend) -> AsyncIterator[None]:
    """Deliver calls back while open, where they are switched on."""
    if not backend.settings.callback_hosts:
        yield
        return
    callbacks = CallbackQueue(backend.redis)
    deliverer = Deliverer(backend.settings, callbacks, backend.jobs, Links(PREFIX, backend.signer))
    stop = threading.Event()
    thread = threading.Thread(target=deliverer.run, args=(stop,), name="callbacks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        await asyncio.to_thread(thread.join, backend.settings.callback_timeout_s)


class Deliverer:
    """Delivers the calls back of all jobs. Several processes may run one each: a call back is taken by one of them.

    A call back arrives once at least: a process that dies between sending and writing that down sends it again, with
    the same `webhook-id`.
    """

    def __init__(self, settings: ApiSettings, callbacks: CallbackQueue, jobs: JobStore, links: Links) -> None:
        assert settings.callback_secret is not None, "the settings see to it"
        self._secret = secret_bytes(settings.callback_secret.get_secret_value())
        self._settings, self._callbacks, self._jobs, self._links = settings, callbacks, jobs, links
        self._policy = callback_policy(settings)

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop` is set; calls under way are finished."""
        with ThreadPoolExecutor(_AT_ONCE, "callback") as pool:
            under_way: set[Future[None]] = set()
            while not stop.wait(0 if self._started_one(pool, under_way) else _LOOK_S):
                pass

    def _started_one(self, pool: ThreadPoolExecutor, under_way: set["Future[None]"]) -> bool:
        under_way -= {future for future in under_way if future.done()}
        if len(under_way) >= _AT_ONCE:
            return False
        try:
            due = self._callbacks.claim(lease_s=3 * self._settings.callback_timeout_s)
        except redis.RedisError as error:
            log.warning("callbacks wait for Redis: %s", error)
            return False
        if due is None:
            return False
        under_way.add(pool.submit(self._deliver, due))
        return True

    def _deliver(self, due: DueCallback) -> None:
        try:
            record = self._jobs.get(due.job_id)
            self._callbacks.report(due, self._sent(due, record))
        except UnknownJobError:
            self._callbacks.drop(due)
        except Exception:
            log.exception("callback of job %s", due.job_id)  # it is due again when the lease ends

    def _sent(self, due: DueCallback, record: JobRecord) -> Delivery:
        assert isinstance(record.request, RequestFields), "previews have no callback"
        attempt = 1 + sum(delivery.event == due.event for delivery in record.job.deliveries)
        began = time.time()
        body = json.dumps(
            {
                "type": f"job.{due.event}",
                "timestamp": moment(began).isoformat(),
                "data": self._links.job(record).body(),
            }
        ).encode()
        headers = {"Content-Type": "application/json", "User-Agent": _AGENT}
        headers |= signed_headers(self._secret, f"msg_{due.job_id}_{due.event}", int(began), body)
        status, error = None, None
        try:
            status = post(
                self._policy, record.request.callback.url or "", body, headers, self._settings.callback_timeout_s
            )
        except CallbackError as reason:
            error = str(reason)
        return Delivery(
            event=due.event,
            attempt=attempt,
            at=moment(began),
            status=status,
            error=error,
            next_at=self._next(status, attempt),
        )

    def _next(self, status: int | None, attempt: int) -> datetime | None:
        """When to try again; None when it has arrived, nobody wants it, or it was tried often enough."""
        if status is not None and (200 <= status < 300 or status == HTTPStatus.GONE):
            return None
        waits = self._settings.callback_retry_s
        return None if attempt > len(waits) else moment(time.time() + waits[attempt - 1])
