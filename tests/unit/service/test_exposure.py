"""Who may be served without a key."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from service.errors import OpenToStrangersError
from service.exposure import check_exposure
from service.server import Server
from service.settings import ApiSettings

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_needs_no_key(host: str) -> None:
    check_exposure(ApiSettings(host=host))
    check_exposure(ApiSettings(host="0.0.0.0", published_host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "host.invalid"])
def test_beyond_it_nobody_is_served_by_accident(host: str) -> None:
    with pytest.raises(OpenToStrangersError, match=r"PORTRAIT_API_KEYS.*PORTRAIT_ALLOW_ANONYMOUS"):
        Server(ApiSettings(host=host))
    check_exposure(ApiSettings(host=host, api_keys=(SecretStr("x"),)))
    check_exposure(ApiSettings(host=host, allow_anonymous=True))


@pytest.mark.parametrize("published_host", ["0.0.0.0", "[::]", "192.0.2.1"])
def test_a_published_port_counts_as_listening(published_host: str) -> None:
    with pytest.raises(OpenToStrangersError):
        check_exposure(ApiSettings(host="127.0.0.1", published_host=published_host))


def test_an_ipv6_address_may_be_in_brackets() -> None:
    check_exposure(ApiSettings(host="0.0.0.0", published_host="[::1]"))


def test_the_embedded_stack_refuses_before_it_starts_anything(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTRAIT_")}
    environment |= {"PYTHONPATH": str(ROOT), "PORTRAIT_HOST": "0.0.0.0", "PORTRAIT_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "service.embedded"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert "PORTRAIT_API_KEYS" in ended.stderr
    assert not (tmp_path / "data").exists()
