"""Wishes become jobs: one at a time for every connection, the newest one."""

from dataclasses import dataclass

from service.backend import Backend
from service.errors import InvalidRequestError
from service.intake import Submission
from service.live.messages import Wish
from service.submit import submit
from service.uploads import Uploads
from workers.contract.jobs import MAX_ERRORS, FieldProblem, JobRecord
from workers.contract.kinds.controls import check_controls
from workers.contract.kinds.preview import PreviewRequest
from workers.contract.media_type import PICTURE


@dataclass(frozen=True)
class PreviewJobs:
    """Makes, changes and cancels the jobs of one owner. All methods block: they talk to Redis."""

    backend: Backend
    owner: str

    def submit(self, wish: Wish) -> JobRecord:
        """Check a wish and put it into the queue.

        Raises:
            ServiceError: whatever is wrong with the wish, or with the state of the service.
        """
        return submit(self.backend, self._request(wish), self.owner, None)

    def overtake(self, job_id: str, wish: Wish) -> bool:
        """Put a wish in the place of one that waits. Returns False when that waits no more; raises like `submit`."""
        return self.backend.jobs.replace(job_id, self._request(wish))

    def cancel(self, job_id: str) -> None:
        """Stop a job whose picture nobody wants any more."""
        self.backend.queue.remove(self.backend.jobs.cancel(job_id))

    def _request(self, wish: Wish) -> PreviewRequest:
        faults = check_controls(wish.controls, self.backend.presence.sliders(), max_clip_seconds=0)
        if faults:
            first = [FieldProblem(field=f"controls.{field}", message=text) for field, text in faults[:MAX_ERRORS]]
            raise InvalidRequestError(first, total=len(faults))
        named = Submission(texts={"source_id": wish.source_id})
        source = Uploads(self.backend, self.owner, named, {"source": PICTURE}).store("source")
        fields = {name: getattr(wish, name) for name in PreviewRequest.model_fields if name in Wish.model_fields}
        return PreviewRequest(**fields | {"source_id": source.id})
