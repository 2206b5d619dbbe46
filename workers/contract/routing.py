"""Which bundle's workers a job is for: the one that its request names, or a canary's turn, or any that is free."""

import hashlib
from collections.abc import Iterable

from workers.contract.errors import BundleNotServedError, QueueNotServedError
from workers.contract.presence import Abilities, Presence, WorkerPresence
from workers.contract.queue_names import QueueName


class Router:
    """Chooses the lane of a job: the digest of the bundle that it is for, or None for the common queue."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence

    def lane(self, queue: QueueName, bundle: str | None, drawn_by: str) -> str | None:
        """The lane of a job in a queue.

        Args:
            bundle: that its request names.
            drawn_by: what its place is drawn by where it names none: equal texts get the same bundle, as long as the
                canaries stay the same.

        Raises:
            QueueNotServedError, BundleNotServedError: workers are alive and none would take the job. Without any
                worker a job that names no bundle may wait, since one that comes up is likely to take it.
            UnknownBundleError: as `Presence.abilities`.
        """
        if bundle is None:
            return self._unnamed(queue, drawn_by)
        abilities = self._presence.abilities(bundle)
        if abilities is None:
            raise BundleNotServedError("No worker has loaded a bundle yet; try again soon.")
        digest = abilities.bundle.digest
        if not any(worker.takes(queue, digest) for worker in self._presence.workers()):
            raise BundleNotServedError(
                f"No live worker with the bundle {abilities.bundle.name} takes jobs from the queue `{queue}`. "
                f"Try again later, or leave `bundle` out."
            )
        return digest

    def _unnamed(self, queue: QueueName, drawn_by: str) -> str | None:
        workers = self._presence.workers()
        chosen = self._drawn(queue, workers, drawn_by)
        if chosen is None and workers and not any(worker.takes(queue, None) for worker in workers):
            raise QueueNotServedError(
                f"No live worker takes jobs from the queue `{queue}`. Try again later, or start a worker whose "
                f"PORTRAIT_QUEUES names it."
            )
        return chosen

    def _drawn(self, queue: QueueName, workers: Iterable[WorkerPresence], drawn_by: str) -> str | None:
        """The canary whose turn it is; None where it is nobody's."""
        traffic: dict[str, float] = {}
        for worker in workers:
            if worker.traffic and worker.bundle is not None and queue in worker.queues:
                digest = worker.bundle.digest
                traffic[digest] = max(worker.traffic, traffic.get(digest, 0.0))
        if not traffic:
            return None
        alike = self._alike(traffic)
        place = int.from_bytes(hashlib.sha256(drawn_by.encode()).digest()[:8]) / 2**64
        for digest in sorted(traffic):
            if place < traffic[digest]:
                return digest if digest in alike else None
            place -= traffic[digest]
        return None

    def _alike(self, digests: Iterable[str]) -> set[str]:
        """Those of the bundles that can do what requests are checked by, which is what the common one can do."""
        common = self._presence.abilities()
        known = {one.bundle.digest: one for one in self._presence.known_abilities()}
        return {digest for digest in digests if digest in known and _covers(known[digest], common)}


def _covers(abilities: Abilities, common: Abilities | None) -> bool:
    if common is None:
        return True
    same_space = abilities.sliders.get("space") == common.sliders.get("space")
    return same_space and (abilities.speaks or not common.speaks)
