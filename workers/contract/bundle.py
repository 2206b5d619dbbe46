"""Which bundle of weights made something, as clients read it, and how they ask for one."""

from typing import Annotated

from pydantic import Field

from workers.contract.contract_model import ContractModel
from workers.contract.queue_names import QueueName

MAX_BUNDLE_NAME = 200
_SHORTEST_DIGEST = 12

BUNDLE_MEANING = (
    "The bundle that is to do it: `NAME`, `NAME:VERSION` or `NAME:DIGEST` of those that GET /bundles lists. Without it "
    "the service chooses."
)
BundleChoice = Annotated[str, Field(min_length=1, max_length=MAX_BUNDLE_NAME, description=BUNDLE_MEANING)]
"""`bundle` of a request."""


class BundleIdentity(ContractModel):
    """A bundle by its name, its version and the digest of its files; equal digests mean equal weights."""

    name: str
    version: str
    digest: str = Field(description="SHA-256 over the hashes of the bundle's files, hexadecimal.")

    def is_meant_by(self, choice: str) -> bool:
        """Whether a request that asks for `choice` means this one. Of a digest the first 12 digits are enough."""
        name, colon, wanted = choice.rpartition(":")
        if not colon:
            return choice == self.name
        by_digest = len(wanted) >= _SHORTEST_DIGEST and self.digest.startswith(wanted)
        return choice == self.name or (name == self.name and (wanted == self.version or by_digest))


class BundleInUse(BundleIdentity):
    """A bundle that live workers have loaded, and how many."""

    workers: int


class ServedBundle(BundleInUse):
    """A bundle that requests may name."""

    queues: dict[QueueName, int] = Field(description="How many of its workers take each queue.")
    traffic: float | None = Field(
        description="The fraction of the requests that name no bundle which it gets; null: all that no other one gets."
    )
    space: str = Field(description="What its coefficients mean.")
    speaks: bool = Field(description="Whether POST /talk works with it.")
    code_versions: list[str] = Field(description="Of its workers' code.")
