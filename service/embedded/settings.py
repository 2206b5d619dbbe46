"""Settings of the embedded stack: those of the API, and where its state lives."""

from pathlib import Path

from pydantic import Field

from service.settings import ApiSettings


class EmbeddedSettings(ApiSettings):
    """`redis_url` and `storage_url` are set by the stack itself and not read."""

    data_dir: Path = Field(Path("var"), description="Folder that keeps the embedded Redis' data and all blobs.")
