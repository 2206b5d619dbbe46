"""The context of an error: which field of the request it is about. The models' errors become the service's here."""

from collections.abc import Iterator
from contextlib import contextmanager

from models.errors import PortraitError, RenderMemoryError
from workers.contract.errors import ServiceError


class RequestRefusedError(ServiceError):
    """The models cannot do what was requested; code and field are theirs."""

    status = 422

    def __init__(self, error: PortraitError, field: str) -> None:
        super().__init__(str(error))
        self.code = error.code
        self.title = error.code.replace("_", " ").capitalize()
        self.field = error.field or field


@contextmanager
def error_context(field: str) -> Iterator[None]:
    """Errors raised inside are about this field of the request, unless they name one themselves."""
    try:
        yield
    except RenderMemoryError as error:
        raise MemoryError(str(error)) from error  # the runner's to explain: the request may be fine elsewhere
    except PortraitError as error:
        raise RequestRefusedError(error, field) from error
    except ServiceError as error:
        if error.field in (None, "source") and error.status < 500:
            error.field = field
        raise
