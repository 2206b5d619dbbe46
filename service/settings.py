"""Settings of the API process, read from the environment (prefix PORTRAIT_)."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from service.webhook_signature import secret_bytes
from workers.contract.settings import Settings, comma_separated


class ApiSettings(Settings):
    """What the API needs beyond what it shares with the workers."""

    host: str = Field("127.0.0.1", description="Address the API listens on; 0.0.0.0 means every interface.")
    published_host: str | None = Field(
        None,
        description="Address under which others reach the API where that is not PORTRAIT_HOST: what a container's port "
        "is published on.",
    )
    port: Annotated[int, Field(ge=1, le=65535)] = Field(8000, description="Port the API listens on.")
    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (),
        description="Accepted API keys, comma-separated: the simple way. Each is a tenant of its own, with every scope "
        "but admin.",
    )
    keys_file: Path | None = Field(
        None,
        description="JSON file of tenants and the hashes of their keys, which `python -m service.keys` writes; it is "
        "read again when it changes.",
    )
    require_keys: bool = Field(
        default=False,
        description="Whether requests need a key though neither PORTRAIT_API_KEYS nor PORTRAIT_KEYS_FILE is set: the "
        "tenants are those that `python -m service.keys` keeps in Redis.",
    )
    allow_anonymous: bool = Field(
        default=False, description="Whether the API may serve beyond this machine without asking for a key."
    )
    signing_secret: Annotated[SecretStr, Field(min_length=32)] | None = Field(
        default=None,
        description="Secret of 32 characters or more that signs the addresses of results, events and sources, so that "
        "pages may show them where keys are asked for; the same for every API process. Unset: addresses need the key.",
    )
    signed_url_ttl_s: Annotated[int, Field(ge=60)] = Field(
        default=3600, description="Seconds for which a signed address is good, and up to a minute more."
    )
    redirect_to_storage: bool = Field(
        default=False,
        description="Whether results and sources are fetched from the object store itself (307 to an address that it "
        "signs, S3 and its like); its bucket needs CORS rules of its own where pages read them.",
    )
    rate_limit: NonNegativeInt = Field(
        0,
        description="Requests per minute that upload or start work, for each tenant (or address, without keys) that "
        "has no limit of its own; 0 means no limit.",
    )
    jobs_at_once: NonNegativeInt = Field(
        0, description="Jobs of a tenant without a limit of its own that may wait or run at once; 0 means no limit."
    )
    audit_entries: NonNegativeInt = Field(
        100_000, description="Entries of the audit log that Redis keeps, about; 0 means that only the log has them."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses or networks of the proxies before the API, comma-separated; only their "
        "X-Forwarded-For and X-Forwarded-Proto are believed.",
    )
    header_timeout_s: PositiveFloat = Field(
        10.0, description="Seconds after which a connection without the whole headers of a request is ended."
    )
    body_timeout_s: PositiveFloat = Field(
        20.0, description="Seconds a body or an answer may stand still before its connection is ended."
    )
    min_body_rate: PositiveInt = Field(
        1024,
        description="Bytes a second a body or an answer has to move at on average, PORTRAIT_BODY_TIMEOUT_S apart.",
    )
    max_streams: PositiveInt = Field(
        500, description="Event streams that are open at a time before new ones are turned away with 503."
    )
    callback_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Hosts that requests may name as their `callback`, comma-separated; *.example.com means all below "
        "it. None means that callbacks are off.",
    )
    callback_secret: SecretStr | None = Field(
        None,
        description="Signs callbacks, as Standard Webhooks wants: whsec_ and base64 of 24 to 64 random bytes. All "
        "processes of the API share it. Needed where PORTRAIT_CALLBACK_HOSTS is set.",
    )
    callback_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Networks that callbacks may go to though their addresses are private, also by plain http, "
        "comma-separated, such as 10.0.0.0/8.",
    )
    callback_timeout_s: PositiveFloat = Field(10.0, description="Seconds that a callback may take.")
    callback_retry_s: Annotated[tuple[PositiveFloat, ...], NoDecode] = Field(
        (5, 30, 120, 600, 3600, 21600),
        description="Seconds to wait before a callback that did not arrive is tried for the second, third … time, "
        "comma-separated.",
    )
    max_batches: PositiveInt = Field(64, description="Unfinished batches before new ones are turned away with 503.")
    live_wishes_per_s: PositiveInt = Field(60, description="Wishes that a live connection may send in a second.")
    live_idle_s: PositiveFloat = Field(
        300.0, description="Seconds without a wish after which a live connection is ended."
    )
    max_live_sockets: PositiveInt = Field(
        16, description="Live connections of one API key (or address, without keys) that one process keeps open."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins whose pages may call the API, comma-separated; * means all."
    )
    shutdown_s: PositiveInt = Field(10, description="Seconds that requests under way get to finish at shutdown.")

    @field_validator(
        "api_keys",
        "cors_origins",
        "trusted_proxies",
        "callback_hosts",
        "callback_networks",
        "callback_retry_s",
        mode="before",
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        return comma_separated(value)

    @property
    def keys_required(self) -> bool:
        """Whether requests need a key."""
        return bool(self.api_keys) or self.keys_file is not None or self.require_keys

    @field_validator("trusted_proxies", "callback_networks")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """uvicorn would take a mistyped network for a name that nobody has."""
        for network in value:
            ipaddress.ip_network(network)
        return value

    @field_validator("callback_secret")
    @classmethod
    def _check_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            secret_bytes(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _callbacks_are_signed(self) -> Self:
        if self.callback_hosts and self.callback_secret is None:
            raise ValueError("PORTRAIT_CALLBACK_HOSTS needs PORTRAIT_CALLBACK_SECRET, which signs callbacks")
        return self
