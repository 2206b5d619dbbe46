"""From pydantic's errors to the field problems of a 422 answer."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from workers.contract.invalid_request import InvalidRequestError
from workers.contract.jobs import FieldProblem
from workers.contract.kinds.strict import FieldError
from workers.contract.text import BROKEN_TEXT

Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], value: Any) -> Model:
    """Validate what a request says.

    Raises:
        InvalidRequestError: naming every wrong field by its path.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidRequestError(_field_problems(error.errors(include_url=False), value)) from error


def parameter_problems(errors: Iterable[Mapping[str, Any]]) -> list[FieldProblem]:
    """Field problems of FastAPI's own checks of path, query and header parameters."""
    return [FieldProblem(field=".".join(map(str, error["loc"])), message=_message(error)) for error in errors]


def _field_problems(errors: Iterable[Mapping[str, Any]], value: Any) -> list[FieldProblem]:
    messages: dict[str, list[str]] = {}
    for error in errors:
        path = ".".join(part for part in (*_keys(error, value), _own_field(error)) if part)
        messages.setdefault(path, []).append(_message(error))
    # A value that fits no branch of a union gets one error a branch.
    return [FieldProblem(field=path, message=", or ".join(texts)) for path, texts in messages.items()]


def _keys(error: Mapping[str, Any], value: Any) -> Iterable[str]:
    """The keys of `value` in an error's location, which also has pydantic's names for the branches of a union."""
    for part in error["loc"]:
        inside = (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int))
        if inside:
            value = value[part]
        if inside or error["type"] == "missing":
            yield str(part)


def _own_field(error: Mapping[str, Any]) -> str:
    cause = error.get("ctx", {}).get("error")
    return cause.field if isinstance(cause, FieldError) else ""


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "unknown key; remove it or correct its name"
    if error["type"] == "string_unicode":
        return BROKEN_TEXT
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should ")
    return f"must {message}" if str(error["msg"]).startswith("Input should ") else message
