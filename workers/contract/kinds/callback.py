"""`callback` of a request: where the service tells how its job goes."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from workers.contract.kinds.strict import FieldError, Strict

CallbackEvent = Literal["started", "completed"]


class Callback(Strict):
    """A URL that is sent an HTTP POST when the job starts, and when it has ended, as `events` wants; unset: none."""

    url: Annotated[str, Field(max_length=2000)] | None = None
    events: Annotated[list[CallbackEvent], Field(min_length=1, max_length=2)] = ["completed"]  # noqa: RUF012 - frozen

    @model_validator(mode="after")
    def _has_url(self) -> Self:
        if self.model_fields_set == {"events"}:
            raise FieldError("url", "is missing; events are sent to it")
        return self

    def wanted(self) -> tuple[CallbackEvent, ...]:
        """The events that are sent; none without a URL."""
        return () if self.url is None else tuple(dict.fromkeys(self.events))
