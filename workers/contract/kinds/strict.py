"""The base of everything that clients send."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

MAX_KEYS = 64  # of an object with fixed names


class FieldError(ValueError):
    """A field that does not fit the others; raised inside of validators, where pydantic knows only the whole model.

    Attributes:
        field: path of the field, relative to the model.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Strict(BaseModel):
    """Base of everything clients send: no unknown keys, no silent conversions, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _few_keys(cls, value: Any) -> Any:
        """Every unknown key would be an error of its own."""
        if isinstance(value, dict) and len(value) > MAX_KEYS:
            raise ValueError(
                f"must have at most {MAX_KEYS} keys, got {len(value):,}; it knows {', '.join(cls.model_fields)}"
            )
        return value
