"""Which bundle of weights made something, as clients read it."""

from pydantic import Field

from workers.contract.contract_model import ContractModel


class BundleIdentity(ContractModel):
    """A bundle by its name, its version and the digest of its files; equal digests mean equal weights."""

    name: str
    version: str
    digest: str = Field(description="SHA-256 over the hashes of the bundle's files, hexadecimal.")


class BundleInUse(BundleIdentity):
    """A bundle that live workers have loaded, and how many."""

    workers: int
