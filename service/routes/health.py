"""GET /health/live and /health/ready: two questions, two answers.

They need no key, so they show counts and states alone; names and reasons are in the workers' logs.
"""

import tempfile
from collections import Counter
from collections.abc import Iterable
from typing import Literal

from fastapi import APIRouter
from redis import RedisError
from starlette.responses import JSONResponse, Response

from service.backend import Backend, BackendDep
from service.errors import NotReadyError
from service.openapi import Responses, problems
from service.problems import REDIS_ERRORS, problem_response
from workers.contract.connection import cannot_write, is_failing_over
from workers.contract.contract_model import ContractModel
from workers.contract.jobs import Problem
from workers.contract.presence import WorkerPresence, WorkerState, bundles_in_use, queue_workers
from workers.contract.queue_names import QueueName

router = APIRouter(prefix="/health", tags=["operation"])

PROBE_BYTES = 2**16

# The state of the service is the best state of any of its workers.
_BEST_FIRST = (WorkerState.READY, WorkerState.BUSY, WorkerState.STARTING, WorkerState.SETUP_FAILED)


class Liveness(ContractModel):
    """That the process runs."""

    status: Literal["alive"] = "alive"


class Readiness(ContractModel):
    """What the service can do right now. `GET /bundles` says which bundles these are.

    Attributes:
        queues: how many live workers take each, canaries apart; requests for one that none takes are refused.
    """

    state: WorkerState
    workers: dict[WorkerState, int]
    queues: dict[QueueName, int]
    bundles: int

    @classmethod
    def of_workers(cls, workers: Iterable[WorkerPresence]) -> "Readiness":
        """The best state of any worker, how many are in each, and how many bundles they have loaded.

        Without workers the service is starting.
        """
        workers = list(workers)
        counts = Counter(worker.state for worker in workers)
        best = next((state for state in _BEST_FIRST if counts[state]), WorkerState.STARTING)
        common = [worker for worker in workers if worker.traffic is None]
        numbers = {state: counts[state] for state in WorkerState}
        return cls(state=best, workers=numbers, queues=queue_workers(common), bundles=len(bundles_in_use(workers)))


class NotReady(Problem, Readiness):
    """Why the service can do nothing right now: a problem document that says what a ready service says, too."""


_READY: Responses = {200: {"model": Readiness, "description": "Work is being done."}}


@router.get("/live")
async def read_liveness() -> Liveness:
    """200 while the process runs."""
    return Liveness()


@router.get("/ready", responses=_READY | problems(503, model=NotReady), response_class=Response)
def read_readiness(backend: BackendDep) -> Response:
    """200 when a worker with a loaded model is alive (`ready` or `busy`), Redis answers and there is room, else 503.

    Room to write is looked for in Redis and in the temporary folder.
    """
    path = "/health/ready"
    try:
        readiness = Readiness.of_workers(backend.presence.workers())
    except RedisError as error:  # also for want of room: a connection is tried out before it reads
        nothing = Readiness.of_workers([]).model_dump(mode="json")
        return problem_response(path, NotReadyError(_redis_fault(error)), **nothing)
    full = _full(backend)
    if full is not None:
        return problem_response(path, NotReadyError(full), **readiness.model_dump(mode="json"))
    if readiness.state in (WorkerState.READY, WorkerState.BUSY):
        return JSONResponse(readiness.model_dump(mode="json"))
    return problem_response(path, NotReadyError(_reason(readiness)), **readiness.model_dump(mode="json"))


def _full(backend: Backend) -> str | None:
    """What cannot be written, or None: a little is written where uploads and jobs go."""
    try:
        backend.presence.probe()
        with tempfile.TemporaryFile() as file:
            file.write(bytes(PROBE_BYTES))
            file.flush()
    except RedisError as error:
        return _redis_fault(error)
    except OSError as error:
        return f"The temporary folder cannot be written ({error.strerror}); make room, or set TMPDIR to another one."
    return None


def _redis_fault(error: RedisError) -> str:
    if cannot_write(error):
        return "Redis has no room left on its disk or in its memory; make room."
    if is_failing_over(error):
        return "Redis waits for its replicas, or another machine takes its place."
    if isinstance(error, REDIS_ERRORS):
        return f"Redis does not answer ({type(error).__name__}); start it or check PORTRAIT_REDIS_URL."
    return f"Redis takes no writes ({type(error).__name__}); its log says why."


def _reason(readiness: Readiness) -> str:
    if not any(readiness.workers.values()):
        return "No worker is alive; start one with `python -m workers`."
    if readiness.state is WorkerState.STARTING:
        return "The worker is still loading its models; try again in a few seconds."
    return "The worker could not load its models; its log says why."
