"""What OpenAPI promises, checked by requests that schemathesis makes up from it."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .conftest import Served

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ANSWERS_501 = "/v1/explain"
"""On purpose, so that it is left out of what is looked at for errors of the server."""


def check(served: Served, mode: GenerationMode, examples: int) -> int:
    """Ask each operation what schemathesis makes up, and return how many operations there are."""
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS
    operations = [found.ok() for found in schema.get_all_operations()]
    asked = [one for one in operations if one.path != ANSWERS_501]
    for operation in asked:
        if mode is GenerationMode.NEGATIVE and operation.method.upper() == "GET":
            continue  # nothing can be wrong about them

        @settings(
            max_examples=examples, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case) -> None:
            case.call_and_validate(checks=checks)

        ask()
    return len(asked)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_a_few_requests_of_every_operation(served: Served, mode: GenerationMode) -> None:
    assert check(served, mode, 5) == 7


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_many_requests_of_every_operation(served: Served, mode: GenerationMode) -> None:
    assert check(served, mode, 300) == 7
