"""The command that manages tenants, in Redis or in a file. A key is shown once: what is kept is its hash."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis
from pydantic import ValidationError

from service.audit import AuditEntry, AuditLog
from service.errors import KeysFileError
from service.keys.tenant import OPERATOR, TENANTS_OWN, KeyScope, ManagedTenant, Tenant, new_key
from service.keys.tenant_file import TenantFile
from service.keys.tenant_store import TenantStore
from service.settings import ApiSettings
from workers.contract.blobs import BlobStore
from workers.contract.connection import connect
from workers.contract.erasure import Eraser
from workers.contract.errors import MissingPackageError
from workers.contract.queue import JobQueue
from workers.contract.settings import comma_separated
from workers.contract.sources import SourceRegistry
from workers.contract.store import JobStore

_DAY_S = 24 * 3600
_NUMBERS = {
    "requests-per-minute": "that upload or start work; 0: no limit",
    "jobs-at-once": "that may wait or run; 0: no limit",
    "retention-s": "seconds for which uploads, results and records of jobs are kept",
}


@dataclass(frozen=True)
class _Work:
    """What the commands work on."""

    settings: ApiSettings
    client: "redis.Redis"
    store: TenantStore | TenantFile


class KeysCommandError(Exception):
    """What cannot be done, in a sentence that says what to change."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit status: 0, or 1 after an error, which goes to stderr."""
    given = _parser().parse_args(arguments)
    settings = ApiSettings()
    path = given.file or settings.keys_file
    try:
        with connect(settings.redis_url) as client:
            work = _Work(settings, client, TenantStore(client) if path is None else TenantFile(path))
            given.run(work, given)
            if given.run is not _list:
                _audit(work, given)
    except ValidationError as error:
        return _failed("; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors()))
    except redis.RedisError as error:
        return _failed(f"Redis does not answer: {error}")
    except (KeysCommandError, KeysFileError, MissingPackageError, OSError) as error:
        return _failed(str(error))
    if path is None and not settings.keys_required:
        print("note: the API asks for keys only with PORTRAIT_REQUIRE_KEYS=true", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m service.keys", description=__doc__)
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--file", type=Path, help="the file of tenants ($PORTRAIT_KEYS_FILE); without one they are in Redis"
    )
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    create = commands.add_parser("create", help="a new tenant, and its first key", parents=[where])
    change = commands.add_parser("set", help="change what a tenant may do", parents=[where])
    for command, run in ((create, _create), (change, _set)):
        command.add_argument("name")
        _add_terms(command)
        command.set_defaults(run=run)
    rotate = commands.add_parser("rotate", help="a new key; the tenant's others end after a while", parents=[where])
    rotate.add_argument("name")
    rotate.add_argument("--grace", type=int, default=_DAY_S, metavar="SECONDS", help="until they do (a day)")
    rotate.set_defaults(run=_rotate)
    revoke = commands.add_parser("revoke", help="end keys of a tenant at once", parents=[where])
    revoke.add_argument("name")
    revoke.add_argument("--key", metavar="ID", help="this one alone; `list` shows its id")
    revoke.set_defaults(run=_revoke)
    remove = commands.add_parser("remove", help="end a tenant, and erase everything of its own", parents=[where])
    remove.add_argument("name")
    remove.set_defaults(run=_remove)
    commands.add_parser("list", help="all tenants and the ids of their keys", parents=[where]).set_defaults(run=_list)
    return root


def _add_terms(command: argparse.ArgumentParser) -> None:
    scopes = ",".join(sorted(TENANTS_OWN))
    command.add_argument("--scopes", type=comma_separated, help=f"of {','.join(KeyScope)} ({scopes})")
    for option, meaning in _NUMBERS.items():
        command.add_argument(f"--{option}", type=_number, metavar="N", help=f"{meaning}; service: that of the service")


def _number(text: str) -> int | str:
    return text if text == "service" else int(text)


def _terms(given: argparse.Namespace) -> dict[str, Any]:
    """What was given of a tenant's terms; None stands for those of the service."""
    found: dict[str, Any] = {"scopes": given.scopes}
    found |= {name: getattr(given, name) for name in (option.replace("-", "_") for option in _NUMBERS)}
    return {name: None if value == "service" else value for name, value in found.items() if value is not None}


def _checked(tenant: Tenant, changes: dict[str, Any]) -> Tenant:
    return ManagedTenant.model_validate(tenant.model_dump() | changes)


def _create(work: _Work, given: argparse.Namespace) -> None:
    text, key = new_key()

    def create(before: Tenant | None) -> Tenant:
        if before is not None:
            raise KeysCommandError(f"There is a tenant {given.name} already; `rotate` gives it another key.")
        return _checked(Tenant(name=given.name), _terms(given)).with_key(key)

    work.store.change(given.name, create)
    _show_once(given.name, text, key.id)


def _set(work: _Work, given: argparse.Namespace) -> None:
    work.store.change(given.name, lambda before: _checked(_known(before, given), _terms(given)))


def _rotate(work: _Work, given: argparse.Namespace) -> None:
    text, key = new_key()
    end = datetime.now(UTC) + timedelta(seconds=given.grace)

    def rotate(before: Tenant | None) -> Tenant:
        tenant = _known(before, given)
        return tenant.ending([one.id for one in tenant.keys], end).with_key(key)

    work.store.change(given.name, rotate)
    _show_once(given.name, text, key.id)


def _revoke(work: _Work, given: argparse.Namespace) -> None:
    def revoke(before: Tenant | None) -> Tenant:
        tenant = _known(before, given)
        ids = [one.id for one in tenant.keys if given.key in (None, one.id)]
        if not ids:
            raise KeysCommandError(f"{given.name} has no key {given.key or 'at all'}; `list` shows the ids.")
        return tenant.ending(ids, datetime.now(UTC))

    work.store.change(given.name, revoke)


def _remove(work: _Work, given: argparse.Namespace) -> None:
    def remove(before: Tenant | None) -> None:
        _known(before, given)

    work.store.change(given.name, remove)  # first, so that it sends nothing meanwhile
    blobs = BlobStore(work.settings.storage_url, work.client)
    store, queue = JobStore(work.client, work.settings), JobQueue(work.client, work.settings)
    sources = SourceRegistry(work.client, blobs, work.settings)
    erased = Eraser(work.client, store, queue, blobs, sources).erase_owner(given.name)
    print(
        f"erased {erased.jobs} jobs, {erased.batches} batches, {erased.motions} motions and {erased.files} files "
        f"of {given.name}"
    )


def _list(work: _Work, _: argparse.Namespace) -> None:
    for tenant in work.store.all():
        limits = {
            "requests/min": tenant.requests_per_minute,
            "jobs at once": tenant.jobs_at_once,
            "kept": None if tenant.retention_s is None else f"{tenant.retention_s} s",
        }
        terms = "".join(f", {name} {value}" for name, value in limits.items() if value is not None)
        print(f"{tenant.name}: {','.join(sorted(tenant.scopes))}{terms}")
        now = datetime.now(UTC)
        for key in tenant.keys:
            if key.expires_at is None:
                end = ""
            else:
                end = f", {'ends' if key.is_live(now) else 'ended'} {key.expires_at:%Y-%m-%d %H:%M:%S}Z"
            print(f"  {key.id}, made {key.created_at:%Y-%m-%d %H:%M:%S}Z{end}")


def _audit(work: _Work, given: argparse.Namespace) -> None:
    entry = AuditEntry(
        at=datetime.now(UTC),
        tenant=OPERATOR,
        key_id=None,
        action=f"keys {given.run.__name__.removeprefix('_')}",
        resource=given.name,
        status=None,
        request_id=None,
    )
    AuditLog(work.client, work.settings.audit_entries).write(entry)


def _known(tenant: Tenant | None, given: argparse.Namespace) -> Tenant:
    if tenant is None:
        raise KeysCommandError(f"There is no tenant {given.name}; `list` shows them, `create` makes one.")
    return tenant


def _show_once(name: str, text: str, key_id: str) -> None:
    """The key alone on stdout, for programs."""
    print(text)
    print(f"key {key_id} of {name}; it is shown this once", file=sys.stderr)


def _failed(reason: str) -> int:
    print(f"python -m service.keys: {reason}", file=sys.stderr)
    return 1
