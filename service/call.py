"""A request that makes a job, from its body to its answer: what all such routes do alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service.answers import answer
from service.backend import Backend, BackendDep
from service.intake import Fields, Submission, read_submission
from service.openapi import Prefer
from service.security import Owner
from service.submit import IdempotencyKey, admit, submit
from service.uploads import drop
from workers.contract.errors import ServiceError
from workers.contract.jobs import JobRecord
from workers.contract.requests import JobRequest

Build = Callable[[Backend, str, Submission], JobRequest]


@dataclass(frozen=True)
class _JobCall:
    request: Request
    backend: BackendDep
    owner: Owner
    prefer: Prefer = None
    idempotency_key: IdempotencyKey = None

    async def answer(self, fields: Fields, build: Build) -> Response:
        """Read the fields, build the job's request from them, queue it, and answer as the client prefers.

        Args:
            fields: what the body may hold.
            build: validates the fields and stores their files for the owner; runs in a thread.
        """
        async with read_submission(self.request, fields) as submission:
            record = await run_in_threadpool(self._submit, submission, build)
        return await answer(self.backend, record, prefer=self.prefer, accept=self.request.headers.get("accept"))

    def _submit(self, submission: Submission, build: Build) -> JobRecord:
        admit(self.backend, self.owner, self.idempotency_key)  # before anything is stored
        try:
            request = build(self.backend, self.owner, submission)
            return submit(self.backend, request, self.owner, self.idempotency_key)
        except ServiceError:  # not when Redis fails: then there may be a job
            drop(self.backend, self.owner, submission)
            raise


JobCall = Annotated[_JobCall, Depends()]
