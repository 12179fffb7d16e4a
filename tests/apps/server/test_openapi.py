"""What OpenAPI promises, checked by requests that schemathesis makes up from it."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation, BaseSchema
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


def operations(schema: BaseSchema) -> list[APIOperation[Any, Any, Any, Any]]:
    """Return the operations of a schema, all of which must be readable."""
    found = [one for one in schema.get_all_operations() if isinstance(one, Ok)]
    assert len(found) == len(list(schema.get_all_operations()))
    return [one.ok() for one in found]


def check(served: Served, mode: GenerationMode, examples: int) -> int:
    """Ask each operation what schemathesis makes up, and return how many operations there are."""
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS
    asked = operations(schema)
    for operation in asked:
        if mode is GenerationMode.NEGATIVE and operation.method.upper() == "GET":
            continue  # nothing can be wrong about them

        @settings(
            max_examples=examples, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case[Any]) -> None:
            case.call_and_validate(checks=checks)

        ask()
    return len(asked)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_a_few_requests_of_every_operation(served: Served, mode: GenerationMode) -> None:
    assert check(served, mode, 5) == 8


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_many_requests_of_every_operation(served: Served, mode: GenerationMode) -> None:
    assert check(served, mode, 300) == 8
