"""Command lines made of dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from training.options import Changes, TrainingOptions, option, recorded, with_options


@dataclass(frozen=True)
class Weights:
    edge_weight: float = option(2.0, "Weight of edges.", least=0)


@dataclass(frozen=True)
class Options(TrainingOptions):
    steps: int = option(7)
    batch_size: int = option(3, "Things a step.")
    learning_rate: float = option(0.5)
    folder: Path | None = option(None, "Somewhere.")
    betas: tuple[float, float] = option((0.5, 0.9), "Adam's.")
    fast: bool = option(default=False, help="Hurry.", name="--fast")
    losses: Weights = Weights()


def called(*arguments: str, optional: bool = False) -> tuple[int, str, list[Any]]:
    """Exit status, output, and what the command was called with."""
    app, calls = typer.Typer(), []

    if optional:

        @app.command()
        @with_options
        def command(changes: Annotated[Changes, Options], name: str = "x") -> None:
            calls.append((changes, name))
    else:

        @app.command()
        @with_options
        def command(options: Options, name: str = "x") -> None:
            calls.append((options, name))

    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "NO_COLOR": "1"})
    return result.exit_code, result.output, calls


def test_each_field_is_an_option_with_the_default_of_the_dataclass() -> None:
    assert called()[2] == [(Options(), "x")]
    _, _, calls = called("--steps", "9", "--edge-weight", "0.5", "--betas", "0.1", "0.2", "--fast", "--name", "y")
    assert calls == [(Options(9, betas=(0.1, 0.2), fast=True, losses=Weights(0.5)), "y")]


def test_help_is_inherited_and_bounds_are_checked() -> None:
    _, shown, _ = called("--help")
    assert "Length of the run, in optimiser steps." in shown
    assert "Things a step." in shown
    assert "Weight of edges." in shown
    status, shown, calls = called("--edge-weight", "-1")
    assert (status, calls) == (2, [])
    assert "edge-weight" in shown


def test_changes_hold_what_was_given_alone() -> None:
    assert called(optional=True)[2] == [({}, "x")]
    _, _, calls = called("--edge-weight", "0.5", "--seed", "3", optional=True)
    assert calls == [({"edge_weight": 0.5, "seed": 3}, "x")]


def test_a_record_has_every_option_that_changes_the_result() -> None:
    options = Options(folder=Path("somewhere"), resume_with_changes=True)
    assert recorded(options) == {
        "steps": 7,
        "batch_size": 3,
        "learning_rate": 0.5,
        "seed": 0,
        "betas": [0.5, 0.9],
        "fast": False,
        "edge_weight": 2.0,
    }


def test_two_options_of_one_name_are_a_mistake() -> None:
    def command(options: Options, edge_weight: float = 1.0) -> None:
        raise NotImplementedError

    with pytest.raises(TypeError, match="edge_weight"):
        with_options(command)
