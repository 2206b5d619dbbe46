"""Names are the field's terms, and a class name means one thing.

Looked at are identifiers and file names: what a reader has to look up. Prose is free. A word that once had a meaning of
its own here is kept out, so that nobody has to learn it again.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

REPLACED = {
    "adopt": "load_init_weights, warm start: weights of another network are loaded",
    "asked": "requested: what a request holds",
    "bars": "thresholds: what a figure is compared with",
    "calmed": "border taper: a flow that falls to zero at the border",
    "couples": "same_identity_pairs: two pictures of one person",
    "hold": "head mask: how far a place moves with the head",
    "listener": "audio input, or callback",
    "london": "smile_pairs: a neutral and a smiling photo of one person",
    "mark": "visible label, or landmark",
    "material": "pair source, training data",
    "matte": "head mask, background mask",
    "nought": "head stage: the training stage before the first",
    "polish": "ridge head, linear head: the last layer, solved in closed form",
    "product": "output file: what a run writes",
    "published": "bfm for the space, pirender for the authors' files, deep3d for their extractor",
    "quiet": "silence, non_speech, idle",
    "readout": "expression head: landmarks to expression weights",
    "refusal": "error, error context",
    "said": "spoken, output, message",
    "share": "fraction, weight, alpha: three different quantities",
    "sniff": "detect media type",
    "told": "given, described, reported",
    "workshop": "corpus builder",
}
"""Old word -> what the field says. Plurals count as the word."""

ALLOWED = {
    "hold": "a parameter of the released weights has this name; renaming it would make them unreadable",
    "mark": "pytest's own attribute",
    "published_at": "when a document appeared in Redis",
    "published_host": "Docker's word for a port that is open to other machines",
    "published_address": "Docker's word for a port that is open to other machines",
}
"""Identifiers that contain such a word in another sense, and why."""

# Names of tests are sentences, in which these are plain verbs: "frames share one square".
PLAIN_IN_SENTENCES = {"hold", "mark", "published", "refusal", "share"}


def python_files(*folders: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *folders],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    return [ROOT / name for name in listed if name.endswith(".py") and (ROOT / name).is_file()]


def words(name: str) -> Iterator[str]:
    """The words of a name in snake_case or CamelCase, in lower case and the singular."""
    for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name):
        lower = word.lower()
        yield lower
        yield lower.removesuffix("s")


def old_words(name: str, *, sentence: bool = False) -> set[str]:
    if name.strip("_") in ALLOWED:
        return set()
    return (REPLACED.keys() & set(words(name))) - (PLAIN_IN_SENTENCES if sentence else set())


def names_of(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every identifier that a file defines or uses, and its line."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.alias(name=name, asname=other):
                yield from ((part, node.lineno) for part in (name.rpartition(".")[2], other or ""))
            case _:
                pass


def found_in(source: str) -> list[str]:
    return [
        f"{line}: {name} ({word}: say {REPLACED[word]})"
        for name, line in names_of(ast.parse(source))
        for word in sorted(old_words(name, sentence=name.startswith("test_")))
    ]


def test_no_identifier_or_file_has_a_replaced_word() -> None:
    found = []
    for path in python_files():
        place = path.relative_to(ROOT)
        found += [f"{place}:{hit}" for hit in found_in(path.read_text())]
        found += [
            f"{place} ({word}: say {REPLACED[word]})"
            for part in place.with_suffix("").parts
            if not part.startswith("test_")
            for word in old_words(part)
        ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "motion_share = 1",
        "def f(asked): ...",
        "class CpuShare: ...",
        "x.refusals",
        "f(product='a')",
        "import a.readout",
    ],
)
def test_an_old_word_is_noticed_wherever_it_stands(source: str) -> None:
    assert len(found_in(source)) == 1


def test_an_allowance_is_used() -> None:
    used = {name.strip("_") for path in python_files() for name, _ in names_of(ast.parse(path.read_text()))}
    assert used >= ALLOWED.keys()


def test_a_class_name_means_one_thing() -> None:
    """The client is left out: it has its own typed mirrors of the API's documents, under the API's names."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in python_files("service", "workers", "models", "datasets", "training", "evaluation", "benchmarks"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not {name: where for name, where in places.items() if len(where) > 1}
