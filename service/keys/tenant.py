"""A tenant: a name, its keys as hashes, and what it may do.

A key is 256 random bits, so its SHA-256 needs neither salt nor a slow function: nobody can
guess what it is the hash of.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, NonNegativeInt, PositiveInt

from workers.contract.contract_model import ContractModel
from workers.contract.owners import ANONYMOUS, owner_of
from workers.contract.terms import Terms

OPERATOR = "operator"
"""Who manages tenants, in the audit log; no tenant has this name."""

PREFIX = "prk_"
"""What new keys begin with, so that scanners of repositories find leaked ones."""

_ID_LENGTH = 8
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")  # the name of a key of PORTRAIT_API_KEYS


class KeyScope(StrEnum):
    """What a key is good for; `admin` alone opens nothing of a tenant's."""

    EDIT = "edit"
    REENACT = "reenact"
    TALK = "talk"
    READ = "read"
    ADMIN = "admin"


WORK = frozenset({KeyScope.EDIT, KeyScope.REENACT, KeyScope.TALK})
"""Any of these uploads, makes jobs and deletes what is the tenant's."""

TENANTS_OWN = WORK | {KeyScope.READ}


def check_name(name: str) -> str:
    """A tenant's name. Raises ValueError, which says what to change."""
    if not _NAME.fullmatch(name) or _FINGERPRINT.fullmatch(name) or name in (ANONYMOUS, OPERATOR):
        raise ValueError(
            f"a tenant's name has 1 to 40 of a-z, 0-9 and -, begins with a letter, and is neither {ANONYMOUS} nor "
            f"{OPERATOR} nor 16 hexadecimal digits"
        )
    return name


class TenantKey(ContractModel):
    """A key as it is kept. `id` is the beginning of its hash: it names the key in lists, commands and the audit log."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None

    @property
    def id(self) -> str:
        """What people call the key."""
        return key_id(self.sha256)

    def is_live(self, now: datetime) -> bool:
        """Whether it still opens anything."""
        return self.expires_at is None or now < self.expires_at


class Tenant(ContractModel):
    """Who calls: its name is the owner of its jobs and sources.

    Attributes:
        keys: several are good at the same time while one takes the place of another.
        scopes: of all of its keys.
        requests_per_minute: 0 for no limit; None for that of the service. So is `jobs_at_once`.
        retention_s: seconds for which uploads (since their last use), results and records of jobs are kept; None for
            those of the service.
    """

    name: str
    keys: tuple[TenantKey, ...] = ()
    scopes: frozenset[KeyScope] = TENANTS_OWN
    requests_per_minute: NonNegativeInt | None = None
    jobs_at_once: NonNegativeInt | None = None
    retention_s: PositiveInt | None = None

    def key(self, sha256: str) -> TenantKey | None:
        """The live key of this hash."""
        now = datetime.now(UTC)
        return next((one for one in self.keys if one.sha256 == sha256 and one.is_live(now)), None)

    def has_live_key(self) -> bool:
        """Whether anybody can still call in its name."""
        now = datetime.now(UTC)
        return any(one.is_live(now) for one in self.keys)

    def terms(self, jobs_at_once: int) -> Terms:
        """What holds for its jobs; `jobs_at_once` is the limit of the service."""
        own = self.jobs_at_once
        return Terms(jobs_at_once=jobs_at_once if own is None else own, retention_s=self.retention_s)

    def with_key(self, key: TenantKey) -> "Tenant":
        """The tenant with one more key, and without those that have ended."""
        now = datetime.now(UTC)
        live = tuple(one for one in self.keys if one.is_live(now))
        return self.model_copy(update={"keys": (*live, key)})

    def ending(self, ids: Iterable[str], at: datetime) -> "Tenant":
        """The tenant with the keys of these ids ending at a time, or earlier where they would have."""
        chosen = set(ids)
        keys = tuple(
            key.model_copy(update={"expires_at": min(at, key.expires_at or at)}) if key.id in chosen else key
            for key in self.keys
        )
        return self.model_copy(update={"keys": keys})


class ManagedTenant(Tenant):
    """A tenant that the command manages: its name is checked."""

    name: Annotated[str, AfterValidator(check_name)]


def new_key() -> tuple[str, TenantKey]:
    """A key to be handed over once, and what is kept of it."""
    text = PREFIX + secrets.token_urlsafe(32)
    return text, TenantKey(sha256=key_digest(text), created_at=datetime.now(UTC))


def key_digest(text: str) -> str:
    """SHA-256 of a key, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def key_id(sha256: str) -> str:
    """What people call the key of a hash."""
    return sha256[:_ID_LENGTH]


def configured_tenant(text: str) -> Tenant:
    """The tenant of a key of PORTRAIT_API_KEYS: named by its fingerprint, with all scopes but `admin`."""
    key = TenantKey(sha256=key_digest(text), created_at=datetime.now(UTC))
    return Tenant(name=owner_of(text), keys=(key,))


EVERYBODY = Tenant(name=ANONYMOUS)
"""Who calls where no key is asked for."""
