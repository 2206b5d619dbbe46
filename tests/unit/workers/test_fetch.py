"""Fetching files from hosts that are not ours, and what those may not do to us."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.web_server import web_server
from workers.contract.errors import FetchError
from workers.contract.outside.policy import HostPolicy
from workers.fetch import fetch

PHOTO = bytes(range(256)) * 1000
INSIDE = HostPolicy("files by URL", "PORTRAIT_FETCH", ("127.0.0.1", "listed.invalid"), (ip_network("127.0.0.0/8"),))


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with web_server({"/photo.jpg": PHOTO}) as address:
        yield address


def fetched(url: str, folder: Path, policy: HostPolicy = INSIDE, **limits: Any) -> bytes:
    path = folder / "file"
    fetch(policy, url, path, **{"most_bytes": 2**20, "seconds": 5, "check": lambda: None} | limits)
    return path.read_bytes()


def test_a_file_comes_also_by_a_redirect(web: str, tmp_path: Path) -> None:
    assert fetched(f"{web}/photo.jpg", tmp_path) == PHOTO
    assert fetched(f"{web}/to?/photo.jpg", tmp_path) == PHOTO
    assert fetched(f"{web}/to?{web}/photo.jpg?a=b", tmp_path) == PHOTO


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/missing", "answered 404"),
        ("/loop", "more than 3 times"),
        ("/nowhere", "to nowhere"),
        ("/to?https://elsewhere.invalid/photo.jpg", "none of the hosts of PORTRAIT_FETCH_HOSTS"),
        ("/to?file:///etc/passwd", "must be a URL that begins"),
        ("/endless", "more than 1,048,576 bytes"),
        ("/long", "more than 1,048,576 bytes"),
        ("/short", "broke off after 4 of 8 bytes"),
        ("/zipped", "compressed"),
        ("/mute", "did not answer"),
    ],
)
def test_what_goes_wrong_has_its_sentence(web: str, tmp_path: Path, path: str, reason: str) -> None:
    with pytest.raises(FetchError, match=reason):
        fetched(web + path, tmp_path)


def test_it_takes_so_long_and_no_longer(web: str, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"within 0\.5 s"):
        fetched(f"{web}/drip", tmp_path, seconds=0.5)


@pytest.mark.parametrize("path", ["/endless", "/drip"])
def test_who_waits_may_stop_it(web: str, tmp_path: Path, path: str) -> None:
    def stop() -> None:
        raise KeyError("cancelled")

    with pytest.raises(KeyError):
        fetched(web + path, tmp_path, check=stop)


@pytest.mark.parametrize("url", ["https://127.0.0.1/a", "https://0x7f.1/a", "https://2130706433/a", "https://[::1]/a"])
def test_no_private_address_and_no_word_of_it(tmp_path: Path, url: str) -> None:
    hosts = ("127.0.0.1", "0x7f.1", "2130706433", "::1")
    with pytest.raises(FetchError, match="may not be reached") as refused:
        fetched(url, tmp_path, HostPolicy("files by URL", "PORTRAIT_FETCH", hosts, ()))
    assert "private" not in str(refused.value)


def test_the_address_that_was_checked_is_the_one_that_is_used(
    web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that stands for another address at each look is looked up once."""
    looks: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        looks.append(host)
        address = "127.0.0.1" if len(looks) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    connected: list[str] = []

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        connected.append(address[0])
        plain = socket.socket()
        plain.connect(address)
        return plain

    monkeypatch.setattr("workers.contract.outside.connection.socket.getaddrinfo", resolve)
    monkeypatch.setattr("workers.contract.outside.connection.socket.create_connection", connect)
    assert fetched(web.replace("127.0.0.1", "listed.invalid") + "/photo.jpg", tmp_path) == PHOTO
    assert (looks, connected) == (["listed.invalid"], ["127.0.0.1"])
