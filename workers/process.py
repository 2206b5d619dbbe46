"""The worker process: load the models once, then take jobs from RQ until a signal to stop."""

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType

import redis
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job as RQJob
from rq.serializers import JSONSerializer
from rq.timeouts import BaseDeathPenalty
from rq.worker import WorkerStatus

from workers import metrics
from workers.attempt import Deadline
from workers.contract.batches import BatchStore
from workers.contract.blobs import BlobStore
from workers.contract.bundle import BundleIdentity
from workers.contract.code_version import code_version
from workers.contract.connection import connect
from workers.contract.erasure_notices import ErasureNotices
from workers.contract.logs import configure_logging
from workers.contract.motions import MotionLibrary
from workers.contract.presence import Abilities, Presence, WorkerState
from workers.contract.previews import Previews
from workers.contract.queue import JobQueue
from workers.contract.queue_names import lanes_of_worker
from workers.contract.reaper import Reaper
from workers.contract.settings import Settings
from workers.contract.sources import SourceRegistry
from workers.contract.store import JobStore
from workers.contract.tracing import configure_tracing
from workers.contract.waits import Waits
from workers.editor import Editor, load_editor
from workers.erasure_watch import ErasureWatch
from workers.fetching import RemoteFiles
from workers.heartbeat import Heartbeat
from workers.job_folder import sweep_job_folders
from workers.media.content_credentials import ContentCredentials
from workers.media.isolate import Decoder
from workers.queue_order import QueueOrder
from workers.runner import CURRENT, JobTask, Runner
from workers.signing import signing
from workers.tasks import tasks_by_kind
from workers.tasks.tools import TaskTools
from workers.thread_budget import ThreadBudget

log = logging.getLogger(__name__)

_SETUP_AGAIN_S = 30.0
_RECONNECT_S = 1.0
_RQ_TTL_S = 35  # makes RQ wait 20 s at a time for a job


class _NoAlarm(BaseDeathPenalty):
    """Deadlines are checked between batches and watched by the heartbeat; an alarm could strike anywhere."""

    def setup_death_penalty(self) -> None: ...

    def cancel_death_penalty(self) -> None: ...


class WarmWorker(SimpleWorker):
    """An RQ worker that runs jobs in its own process, where the models are."""

    death_penalty_class = _NoAlarm
    log_result_lifespan = False
    max_connection_wait_time = 2.0

    def __init__(
        self,
        client: "redis.Redis",
        queues: Sequence[str],
        runner: Runner,
        deadline: Deadline,
        before_job: Callable[[], None],
    ) -> None:
        super().__init__(
            list(queues),
            connection=client,
            serializer=JSONSerializer,
            worker_ttl=_RQ_TTL_S,
            log_job_description=False,
        )
        self._runner, self._deadline, self._before_job = runner, deadline, before_job
        self._order = QueueOrder(queues)

    def reorder_queues(self, reference_queue: Queue) -> None:
        """A job was taken from this queue: put them into the order for the next one."""
        self._order.count(reference_queue.name)
        self._ordered_queues.sort(key=lambda queue: self._order.place(queue.name))

    def execute_job(self, job: RQJob, queue: Queue) -> None:
        """Run the job with this worker's runner."""
        self._before_job()
        token = CURRENT.set(self._runner)
        try:
            super().execute_job(job, queue)
        finally:
            CURRENT.reset(token)

    def _install_signal_handlers(self) -> None:
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, signum: int, _frame: FrameType | None) -> None:
        log.info("%s: stopping", signal.Signals(signum).name)
        if self._deadline.stopping.is_set():
            return  # on its way out already; the deadline bounds how long that takes
        self._deadline.start()
        if self.get_state() != WorkerStatus.BUSY:
            raise StopRequested
        self._stop_requested = True


def serve(settings: Settings, load: Callable[[Settings], Editor] = load_editor) -> int:
    """Be a worker until SIGTERM or Ctrl-C. Returns the process's exit code.

    Args:
        settings: from the environment.
        load: loads the models; raises whatever is wrong with them.

    Raises:
        MissingPackageError: the settings need a package that is not installed.
        CredentialsError: the key and certificates that they name cannot sign.
    """
    configure_logging(settings.log_level)
    configure_tracing("portrait-worker")
    sweep_job_folders()
    credentials = ContentCredentials.of(settings, code_version(settings.build))
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    client = connect(settings.redis_url)
    store, queue, presence = JobStore(client, settings), JobQueue(client, settings), Presence(client)
    blobs = BlobStore(settings.storage_url, client)
    batches = BatchStore(client, store, queue, presence, settings)
    cpu = ThreadBudget(settings.threads, name, presence)
    heartbeat, deadline = Heartbeat(name, presence, store, settings, cpu.budgets), Deadline(settings.drain_s)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    metrics.serve(settings.metrics_port)
    decoder = Decoder(
        max_pixels=settings.max_pixels,
        max_video_pixels=settings.max_video_pixels,
        timeout_s=settings.decode_timeout_s,
        memory_bytes=settings.decode_memory_bytes,
    )
    try:
        heartbeat.set(WorkerState.STARTING)
        heartbeat.start()
        reaper = Reaper(store, queue, batches, presence, blobs, settings)
        threading.Thread(target=reaper.run, args=(deadline.stopping,), name="reaper", daemon=True).start()
        editor = _load_with_retries(settings, load, heartbeat, cpu)
        decoder.warm_up()
        sources = SourceRegistry(client, blobs, settings)
        tools = TaskTools.of(editor, sources, MotionLibrary(client, blobs, settings), decoder, settings)
        erasures = ErasureWatch(ErasureNotices(client), tools.source_input.cache, settings.sweep_s)
        threading.Thread(target=erasures.run, args=(deadline.stopping,), name="erasures", daemon=True).start()
        bundle = BundleIdentity.model_validate(editor.bundle.model_dump())
        runner = Runner(
            name=name,
            bundle=bundle,
            tasks=_tasks(tools, sources, credentials, RemoteFiles(sources, store, settings)),
            store=store,
            queue=queue,
            blobs=blobs,
            previews=Previews(client),
            batches=batches,
            waits=Waits(client, queue, presence),
            heartbeat=heartbeat,
            deadline=deadline,
            settings=settings,
        )
        sliders, speaks = editor.space.document(), editor.speech is not None
        heartbeat.ready(Abilities(bundle=bundle, sliders=sliders, speaks=speaks))
        _warn_of_other_bundles(presence, bundle)
        with suppress(StopRequested):
            names = lanes_of_worker(settings.queues, bundle.digest, common=settings.bundle_traffic is None)
            _work(settings, names, runner, deadline, before_job=lambda: editor.use_threads(cpu.threads()))
    finally:
        deadline.start()
        heartbeat.stop()
        decoder.close()
    return 0


def _tasks(
    tools: TaskTools, sources: SourceRegistry, credentials: ContentCredentials | None, remote: RemoteFiles
) -> dict[str, JobTask]:
    tasks = tasks_by_kind(tools)
    if credentials is not None:
        tasks = {kind: signing(task, credentials, sources) for kind, task in tasks.items()}
    return {kind: remote.first(task) for kind, task in tasks.items()}


def _load_with_retries(
    settings: Settings, load: Callable[[Settings], Editor], heartbeat: Heartbeat, cpu: ThreadBudget
) -> Editor:
    while True:
        try:
            editor = load(settings.model_copy(update={"threads": cpu.threads()}))
        except Exception as error:
            # Announced rather than fatal: the health page can say why, and a GPU or a volume may still turn up.
            log.exception("the models could not be loaded; next try in %g s", _SETUP_AGAIN_S)
            heartbeat.set(WorkerState.SETUP_FAILED, detail=f"{type(error).__name__}: {error}")
            time.sleep(_SETUP_AGAIN_S)
        else:
            return editor


def _warn_of_other_bundles(presence: Presence, own: BundleIdentity) -> None:
    with suppress(redis.RedisError):
        for other in presence.bundles():
            if other.digest != own.digest:
                log.warning(
                    "another bundle on the same Redis; what names none may get either, unless PORTRAIT_BUNDLE_TRAFFIC "
                    "says which: %s here, %s there",
                    own,
                    other,
                )


def _work(
    settings: Settings, queues: Sequence[str], runner: Runner, deadline: Deadline, before_job: Callable[[], None]
) -> None:
    """Work until the deadline starts; RQ's loop ends when Redis goes away, and is then begun again."""
    while not deadline.stopping.is_set():
        client = connect(settings.redis_url)
        try:
            WarmWorker(client, queues, runner, deadline, before_job).work(logging_level="WARNING")
        except redis.RedisError as error:
            log.warning("Redis is away: %s", error)
        finally:
            client.close()
        deadline.stopping.wait(_RECONNECT_S)


def _exit(_signum: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
