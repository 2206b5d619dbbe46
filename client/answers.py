"""Answers of the service as documents, and its problems as exceptions."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from client.documents import Document, Job, Problem
from client.errors import JobCancelledError, ProblemError, UnexpectedAnswerError
from client.retries import retry_after
from client.steps import Answer

_SHOWN = 200  # characters of a text that is no document of ours

D = TypeVar("D", bound=Document)


def checked(answer: Answer) -> Answer:
    """The answer of a success.

    Raises:
        ProblemError: the service says what is wrong.
        UnexpectedAnswerError: no success, and no problem document.
    """
    if 200 <= answer.status < 300:
        return answer
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:
        raise _unexpected(answer) from None
    raise ProblemError(problem, retry_after(answer.headers))


def parsed(answer: Answer, document: type[D]) -> D:
    """The document that a successful answer holds. Raises as `checked`."""
    try:
        return document.model_validate_json(checked(answer).content)
    except ValidationError:
        raise _unexpected(answer) from None


def succeeded(job: Job) -> Job:
    """A job that has ended well.

    Raises:
        ProblemError: it failed.
        JobCancelledError: it was cancelled.
    """
    if job.error is not None:
        raise ProblemError(job.error)
    if job.status == "cancelled":
        raise JobCancelledError(f"The job {job.id} was cancelled and has no result; send the request again.")
    return job


def _unexpected(answer: Answer) -> UnexpectedAnswerError:
    text = answer.content[:_SHOWN].decode(errors="replace").strip() or "nothing"
    return UnexpectedAnswerError(
        f"The answer, of status {answer.status}, is not the service's; check its URL, and a proxy before it. "
        f"It begins: {text}"
    )
