"""JSON from clients, read within limits: so many values, so deep, and only text that can be written again."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from service.errors import BodyTooLargeError, MalformedBodyError
from workers.contract.invalid_request import InvalidRequestError
from workers.contract.jobs import FieldProblem
from workers.contract.text import BROKEN_TEXT, cut, is_broken

MAX_VALUES = 2**20
"""Objects, lists, numbers, strings of one text; what /extract writes of two minutes of video has half as many."""

MAX_CONTAINERS = 2**16
"""Objects and lists among them: each takes a hundred times the memory of a number."""

MAX_DEPTH = 32

_TOO_DEEP = f"{{what}} is nested deeper than {MAX_DEPTH} levels; send what GET /docs describes."
_BRACKETS = re.compile(r"[\[\]{}]")
_CONTAINERS = frozenset({dict, list})
_SUSPICIOUS = re.compile(r"\\u(?:[dD][89a-fA-F]|00[01]|007[fF])")


def read_json(data: str | bytes, field: str = "") -> Any:
    """Parse a field of a request, or its body where no `field` is named.

    NaN and Infinity pass: the models refuse them with the field's name, which no parser knows.

    Raises:
        MalformedBodyError: it is no JSON in UTF-8, or nested too deeply.
        BodyTooLargeError: it has too many values.
        InvalidRequestError: a key or a string of it cannot be written again.
    """
    what = f"The field {field}" if field else "The body"
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        _check_count(text, what)
        document = json.loads(text)
    except (ValueError, RecursionError) as error:  # JSONDecodeError, UnicodeDecodeError, an endless integer
        raise MalformedBodyError(f"{what} is not valid JSON in UTF-8: {error}.") from error
    if _deeper_than(document, MAX_DEPTH):
        raise MalformedBodyError(_TOO_DEEP.format(what=what))
    if "\\u" in text and _SUSPICIOUS.search(text):  # an emoji's pair is no fault: it has become one character
        problems = [FieldProblem(field=path, message=BROKEN_TEXT) for path in _broken(document, field)]
        if problems:
            raise InvalidRequestError(problems)
    return document


def _check_count(text: str, what: str) -> None:
    """Refuse what would take much time and memory to parse, before it is parsed. Commas in strings count too."""
    containers = text.count("[") + text.count("{")
    values = 1 + text.count(",") + containers
    if values > MAX_VALUES or containers > MAX_CONTAINERS:
        if _opens_deeper_than(text, MAX_DEPTH):
            raise MalformedBodyError(_TOO_DEEP.format(what=what))
        raise BodyTooLargeError(
            f"{what} has {values:,} values, {containers:,} of them objects and lists; at most {MAX_VALUES:,} and "
            f"{MAX_CONTAINERS:,} are read. Send fewer."
        )


def _opens_deeper_than(text: str, depth: int) -> bool:
    """Whether the first brackets of a text that will not be parsed, wherever they stand, go deeper."""
    level = 0
    for bracket in islice(_BRACKETS.finditer(text), MAX_CONTAINERS):
        level += 1 if bracket[0] in "[{" else -1
        if level > depth:
            return True
    return False


def _deeper_than(document: Any, depth: int) -> bool:
    level = [document] if type(document) in _CONTAINERS else []
    for _ in range(depth):
        level = [child for node in level for child in _containers(node)]
    return bool(level)


def _containers(node: Any) -> Iterable[Any]:
    values = node.values() if type(node) is dict else node
    if _CONTAINERS.isdisjoint(map(type, values)):
        return ()
    return [value for value in values if type(value) in _CONTAINERS]


def _broken(node: Any, path: str) -> Iterator[str]:
    """Paths of all strings and keys that cannot be written; the document is not deep."""
    if isinstance(node, str):
        if is_broken(node):
            yield path
    elif type(node) in _CONTAINERS:
        for key, value in node.items() if type(node) is dict else enumerate(node):
            inner = f"{path}.{cut(str(key))}".removeprefix(".")
            if isinstance(key, str) and is_broken(key):
                yield inner
            else:
                yield from _broken(value, inner)
