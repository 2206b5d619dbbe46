"""The base of everything that clients read."""

from pydantic import BaseModel, ConfigDict


class ContractModel(BaseModel):
    """Immutable, and without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
