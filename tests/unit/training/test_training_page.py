"""docs/training.md: every command in it exists, with every option."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

PAGE = Path(__file__).parents[3] / "docs" / "training.md"


def commands() -> list[list[str]]:
    """The words of every `python -m training` or `python -m evaluation` in the page's shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [line[2:] for line in words if line[:2] == ["python", "-m"] and not line[2].startswith("models")]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_a_command_of_the_page_can_be_typed(words: list[str]) -> None:
    module, *rest = words
    command: Any = typer.main.get_command(importlib.import_module(f"{module}.__main__").app)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= options


def test_the_page_walks_the_whole_road() -> None:
    walked = {" ".join(words[:2]) for words in commands()}
    assert {"training data", "training pairs", "training warping", "training export", "evaluation flow"} <= walked
    assert {"training.extractor regressor", "training.audio train"} <= walked
