"""GET /: the page and its files, as the server sends them; tests/e2e/studio has what they do in a browser."""

import re
from urllib.parse import urljoin

import httpx
import pytest

from tests.integration.api.conftest import assert_problem

pytestmark = pytest.mark.integration


def addresses(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="((?!#|docs)[^"]+)"', page)


@pytest.mark.parametrize("path", ["/", "/v1/"])
def test_the_page_and_its_files_come_from_this_server(api: httpx.Client, path: str) -> None:
    page = api.get(path)
    assert page.headers["content-type"].startswith("text/html")
    files = addresses(page.text)
    assert len(files) > 5
    for file in files:
        answer = api.get(urljoin(str(page.url), file))
        assert answer.status_code == 200, file
        assert "immutable" in answer.headers["cache-control"], "its address changes with it"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_modules_are_served_as_javascript_and_import_what_is_there(api: httpx.Client) -> None:
    page = api.get("/")
    [main] = [urljoin(str(page.url), file) for file in addresses(page.text) if file.endswith(".js")]
    seen, waiting = set(), [main]
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        seen.add(url)
        module = api.get(url)
        assert (module.status_code, module.headers["content-type"]) == (200, "text/javascript; charset=utf-8"), url
        waiting += [
            urljoin(url, name) for name in re.findall(r'^import .* from "([^"]+)";$', module.text, re.MULTILINE)
        ]
    assert len(seen) > 20


def test_the_policy_lets_only_this_servers_files_run(api: httpx.Client) -> None:
    headers = api.get("/").headers
    policy = dict(entry.split(" ", 1) for entry in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert not {"unsafe", "http:", "https:", "*"} & set(re.split(r"[-' ]", headers["content-security-policy"]))
    assert headers["cache-control"] == "no-cache", "so that a new version is seen"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("name", ["js/none.js", "..%2Fapp.py", "", "index.html"])
def test_what_is_no_file_of_the_page_is_not_found(api: httpx.Client, name: str) -> None:
    page = api.get("/")
    folder = urljoin(str(page.url), addresses(page.text)[0]).split("/icons/")[0]
    assert_problem(api.get(f"{folder}/{name}"), 404, "not_found")


def test_files_of_another_version_are_not_found(api: httpx.Client) -> None:
    assert_problem(api.get("/studio/000000000000/js/main.js"), 404, "not_found")
