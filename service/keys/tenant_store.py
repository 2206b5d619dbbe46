"""Tenants in Redis: every process of the API sees a change with the next request."""

from collections.abc import Callable
from typing import cast

import redis

from service.keys.tenant import ManagedTenant, Tenant
from workers.contract.keys import key

_TENANTS = key("tenants")  # name -> document
_KEYS = key("tenant-keys")  # SHA-256 of a key -> name


class TenantStore:
    """All tenants of one Redis. A tenant's document is what counts; the index of keys only finds it."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def all(self) -> list[Tenant]:
        """Every tenant, by name."""
        raw = cast(dict[bytes, bytes], self._redis.hgetall(_TENANTS))
        return sorted(map(ManagedTenant.model_validate_json, raw.values()), key=lambda tenant: tenant.name)

    def names(self) -> list[str]:
        """Of every tenant."""
        return [name.decode() for name in cast(list[bytes], self._redis.hkeys(_TENANTS))]

    def get(self, name: str) -> Tenant | None:
        """The tenant of this name."""
        raw = cast(bytes | None, self._redis.hget(_TENANTS, name))
        return None if raw is None else ManagedTenant.model_validate_json(raw)

    def find(self, sha256: str) -> Tenant | None:
        """The tenant that may have the key of this hash: whether it still has is in its document."""
        name = cast(bytes | None, self._redis.hget(_KEYS, sha256))
        return None if name is None else self.get(name.decode())

    def change(self, name: str, changed: Callable[[Tenant | None], Tenant | None]) -> None:
        """Replace a tenant by what `changed` makes of it, None standing for no tenant; of two at once none is lost."""

        def replace(pipe: "redis.client.Pipeline") -> None:
            raw = cast(bytes | None, pipe.hget(_TENANTS, name))
            before = None if raw is None else ManagedTenant.model_validate_json(raw)
            after = changed(before)
            pipe.multi()
            for one in before.keys if before else ():
                pipe.hdel(_KEYS, one.sha256)
            if after is None:
                pipe.hdel(_TENANTS, name)
                return
            pipe.hset(_TENANTS, name, after.model_dump_json())
            for one in after.keys:
                pipe.hset(_KEYS, one.sha256, name)

        self._redis.transaction(replace, _TENANTS)
