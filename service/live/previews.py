"""Wishes become jobs: one at a time for every connection, the newest one."""

from dataclasses import dataclass

from service.backend import Backend
from service.keys.tenant import Tenant
from service.live.messages import Wish
from service.submit import submit
from service.uploads import named_photo
from workers.contract.cancelling import cancel_job
from workers.contract.invalid_request import InvalidRequestError
from workers.contract.jobs import JobRecord
from workers.contract.kinds.controls import check_controls
from workers.contract.kinds.preview import PreviewRequest


@dataclass(frozen=True)
class PreviewJobs:
    """Makes, changes and cancels the jobs of one tenant. All methods block: they talk to Redis."""

    backend: Backend
    tenant: Tenant

    def submit(self, wish: Wish) -> JobRecord:
        """Check a wish and put it into the queue.

        Raises:
            ServiceError: whatever is wrong with the wish, or with the state of the service.
        """
        return submit(self.backend, self._request(wish), self.tenant, None)

    def overtake(self, job_id: str, wish: Wish) -> bool:
        """Put a wish in the place of one that waits. Returns False when that waits no more; raises like `submit`."""
        return self.backend.jobs.replace(job_id, self._request(wish))

    def cancel(self, job_id: str) -> None:
        """Stop a job whose picture nobody wants any more."""
        cancel_job(self.backend.jobs, self.backend.queue, job_id)

    def _request(self, wish: Wish) -> PreviewRequest:
        faults = check_controls(wish.controls, self.backend.presence.sliders(wish.bundle), max_clip_seconds=0)
        if faults:
            raise InvalidRequestError.of([(f"controls.{field}", message) for field, message in faults])
        source = named_photo(self.backend, self.tenant, wish.source_id)
        fields = {name: getattr(wish, name) for name in PreviewRequest.model_fields if name in Wish.model_fields}
        return PreviewRequest(**fields | {"source_id": source.id})
