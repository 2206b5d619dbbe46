"""Where a job came from: what ties its logs and its trace to those of the request that made it."""

from workers.contract.contract_model import ContractModel


class Origin(ContractModel):
    """Kept beside a job, and shown to no client.

    Attributes:
        request_id: of the request, as its answer's X-Request-Id says.
        traceparent: of the request's span, by W3C Trace Context; None without tracing.
    """

    request_id: str | None = None
    traceparent: str | None = None


UNKNOWN_ORIGIN = Origin()
"""Of a job that no request made, or that is not followed."""
