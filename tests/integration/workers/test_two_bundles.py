"""Workers of two bundles on one Redis: jobs reach the one that they are for, and nothing hides which one it was."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.integration.conftest import BUNDLE
from workers.contract.bundle import BundleIdentity, BundleInUse
from workers.contract.code_version import code_version
from workers.contract.jobs import JobRecord, JobStatus
from workers.contract.kinds.controls import Controls
from workers.contract.kinds.edit import EditRequest
from workers.contract.kinds.extract import ExtractOptions, ExtractRequest
from workers.contract.owners import ANONYMOUS
from workers.contract.presence import Abilities, WorkerPresence, WorkerState
from workers.contract.queue_names import QueueName
from workers.contract.routing import Router

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration
OTHER = BundleIdentity(name="other", version="2", digest="1" * 64)


def bundle_of(record: JobRecord) -> BundleIdentity:
    assert record.job.bundle is not None
    return record.job.bundle


def extracted(service: Service, photo: str, form: str) -> tuple[JobRecord, bytes]:
    """A finished extraction, and its document."""
    request = ExtractRequest(source_id=photo, format=form, options=ExtractOptions())  # type: ignore[arg-type]
    record, _ = service.store.create(request, ANONYMOUS)
    service.queue.enqueue(record)
    record = service.finish(record.job.id)
    assert record.job.status is JobStatus.SUCCEEDED
    with service.blobs.open(record.blobs[0]) as file:
        return record, file.read()


def test_every_job_and_document_names_the_bundle_that_made_it(
    service: Service, photo: str, start_worker: Callable[..., subprocess.Popen[bytes]]
) -> None:
    start_worker(STANDIN_BUNDLE="first")
    service.wait_for_worker(WorkerState.READY)
    assert service.presence.sliders()["bundle"]["name"] == "first"
    start_worker(STANDIN_BUNDLE="second")
    service.wait_for_worker(WorkerState.READY, count=2)
    in_use = service.presence.bundles()
    assert sorted((bundle.name, bundle.workers) for bundle in in_use) == [("first", 1), ("second", 1)]
    assert len({bundle.digest for bundle in in_use}) == 2
    assert service.presence.sliders()["bundle"]["name"] == "second", "the one that was loaded last"

    # 0.2 s each, so that neither worker does all of them.
    jobs = [service.submit(photo, controls={"expression": {"mouthFunnel": 1.0}}) for _ in range(6)]
    assert service.store.get(jobs[-1]).job.bundle is None, "it still waits"
    workers = {worker.name: worker.bundle for worker in service.presence.workers()}
    done = [service.finish(job) for job in jobs]
    assert {bundle_of(record).name for record in done} == {"first", "second"}
    assert all(record.worker and bundle_of(record) == workers[record.worker] for record in done)

    record, document = extracted(service, photo, "json")
    assert json.loads(document)["bundle"] == bundle_of(record).model_dump()
    assert json.loads(document)["code_version"] == record.job.code_version == code_version(None)
    record, document = extracted(service, photo, "npz")
    with np.load(io.BytesIO(document)) as arrays:
        assert list(arrays["bundle"]) == list(bundle_of(record).model_dump().values())
        assert arrays["code_version"] == code_version(None)


def test_a_job_for_a_bundle_is_done_by_its_workers_alone(
    service: Service, photo: str, start_worker: Callable[..., subprocess.Popen[bytes]]
) -> None:
    start_worker(STANDIN_BUNDLE="first")
    start_worker(STANDIN_BUNDLE="second", PORTRAIT_BUNDLE_TRAFFIC="0", PORTRAIT_BUILD="3f2a91c")
    service.wait_for_worker(WorkerState.READY, count=2)
    router = Router(service.presence)

    def edit(bundle: str | None) -> str:
        request = EditRequest(source_id=photo, bundle=bundle, controls=Controls(expression={"mouthFunnel": 0.5}))
        lane = router.lane(QueueName.INTERACTIVE, bundle, photo)
        record, _ = service.store.create(request, ANONYMOUS, lane=lane)
        service.queue.enqueue(record)
        return record.job.id

    # Beside each other, on one photo: neither takes the other's, from the queue or from what is kept of the photo.
    jobs = [(name, edit(name)) for name in ("second", "first", None, "second", None, "first", "second")]
    for name, job_id in jobs:
        done = service.finish(job_id)
        assert bundle_of(done).name == (name or "first")
        expected = code_version("3f2a91c" if name == "second" else None)
        assert done.job.code_version == expected


def appear(service: Service, name: str, bundle: BundleIdentity, sliders: dict[str, str], at: float) -> None:
    service.presence.announce(WorkerPresence(name=name, state=WorkerState.READY, bundle=bundle), ttl_s=60)
    service.presence.publish(Abilities(bundle=bundle, sliders=sliders, speaks=True, published_at=at))


def test_the_sliders_are_of_a_bundle_that_a_live_worker_has(service: Service) -> None:
    service.client.flushall()
    appear(service, "old", BUNDLE, {"space": "old"}, at=1)
    appear(service, "new", OTHER, {"space": "new"}, at=2)
    assert service.presence.sliders() == {"space": "new", "bundle": OTHER.model_dump()}
    service.presence.leave("new")
    assert service.presence.sliders() == {"space": "old", "bundle": BUNDLE.model_dump()}, "the update was taken back"
    service.presence.leave("old")
    assert service.presence.sliders()["space"] == "new", "nobody is left: what was known stays known"
    appear(service, "old", BUNDLE, {"space": "old"}, at=3)
    assert service.presence.bundles() == [BundleInUse(**BUNDLE.model_dump(), workers=1)]
    assert service.client.hlen("{portrait}:bundles") == 1, "what no worker has is forgotten when another comes"


def test_a_job_that_waits_again_names_no_bundle(service: Service, photo: str) -> None:
    record, _ = service.store.create(ExtractRequest(source_id=photo), ANONYMOUS)
    claimed = service.store.claim(record.job.id, 1, "worker", BUNDLE)
    assert bundle_of(claimed) == BUNDLE
    assert service.store.requeue(record.job.id, 1, lost=True).job.bundle is None
    assert bundle_of(service.store.claim(record.job.id, 2, "other", OTHER)) == OTHER
