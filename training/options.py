"""Options as dataclasses, and command lines made of them: a new loss weight is one new field in one file."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import typer
from pydantic import JsonValue

T = TypeVar("T")


def option(
    default: Any = MISSING,
    help: str = "",  # noqa: A002  (typer's own name for it)
    *,
    least: float | None = None,
    most: float | None = None,
    recorded: bool = True,
    name: str | None = None,
) -> Any:
    """A field of an options dataclass that is also an option of the command line.

    Args:
        help: what it means; a subclass that only changes the default inherits it.
        least, most: bounds that the command line checks.
        recorded: whether it is part of a run's record. What cannot change the result (threads, logging) is not.
        name: of the command line option, where it is not the field's.
    """
    about = {"help": help, "min": least, "max": most, "recorded": recorded, "name": name}
    return field(default=default, metadata={key: value for key, value in about.items() if value not in ("", None)})


@dataclass(frozen=True)
class TrainingOptions:
    """What every training has.

    Attributes:
        steps: optimiser steps in all; a resumed run counts the ones it has made.
        batch_size: examples a step.
        learning_rate: of the optimiser, at full speed.
        seed: of the first weights and of what is drawn.
        log_every, save_every: steps.
        resume_with_changes: go on although options or data differ from the run's record, and record the change.
    """

    steps: int = option(help="Length of the run, in optimiser steps.", least=1)
    batch_size: int = option(help="Examples a step.", least=1)
    learning_rate: float = option(help="The optimiser's, at full speed.", least=0)
    seed: int = option(0, "Of the first weights and of what is drawn.", least=0)
    log_every: int = option(100, "Steps between two lines of log.jsonl.", least=1, recorded=False)
    save_every: int = option(500, "Steps between two saved states.", least=1, recorded=False)
    resume_with_changes: bool = option(
        False, "Resume although options or data differ from the run's record; run.json keeps both.", recorded=False
    )


class Changes(dict[str, Any]):
    """Fields of an options dataclass that a command line changes, by name. A command's parameter
    `Annotated[Changes, Kind]` takes those of `Kind`."""


def recorded(*options: object) -> dict[str, JsonValue]:
    """Every option by name, nested dataclasses laid flat; paths are left out: a run's record digests what they hold."""
    found: dict[str, JsonValue] = {}
    for one in options:
        hints = get_type_hints(type(one))
        for entry in fields(one):  # type: ignore[arg-type]
            value, hint = getattr(one, entry.name), hints[entry.name]
            if is_dataclass(value):
                found |= recorded(value)
            elif Path not in (hint, *get_args(hint)) and _metadata(type(one), entry.name).get("recorded", True):
                found[entry.name] = list(value) if isinstance(value, tuple) else value
    return found


def with_options(command: Callable[..., T]) -> Callable[..., T]:
    """A typer command whose parameters that are dataclasses, or `Changes` of one, become an option for each field.

    Raises TypeError where two of them have a field of the same name.
    """
    hints = get_type_hints(command, include_extras=True)
    grouped: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    changed = {
        name: hint.__metadata__[0] for name, hint in hints.items() if getattr(hint, "__origin__", None) is Changes
    }
    own = [
        parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(command).parameters.values()
        if parameter.name not in grouped | changed
    ]
    made = [parameter for kind in grouped.values() for parameter in parameters(kind)]
    made += [parameter for kind in changed.values() for parameter in parameters(kind, optional=True)]
    names = [parameter.name for parameter in (*own, *made)]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise TypeError(f"{command.__name__}: two options are called {', '.join(sorted(repeated))}")

    @functools.wraps(command)
    def run(**given: Any) -> T:
        groups: dict[str, Any] = {name: built(kind, given) for name, kind in grouped.items()}
        for name, kind in changed.items():
            names = [parameter.name for parameter in parameters(kind)]
            groups[name] = Changes({key: given[key] for key in names if given[key] is not None})
        rest = {parameter.name: given[parameter.name] for parameter in own}
        return command(**rest, **groups)

    # Options without a default come first: a signature allows no others.
    ordered = sorted((*own, *made), key=lambda parameter: parameter.default is not inspect.Parameter.empty)
    run.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
    return run


def parameters(kind: Any, *, optional: bool = False) -> Iterator[inspect.Parameter]:
    """A command line parameter for each field of a dataclass, and of the dataclasses in it.

    Args:
        optional: each defaults to None: something else decides then.
    """
    hints = get_type_hints(kind)
    for entry in fields(kind):
        hint = hints[entry.name]
        if is_dataclass(hint):
            yield from parameters(hint, optional=optional)
            continue
        about = _metadata(kind, entry.name)
        if not about:
            continue  # a field for callers in Python
        shown = typer.Option(
            *([about["name"]] if "name" in about else []),
            help=about["help"],
            min=about.get("min"),
            max=about.get("max"),
        )
        default = None if optional else inspect.Parameter.empty if entry.default is MISSING else entry.default
        taken: Any = hint | None if optional else hint
        annotation: Any = Annotated[taken, shown]
        yield inspect.Parameter(entry.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def built(kind: Callable[..., T], given: Mapping[str, Any]) -> T:
    """The dataclass of that kind with its fields, and those of the dataclasses in it, taken from `given` by name."""
    hints = get_type_hints(kind)
    values = {
        entry.name: built(hints[entry.name], given) if is_dataclass(hints[entry.name]) else given[entry.name]
        for entry in fields(kind)  # type: ignore[arg-type]
        if is_dataclass(hints[entry.name]) or entry.name in given
    }
    return kind(**values)


def _metadata(kind: type, name: str) -> dict[str, Any]:
    """A field's metadata in its class and, where that has less, in the classes that it extends."""
    metadata: dict[str, Any] = {}
    for one in reversed(kind.__mro__):
        known: dict[str, Field[Any]] = vars(one).get("__dataclass_fields__", {})
        if name in known:
            metadata |= known[name].metadata
    return metadata
