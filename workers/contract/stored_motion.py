"""A stored motion as Redis has it: what clients may know of it, and where its files are."""

from pydantic import Field

from workers.contract.bundle import BundleIdentity
from workers.contract.contract_model import ContractModel


class MotionFacts(ContractModel):
    """What is known of a motion beside its name; `fps` and `seconds` are None for a still.

    Attributes:
        bundle: that read it from pictures; None where none did.
        of_sliders: whether sliders made it, from a face at rest, and no picture was read.
    """

    title: str
    description: str | None = None
    space: str
    bundle: BundleIdentity | None = None
    frames: int
    fps: float | None
    seconds: float | None
    of_sliders: bool = False


class StoredMotion(ContractModel):
    """A motion of an owner's; times in seconds since the epoch.

    Attributes:
        bytes: of document and sound together.
        document, sound: keys of their blobs; None where there is no sound.
        job: that made it.
        attempt: at that job.
    """

    name: str
    facts: MotionFacts
    created_at: float
    expires_at: float
    bytes: int
    document: str
    sound: str | None
    job: str
    attempt: int = Field(ge=1)
