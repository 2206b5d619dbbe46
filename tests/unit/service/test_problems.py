"""Every error there is has one rendering, and every class a code of its own."""

import importlib
import json
import pkgutil
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus

import pytest

import service
import workers.contract
from service.problems import MEDIA_TYPE, problem_response
from workers.contract.errors import ServiceError
from workers.contract.invalid_request import InvalidRequestError
from workers.contract.jobs import FieldProblem


def _load(package: object) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):  # type: ignore[attr-defined]
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _tree(root: type[ServiceError]) -> Iterator[type[ServiceError]]:
    for error in root.__subclasses__():
        yield error
        yield from _tree(error)


def _all_errors() -> list[type[ServiceError]]:
    _load(service)
    _load(workers.contract)
    return [error for error in _tree(ServiceError) if "code" in vars(error)]


def test_codes_and_titles_are_unique() -> None:
    errors = _all_errors()
    assert len(errors) > 15
    for attribute in ("code", "title"):
        counts = Counter(getattr(error, attribute) for error in errors)
        assert max(counts.values()) == 1, counts.most_common(1)


@pytest.mark.parametrize("error", _all_errors(), ids=lambda error: error.__name__)
def test_every_error_renders_as_a_problem(error: type[ServiceError]) -> None:
    argument = [FieldProblem(field="a.b", message="must be c")] if issubclass(error, InvalidRequestError) else "do this"
    response = problem_response("/edit", error(argument))
    body = json.loads(bytes(response.body))
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.status_code == body["status"] == error.status
    assert 400 <= error.status <= 599
    assert body["type"] == f"urn:problem-type:{error.code}"
    assert (body["code"], body["title"], body["instance"]) == (error.code, error.title, "/edit")
    assert body["detail"] == ("a.b: must be c" if issubclass(error, InvalidRequestError) else "do this")
    assert ("errors" in body) is (error.status == 422), "whoever gets a 422 learns the field"
    assert error.__doc__, "says when it is raised"


@pytest.mark.parametrize("error", _all_errors(), ids=lambda error: error.__name__)
def test_passing_troubles_say_when_to_try_again(error: type[ServiceError]) -> None:
    if error.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        response = problem_response("/edit", error("later"))
        assert int(response.headers["retry-after"]) > 0


def test_a_single_answer_may_override_when_to_try_again() -> None:
    from service.errors import RateLimitedError

    assert problem_response("/edit", RateLimitedError("later", retry_after=7)).headers["retry-after"] == "7"
