"""/healthz and /readyz, as a load balancer asks them."""

import socket
from unittest.mock import patch

import pytest
from celery import current_app
from django.db import OperationalError, connection
from django.test import Client

from calls import draining

pytestmark = pytest.mark.django_db


def asked(path: str) -> tuple[int, object]:
    answer = Client().get(path)
    return answer.status_code, answer.json()


def test_a_process_with_database_and_broker_is_ready() -> None:
    assert asked("/readyz") == (200, {"status": "ready"})


def test_a_draining_process_is_alive_but_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "draining", True)
    monkeypatch.setattr(draining, "live_calls", 3)
    assert asked("/readyz") == (503, {"status": "draining", "live_calls": 3})
    assert asked("/healthz") == (200, {"status": "alive"})


def test_a_broker_that_refuses_is_named_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setattr(current_app.conf, "broker_write_url", f"redis://127.0.0.1:{port}/0")
    assert asked("/readyz") == (503, {"status": "unavailable", "missing": ["broker"]})


def test_a_database_that_is_away_is_named_and_the_process_stays_alive() -> None:
    with patch.object(connection, "cursor", side_effect=OperationalError):
        assert asked("/readyz") == (503, {"status": "unavailable", "missing": ["database"]})
        assert asked("/healthz") == (200, {"status": "alive"})
