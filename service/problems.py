"""RFC 9457 problem+json: the one renderer of every error the API answers with."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import redis
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match

from service.errors import HttpError, StoreUnavailableError
from workers.contract.connection import cannot_write, is_failing_over
from workers.contract.errors import ServiceError, StorageFullError, is_full
from workers.contract.invalid_request import InvalidRequestError, problem_of
from workers.contract.jobs import Problem
from workers.contract.text import cut
from workers.contract.validation import parameter_problems

MEDIA_TYPE = "application/problem+json"

# Redis being away, still loading its data, or out of memory: all pass, and none is the client's fault.
REDIS_ERRORS = (redis.ConnectionError, redis.TimeoutError, redis.exceptions.OutOfMemoryError)


def problem_response(path: str, error: ServiceError, **members: Any) -> JSONResponse:
    """The answer to a request for `path` that ended with `error`; `members` as in `render`."""
    headers = dict(error.headers) if isinstance(error, HttpError) else {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return render(problem_of(error, path), headers, **members)


def render(problem: Problem, headers: Mapping[str, str] | None = None, **members: Any) -> JSONResponse:
    """A problem as a response; `members` are extension members beside the standard ones (RFC 9457, section 3.2)."""
    content = problem.model_dump(mode="json", exclude_none=True) | members
    headers = dict(headers or {})
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        # A job's own problem, such as a lost worker, comes without headers.
        headers.setdefault("Retry-After", str(StoreUnavailableError.retry_after))
    return JSONResponse(content, problem.status, headers=headers, media_type=MEDIA_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every exception that a route, FastAPI or Starlette raises on purpose with problem+json."""
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    for redis_error in (*REDIS_ERRORS, redis.ResponseError):
        app.add_exception_handler(redis_error, _redis_error)
    app.add_exception_handler(OSError, _os_error)


async def _service_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ServiceError)
    return problem_response(request.url.path, error)


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    """FastAPI's own checks of path, query and header parameters."""
    assert isinstance(error, RequestValidationError)
    return problem_response(request.url.path, InvalidRequestError(parameter_problems(error.errors())))


def store_error(error: Exception) -> StoreUnavailableError:
    """What a client reads of an error of Redis. Raises it again where it is a fault of ours."""
    if cannot_write(error):
        return StoreUnavailableError("The job store has no room left on its disk or in its memory. Try again later.")
    if is_failing_over(error):
        return StoreUnavailableError(
            "The job store waits for its replicas, or another machine takes its place. Try again in a few seconds."
        )
    if isinstance(error, redis.ResponseError):
        raise error
    return StoreUnavailableError(f"The job store does not answer ({type(error).__name__}). Try again in a few seconds.")


async def _redis_error(request: Request, error: Exception) -> JSONResponse:
    return problem_response(request.url.path, store_error(error))


async def _os_error(request: Request, error: Exception) -> JSONResponse:
    """Uploads wait in the temporary folder, which may be full."""
    if not is_full(error):
        raise error
    return problem_response(request.url.path, StorageFullError("The temporary folder is full; try again later."))


async def _http_exception(request: Request, error: Exception) -> JSONResponse:
    """What Starlette raises itself: no such route, wrong method, a broken multipart body."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    detail = {
        HTTPStatus.NOT_FOUND: f"There is nothing at {cut(request.url.path)}; GET /docs lists the routes.",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{cut(request.method)} is not possible here; GET /docs lists the methods.",
    }.get(status, error.detail)
    code = "malformed_body" if status == HTTPStatus.BAD_REQUEST else status.name.lower()
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request))
    return render(Problem.build(code, status, status.phrase, detail, request.url.path), headers)


def _allowed(request: Request) -> list[str]:
    """Methods of all routes at this path. Starlette names those of the first alone, and FastAPI's know no HEAD."""
    methods = {
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    }
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))
