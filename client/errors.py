"""What can go wrong, as exceptions: one base for all."""

from client.documents import FieldProblem, Problem


class PortraitError(Exception):
    """Base of the client's errors."""


class ProblemError(PortraitError):
    """The service refused the request, or the job failed; the message is the problem's `detail`.

    Attributes:
        problem: the whole document.
        retry_after: seconds after which the service says to try again, where it does.
    """

    def __init__(self, problem: Problem, retry_after: float | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status

    @property
    def code(self) -> str:
        """The stable name of the error."""
        return self.problem.code

    @property
    def detail(self) -> str:
        """What to change."""
        return self.problem.detail

    @property
    def errors(self) -> list[FieldProblem]:
        """The fields that are wrong, of a 422."""
        return self.problem.errors or []


class InvalidUrlError(PortraitError):
    """The service's URL is none of HTTP."""


class UnexpectedAnswerError(PortraitError):
    """Something answered that is not the service, such as a proxy before it."""


class NoConnectionError(PortraitError):
    """The service cannot be reached, or the connection broke, as often as it was tried."""


class JobCancelledError(PortraitError):
    """The job was cancelled, so it has no result."""


class WaitTimeoutError(PortraitError):
    """The job had not ended in the time that the caller would wait; it goes on."""
