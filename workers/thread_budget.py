"""How many threads this worker's models use, so that the workers of a machine share its cores rather than fight."""

import logging

import redis

from models.cores import cpu_budgets
from workers.contract.presence import Presence, WorkerState

log = logging.getLogger(__name__)


class ThreadBudget:
    """A worker's part of the cores: every budget that bounds it, divided by the workers that live on that budget.

    Waiting workers count, since a job cannot give back cores in its middle. Those that failed to load do not.

    Args:
        threads: the answer, where the operator has given it.
        worker: this worker's own name.
        presence: knows the others.
    """

    def __init__(self, threads: int | None, worker: str, presence: Presence) -> None:
        self._fixed, self._worker, self._presence = threads, worker, presence
        self._cores = {budget.name: budget.cores for budget in cpu_budgets()}
        self._others: list[frozenset[str]] = []

    @property
    def budgets(self) -> frozenset[str]:
        """Names of the budgets that this worker announces to the others."""
        return frozenset(self._cores)

    def threads(self) -> int:
        """Threads for the models from now on, at least 1; the others are those last seen while Redis is away."""
        if self._fixed is not None:
            return self._fixed
        try:
            self._others = [
                other.budgets
                for other in self._presence.workers()
                if other.name != self._worker and other.state is not WorkerState.SETUP_FAILED
            ]
        except redis.RedisError as error:
            log.warning("the other workers are not counted anew: %s", error)
        return max(1, int(min(cores / (1 + self._sharing(name)) for name, cores in self._cores.items())))

    def _sharing(self, budget: str) -> int:
        return sum(budget in other for other in self._others)
