"""What the documents promise is there: commands, paths, settings, and requests that the API accepts."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.coefficients import ARKIT
from workers.contract.kinds.controls import Controls, check_controls
from workers.contract.kinds.edit import EditOptions
from workers.contract.kinds.reenact import ReenactOptions
from workers.contract.kinds.talk import TalkOptions

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/*.md")])
CURL_PAGES = [ROOT / "README.md", ROOT / "docs" / "api.md"]
TREES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md"]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(document: Path, language: str) -> list[str]:
    """The fenced code blocks of one language."""
    text = document.read_text(encoding="utf-8")
    fenced: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [code for written_in, code in fenced if written_in == language]


def tree_paths(document: Path) -> Iterator[str]:
    """Paths of the annotated tree: two spaces of indentation a level, folders end in a slash."""
    [tree] = [block for block in blocks(document, "") if "\nservice/" in f"\n{block}"]
    parents: list[str] = []
    for line in tree.splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        parents[depth:] = [name]
        yield "".join(parents)


@pytest.mark.parametrize(
    ("page", "written_by"),
    [
        ("settings.md", "settings_page"),
        ("sliders.md", "sliders_page"),
        ("errors.md", "errors_page"),
        ("warnings.md", "warnings_page"),
    ],
)
def test_reference_page_follows_the_code(page: str, written_by: str) -> None:
    write = runpy.run_path(str(ROOT / "docs" / "reference.py"))[written_by]
    expected = write(ARKIT) if page == "sliders.md" else write()
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == expected, "run `make docs`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_files_of_the_project_that_are_named_are_there(document: Path) -> None:
    rooms = "|".join(sorted({path.partition("/")[0] for path in tree_paths(ROOT / "README.md")}))
    paths = re.findall(rf"`((?:{rooms})/[\w./-]*)`", document.read_text(encoding="utf-8"))
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = document.read_text(encoding="utf-8")
    commands = [*re.findall(r"`make ([^`]*)`", text), *re.findall(r"^make ([^#\n]*)", text, re.MULTILINE)]
    promised = {word for command in commands for word in command.split() if re.fullmatch("[a-z-]+", word)}
    assert promised <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_commands_name_modules_and_settings_that_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for module in re.findall(r"python -m ([\w.]+)", text):
        folder = ROOT.joinpath(*module.split("."))
        assert (folder / "__main__.py").exists() or folder.with_suffix(".py").exists(), module
    known = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert {name for name in re.findall(r"PORTRAIT_[A-Z_]+[A-Z]", text) if f"`{name}`" not in known} == set()


@pytest.mark.parametrize("document", TREES, ids=named)
def test_annotated_tree_shows_what_is_there(document: Path) -> None:
    paths = list(tree_paths(document))
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists() or path.endswith("/") != (ROOT / path).is_dir()] == []


def curl_forms() -> Iterator[dict[str, str]]:
    """The form fields of every curl command in the README and on the API's page."""
    for block in [block for page in CURL_PAGES for block in blocks(page, "sh")]:
        if "curl" in block and "--form" in block:
            words = shlex.split(block.replace("\\\n", " "))
            yield dict(words[i + 1].split("=", 1) for i, word in enumerate(words) if word == "--form")


def json_bodies() -> Iterator[dict[str, Any]]:
    """The JSON body that a page pipes into curl, the photo left out."""
    for block in [block for page in CURL_PAGES for block in blocks(page, "sh")]:
        if block.startswith("printf"):
            yield json.loads(shlex.split(block)[1])


def test_curl_examples_are_valid_requests() -> None:
    documents = ("controls", "options")
    requests = [
        *(form | {name: json.loads(form.get(name, "{}")) for name in documents} for form in curl_forms()),
        *(body | {name: body.get(name, {}) for name in documents} for body in json_bodies()),
    ]
    assert len(requests) >= 5
    for request in requests:
        controls = Controls.model_validate_json(json.dumps(request["controls"]))
        assert check_controls(controls, ARKIT.document(), max_clip_seconds=60) == []
        driven = request.keys() & {"driver", "driver_id"}
        options = ReenactOptions if driven else TalkOptions if "audio" in request else EditOptions
        options.model_validate_json(json.dumps(request["options"]))
