"""Tenants in a file: what a secret of the deployment holds, read again when it has changed."""

import logging
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from service.errors import KeysFileError
from service.keys.tenant import ManagedTenant, Tenant
from workers.contract.contract_model import ContractModel

log = logging.getLogger(__name__)


class _Document(ContractModel):
    tenants: tuple[ManagedTenant, ...] = ()


class TenantFile:
    """A JSON file {"tenants": [...]}. Any thread may use it.

    Raises:
        KeysFileError: it cannot be read at the start. Later, what was read last stays, and the log says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: object = None
        self._tenants: dict[str, Tenant] = {}
        self._by_key: dict[str, Tenant] = {}
        self._read(self._stamp())

    def all(self) -> list[Tenant]:
        """Every tenant, by name."""
        self._refresh()
        return [self._tenants[name] for name in sorted(self._tenants)]

    def names(self) -> list[str]:
        """Of every tenant."""
        return [tenant.name for tenant in self.all()]

    def get(self, name: str) -> Tenant | None:
        """The tenant of this name."""
        self._refresh()
        return self._tenants.get(name)

    def find(self, sha256: str) -> Tenant | None:
        """The tenant that has the key of this hash, live or not."""
        self._refresh()
        return self._by_key.get(sha256)

    def change(self, name: str, changed: Callable[[Tenant | None], Tenant | None]) -> None:
        """Replace a tenant by what `changed` makes of it, None standing for no tenant.

        The file is whole at any time.
        """
        tenants = {tenant.name: tenant for tenant in self.all() if tenant.name != name}
        after = changed(self.get(name))
        if after is not None:
            tenants[name] = after
        document = {"tenants": [tenants[one].model_dump(mode="json") for one in sorted(tenants)]}
        text = _Document.model_validate(document).model_dump_json(indent=2) + "\n"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Only its owner may read it.
        with tempfile.NamedTemporaryFile("w", dir=self._path.parent, delete=False) as part:
            part.write(text)
        Path(part.name).replace(self._path)

    def _refresh(self) -> None:
        with self._lock:
            stamp = self._stamp()
            if stamp != self._seen:
                try:
                    self._read(stamp)
                except KeysFileError as error:
                    self._seen = stamp  # said once
                    log.error("the tenants known so far stay: %s", error)

    def _stamp(self) -> object:
        """Another one whenever the file is; None where there is none yet, which is a file without tenants."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self, stamp: object) -> None:
        try:
            document = _Document() if stamp is None else _Document.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError) as error:
            raise KeysFileError(f"PORTRAIT_KEYS_FILE, {self._path}, is no file of tenants: {error}") from error
        self._tenants = {tenant.name: tenant for tenant in document.tenants}
        self._by_key = {key.sha256: tenant for tenant in document.tenants for key in tenant.keys}
        self._seen = stamp
