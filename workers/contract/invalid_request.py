"""A request whose fields are wrong, by themselves or with each other; every one of them is named."""

from collections.abc import Iterable, Sequence
from typing import Self

from workers.contract.errors import ServiceError
from workers.contract.jobs import MAX_ERRORS, FieldProblem, Problem


class InvalidRequestError(ServiceError):
    """Fields of the request are wrong; `errors` names the first of them."""

    code, status, title = "invalid_request", 422, "Invalid request"

    def __init__(self, errors: Iterable[FieldProblem], total: int | None = None) -> None:
        """Keep as many errors as one answer lists; `total` is their number, where only the first are given."""
        given = list(errors)
        total = total or len(given)
        self.errors = given[:MAX_ERRORS]
        named = "; ".join(f"{error.field}: {error.message}" for error in self.errors)
        super().__init__(
            f"{total:,} fields are wrong; the first {MAX_ERRORS}: {named}" if total > MAX_ERRORS else named
        )

    @classmethod
    def of(cls, faults: Sequence[tuple[str, str]]) -> Self:
        """Of (field, message) pairs, as the contract's checks give them."""
        first = [FieldProblem(field=field, message=message) for field, message in faults[:MAX_ERRORS]]
        return cls(first, total=len(faults))


class InvalidSourceError(InvalidRequestError):
    """`source_id`, `driver_id`, `audio_id` or `pose_id` names nothing that is stored."""

    code, title = "source_not_found", "Source not found"


def problem_of(error: ServiceError, path: str | None = None) -> Problem:
    """The problem document of an error that a request ended with; `path` is the request's."""
    problem = Problem.of(error, instance=path)
    if isinstance(error, InvalidRequestError):
        problem = problem.model_copy(update={"errors": error.errors})
    return problem
