"""`metadata` of a request: the client's own notes, which come back with the job."""

from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, model_validator

from workers.contract.kinds.strict import Strict

MAX_KEY = 64
MAX_VALUE = 500
MAX_NOTES = 32


class Metadata(Strict):
    """Up to 32 texts of 500 characters by names of 64, such as an order's number; the service does not read them."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, Annotated[str, Field(max_length=MAX_VALUE)]]

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, dict):
            if len(value) > MAX_NOTES:
                raise ValueError(f"must have at most {MAX_NOTES} entries, got {len(value):,}")
            if any(len(name) > MAX_KEY for name in value):
                raise ValueError(f"must have names of at most {MAX_KEY} characters")
        return value

    def notes(self) -> dict[str, str]:
        """Them all."""
        return dict(self.__pydantic_extra__)
