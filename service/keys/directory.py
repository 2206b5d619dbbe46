"""Who a key belongs to: looked up among the configured ones, in the file and in Redis."""

from dataclasses import dataclass
from functools import cached_property

import redis

from service.keys.tenant import EVERYBODY, Tenant, configured_tenant, key_digest, key_id
from service.keys.tenant_file import TenantFile
from service.keys.tenant_store import TenantStore
from service.settings import ApiSettings

SIGNED = "signed"
"""Stands for the id of a key where an address was signed."""


@dataclass(frozen=True)
class Caller:
    """Who makes a request.

    Attributes:
        tenant: whose jobs and sources exist for it.
        key_id: of the key that it came with; None where no key is asked for.
    """

    tenant: Tenant
    key_id: str | None = None


class TenantDirectory:
    """All tenants of a service. Of two with the same name the configured one counts, then that of the file.

    Raises:
        KeysFileError: the file of tenants cannot be read.
    """

    def __init__(self, settings: ApiSettings, client: "redis.Redis") -> None:
        self._settings = settings
        self._store = TenantStore(client)
        self._file = None if settings.keys_file is None else TenantFile(settings.keys_file)

    @cached_property
    def _configured(self) -> dict[str, Tenant]:
        """By the hash of its key."""
        texts = [key.get_secret_value() for key in self._settings.api_keys]
        return {key_digest(text): configured_tenant(text) for text in texts}

    @property
    def required(self) -> bool:
        """Whether requests need a key. The settings alone say so: a Redis that lost its data opens nothing."""
        return self._settings.keys_required

    def caller(self, text: str) -> Caller | None:
        """Whose key it is; None where it is nobody's, or has ended.

        Keys are found by their hash, so that the time taken tells nothing of how nearly one fits.
        """
        sha256 = key_digest(text)
        found = self._configured.get(sha256)
        if found is None and self._file is not None:
            found = self._file.find(sha256)
        if found is None:
            found = self._store.find(sha256)
        if found is None or found.key(sha256) is None:
            return None
        return Caller(found, key_id(sha256))

    def names(self) -> list[str]:
        """Of every tenant."""
        names = [tenant.name for tenant in self._configured.values()]
        names += [] if self._file is None else self._file.names()
        return list(dict.fromkeys(names + self._store.names()))

    def get(self, name: str) -> Tenant:
        """The tenant of this name; one without keys where there is none any more."""
        configured = (tenant for tenant in self._configured.values() if tenant.name == name)
        found = next(configured, None)
        if found is None and self._file is not None:
            found = self._file.get(name)
        return found or self._store.get(name) or Tenant(name=name)

    def everybody(self) -> Caller:
        """Who calls where no key is asked for."""
        return Caller(EVERYBODY)
