"""Requests that Schemathesis makes up from the OpenAPI document, right ones and wrong ones, to a service with keys.

Whatever comes, the answer is one that the document has: no 5xx, a status, a type and a body as written there.
`make fuzz` sends hundreds to every route, `make test` a few.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.app import create_app
from service.settings import ApiSettings
from tests.e2e.conftest import Embedded

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(6 * 3600)]

KEY = "the key of these tests"
EXAMPLES = 200
"""Right requests to each route, and wrong ones, of all that `make fuzz` sends."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """A running stack that asks for a key."""
    stack = Embedded(tmp_path_factory.mktemp("schema"), PORTRAIT_API_KEYS=KEY)
    yield stack
    stack.stop()


OPERATIONS = [
    found.ok() for found in schemathesis.openapi.from_dict(create_app(ApiSettings()).openapi()).get_all_operations()
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_in_the_document(
    operation: schemathesis.APIOperation, mode: GenerationMode, service: Embedded, mutants: float, fault_seed: int
) -> None:
    @seed(fault_seed)
    @settings(
        max_examples=max(1, round(mutants * EXAMPLES)),
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: schemathesis.Case) -> None:
        case.call_and_validate(
            base_url=str(service.http.base_url), checks=CHECKS, headers={"Authorization": f"Bearer {KEY}"}, timeout=100
        )

    try:
        send()
    except Unsatisfiable:
        pytest.skip("no request to it is wrong")
