"""What holds for the jobs of an owner: how many at once, and how long they are kept."""

from workers.contract.contract_model import ContractModel


class Terms(ContractModel):
    """Of one owner; a batch waits for its turn beside its other jobs.

    Attributes:
        jobs_at_once: jobs that may wait or run at the same time; 0 for any number.
        retention_s: seconds for which uploads, results and records are kept; None for those of the settings.
    """

    jobs_at_once: int = 0
    retention_s: int | None = None


ORDINARY = Terms()
"""No limits but those of the service."""
