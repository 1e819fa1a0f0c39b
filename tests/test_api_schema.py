"""schemathesis against the OpenAPI document: whatever is sent, nothing fails and every answer is a documented one."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from calls.models import Call
from calls.services.api_keys import api_key_create
from tests.factories import verification

schema = schemathesis.openapi.from_wsgi("/openapi.json", get_wsgi_application())
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(autouse=True)
def kept_connection() -> Iterator[None]:
    """As Django's own test client does: the end of a request must not close the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def secret(db: None) -> str:
    """A key for everything, and a person who can be called: without one, few requests would get far."""
    verification(pk=1)
    return api_key_create(name="schemathesis", scopes=["admin"], rate_per_minute=0)[1]


@schema.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    # The key and the person are the same for all examples of an operation; that is meant.
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_a_documented_one(case: Any, secret: str) -> None:
    Call.objects.all().delete()
    case.call_and_validate(headers={"x-api-key": secret}, checks=CHECKS)
