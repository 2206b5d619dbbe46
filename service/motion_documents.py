"""What clients read of motions: those that ship with the service, and their own."""

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from service.keys.tenant import KeyScope, Tenant
from service.links import Links
from workers.contract.bundle import BundleIdentity
from workers.contract.contract_model import ContractModel
from workers.contract.motion_templates import MOTION_TEMPLATES
from workers.contract.stored_motion import StoredMotion


class ReadyMotion(ContractModel):
    """A motion that any face can make; `id` is what a request names it by.

    What is null of a shipped one: it has no files, and never expires. `content_url` and `sound_url` need no API key for
    some time, where the service signs addresses.
    """

    id: str
    title: str = Field(description="What the face does: of a shipped one, in English.")
    description: str | None = None
    shipped: bool = Field(description="Whether it comes with the service, and not from a `POST /motions`.")
    seconds: float = Field(description="How long it lasts; 0 for a single pose.")
    frames: int | None = None
    fps: float | None = None
    space: str | None = Field(default=None, description="Of its numbers; bundles of another one cannot use it.")
    bundle: BundleIdentity | None = Field(default=None, description="What read it from pictures.")
    bytes: int | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = Field(default=None, description="Each use puts it off.")
    content_url: str | None = Field(default=None, description="Its document.")
    sound_url: str | None = Field(default=None, description="Its sound (FLAC); null where it has none.")
    keyframes: list[dict[str, Any]] | None = Field(
        default=None, description="Of a shipped one: what moves, as `controls.keyframes` of `POST /edit` take it."
    )


class MotionList(ContractModel):
    """A page of motions: the caller's own by name, then those that ship with the service."""

    motions: list[ReadyMotion]
    next_cursor: str | None = Field(description="Gives the next page as `cursor`; null on the last one.")


def shipped_motion(name: str) -> ReadyMotion:
    """A motion that ships with the service. Raises KeyError where there is none of this name."""
    template = MOTION_TEMPLATES[name]
    return ReadyMotion(
        id=name, title=template.title, shipped=True, seconds=template.seconds, keyframes=template.keyframes
    )


def own_motion(motion: StoredMotion, tenant: Tenant, links: Links) -> ReadyMotion:
    """The public view of a stored motion. Its addresses are open to tenants alone whose keys may read."""
    facts, path = motion.facts, f"/motions/{motion.name}"
    may_read = KeyScope.READ in tenant.scopes

    def address(what: str) -> str:
        return links.open_to(tenant.name, f"{path}/{what}") if may_read else links.to(f"{path}/{what}")

    return ReadyMotion(
        id=motion.name,
        title=facts.title,
        description=facts.description,
        shipped=False,
        seconds=facts.seconds or 0,
        frames=facts.frames,
        fps=facts.fps,
        space=facts.space,
        bundle=facts.bundle,
        bytes=motion.bytes,
        created_at=datetime.fromtimestamp(motion.created_at, UTC),
        expires_at=datetime.fromtimestamp(motion.expires_at, UTC),
        content_url=address("content"),
        sound_url=None if motion.sound is None else address("sound"),
    )
