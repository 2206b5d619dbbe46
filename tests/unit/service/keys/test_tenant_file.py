"""Tenants in a file: rotated while the service runs, and never half written."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.errors import KeysFileError
from service.keys.tenant import KeyScope, ManagedTenant, Tenant, key_digest, new_key
from service.keys.tenant_file import TenantFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def tenant(name: str = "acme") -> tuple[str, Tenant]:
    text, key = new_key()
    return text, ManagedTenant(name=name, keys=(key,))


def test_a_key_is_kept_as_its_hash_alone(path: Path) -> None:
    text, acme = tenant()
    TenantFile(path).change("acme", lambda _: acme)
    assert text not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert TenantFile(path).find(key_digest(text)) == acme


def test_what_others_write_is_seen(path: Path) -> None:
    reader, writer = TenantFile(path), TenantFile(path)
    (text, acme), (_, other) = tenant(), tenant("other")
    for one in (acme, other):
        writer.change(one.name, lambda _, one=one: one)
    assert reader.names() == ["acme", "other"]
    writer.change("acme", lambda before: before and before.model_copy(update={"scopes": frozenset({KeyScope.READ})}))
    found = reader.get("acme")
    assert found is not None
    assert found.scopes == {"read"}
    writer.change("acme", lambda _: None)
    assert reader.find(key_digest(text)) is None
    assert reader.names() == ["other"]


def test_a_broken_file_ends_the_start_and_changes_nothing_later(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _, acme = tenant()
    TenantFile(path).change("acme", lambda _: acme)
    running = TenantFile(path)
    path.write_text('{"tenants": [')
    assert running.names() == ["acme"]
    assert running.names() == ["acme"]
    assert [record.levelname for record in caplog.records] == ["ERROR"], "said once"
    with pytest.raises(KeysFileError, match=r"keys\.json"):
        TenantFile(path)


@pytest.mark.parametrize("name", ["", "Acme", "a_b", "1st", "anonymous", "abcdef0123456789", "a" * 41, "ä"])
def test_names_that_would_be_taken_for_others_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="a tenant's name"):
        ManagedTenant(name=name)


def test_keys_end_when_they_are_to(path: Path) -> None:
    (_, acme), now = tenant(), datetime.now(UTC)
    [old] = acme.keys
    _, new = new_key()
    both = acme.ending([old.id], now + timedelta(hours=1)).with_key(new)
    assert both.key(old.sha256) is not None
    assert both.key(new.sha256) == new
    over = both.ending([old.id], now)
    assert over.key(old.sha256) is None
    assert over.ending([old.id], now + timedelta(hours=1)).key(old.sha256) is None, "no end is put off"
    assert over.with_key(new_key()[1]).keys[0] == new, "what has ended is dropped"
