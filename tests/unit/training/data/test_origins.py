"""Nothing is taken without a source and a licence; nobody is in both splits."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import TrainingDataError
from training.data.origins import inputs, split_people


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.JPG", "ann/1.png", "ann/2.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def test_a_folder_below_is_a_person(folder: Path) -> None:
    found = inputs(folder, ["jpg", "png"], "me", "CC0-1.0")
    assert [(one.name, one.identity, one.licence) for one in found] == [
        ("a.JPG", "", "CC0-1.0"),
        ("ann/1.png", "me/ann", "CC0-1.0"),
        ("ann/2.png", "me/ann", "CC0-1.0"),
    ]


def test_a_table_says_more(folder: Path) -> None:
    table = folder / "sources.csv"
    table.write_text("file,source,licence,identity\nann/2.png,archive,CC-BY-4.0,7\na.JPG,me,CC0-1.0,\n")
    found = inputs(folder, ["jpg", "png"], "ignored", "ignored")
    assert [(one.name, one.source, one.identity) for one in found] == [
        ("ann/2.png", "archive", "archive/7"),
        ("a.JPG", "me", ""),
    ]
    for rows, message in (("none.png,me,CC0,", "not there"), ("a.JPG,me,,", "no licence")):
        table.write_text(f"file,source,licence,identity\n{rows}\n")
        with pytest.raises(TrainingDataError, match=message):
            inputs(folder, ["jpg", "png"], None, None)


def test_files_of_unknown_origin_are_refused(folder: Path) -> None:
    with pytest.raises(TrainingDataError, match="--source and --licence"):
        inputs(folder, ["jpg"], "me", None)
    with pytest.raises(TrainingDataError, match=r"ends in \.webp"):
        inputs(folder, ["webp"], "me", "CC0-1.0")


def test_later_people_change_nobodys_split() -> None:
    people = [f"person {number}" for number in range(400)]
    split = split_people(people, 0.1, {})
    assert 20 <= sum(part == "test" for part in split.values()) <= 60
    more = split_people([*people, "late"], 0.1, split)
    assert {person: more[person] for person in people} == split
    assert sorted(split_people(["a", "b"], 0.01, {}).values()) == ["test", "train"], "somebody is held out"
    assert split_people(["a"], 0.01, {}) == {"a": "train"}
    assert set(split_people(["a", "b"], 0, {}).values()) == {"train"}
    assert split_people(["a", "b"], 0.01, {"a": "test"}) == {"a": "test", "b": "train"}
