"""A request that makes a job, from its body to its answer: what all such routes do alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service.answers import answer
from service.backend import BackendDep
from service.hang_up import is_known_to_its_client_alone
from service.intake import BodyFields, Submission, read_submission
from service.job_request import build_request
from service.links import LinksDep
from service.openapi import Prefer
from service.security import TenantDep
from service.submit import IdempotencyKey, admit, submit
from service.uploads import Uploads
from workers.contract.errors import ServiceError
from workers.contract.jobs import JobRecord
from workers.contract.kinds.common import JobKind


@dataclass(frozen=True)
class _JobCall:
    request: Request
    backend: BackendDep
    tenant: TenantDep
    links: LinksDep
    prefer: Prefer = None
    idempotency_key: IdempotencyKey = None

    async def answer(
        self, kind: JobKind, *, ensure: Callable[[Any], None] | None = None, **parameters: Any
    ) -> Response:
        """Read the body, build the job's request from it, queue it, and answer as the client prefers.

        Args:
            kind: of the job.
            ensure: gets the request of a new job; raises what keeps it from being made.
            parameters: fields of the request that came in the query.
        """
        async with read_submission(self.request, BodyFields.of(kind)) as submission:
            record = await run_in_threadpool(self._submit, kind, submission, ensure, parameters)
        accept = self.request.headers.get("accept")
        alone = is_known_to_its_client_alone(record, self.idempotency_key)
        receive = self.request.receive if alone else None
        return await answer(self.backend, record, links=self.links, prefer=self.prefer, accept=accept, receive=receive)

    def _submit(
        self, kind: JobKind, submission: Submission, ensure: Callable[[Any], None] | None, parameters: dict[str, Any]
    ) -> JobRecord:
        new = admit(self.backend, self.tenant, self.idempotency_key)  # before anything is stored
        uploads = Uploads(self.backend, self.tenant, submission, kind.files)
        try:
            request = build_request(self.backend, kind, submission, uploads, parameters)
            if new and ensure is not None:
                ensure(request)
            return submit(self.backend, request, self.tenant, self.idempotency_key)
        except ServiceError:  # not when Redis fails: then there may be a job
            uploads.drop()
            raise


JobCall = Annotated[_JobCall, Depends()]
