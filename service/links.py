"""Addresses in answers: under the prefix that the request used, and signed where keys are asked for."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from service.backend import BackendDep
from service.signed_urls import UrlSigner
from service.version import Root
from workers.contract.batches import Batch
from workers.contract.jobs import JobRecord, Result


@dataclass(frozen=True)
class Links:
    """What addresses begin with, and how they are signed; without a signer they are plain."""

    root: str
    signer: UrlSigner | None

    def to(self, path: str) -> str:
        """The address of a path, for clients that send their key."""
        return self.root + path

    def open_to(self, owner: str, path: str) -> str:
        """The address of a path for whoever has it, such as an `<img>`: signed where keys are asked for."""
        return self.root + (path if self.signer is None else self.signer.signed(owner, path))

    def job(self, record: JobRecord) -> JobRecord:
        """The record with its addresses filled in."""
        job, owner = record.job, record.owner
        changes: dict[str, object] = {"events_url": self.open_to(owner, f"/jobs/{job.id}/events")}
        if job.result is not None:
            changes |= {
                "result": self._result(owner, job.result),
                "results": [self._result(owner, result) for result in job.results],
                "result_url": self.open_to(owner, job.result.url),
            }
        return record.model_copy(update={"job": job.model_copy(update=changes)})

    def batch(self, batch: Batch) -> Batch:
        """The batch with its addresses filled in."""
        return batch.model_copy(update={"jobs_url": self.to(batch.jobs_url)})

    def _result(self, owner: str, result: Result) -> Result:
        signed = None if self.signer is None else self.open_to(owner, result.url)
        return result.model_copy(update={"url": self.to(result.url), "signed_url": signed})


def links_of(root: Root, backend: BackendDep) -> Links:
    """The addresses of the answer to a request."""
    return Links(root, backend.signer)


LinksDep = Annotated[Links, Depends(links_of)]
