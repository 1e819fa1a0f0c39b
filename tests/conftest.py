"""What every test stands on: fixed settings whatever the machine's environment says, and a carrier on a real socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.fake_carrier import FakeCarrier
from tests.phone_company import PhoneCompany

AUTH_TOKEN = "12345"


@pytest.fixture(autouse=True)
def fixed_settings(settings: Settings, tmp_path: Path) -> None:
    settings.PUBLIC_BASE_URL = "https://highway.test"
    settings.SECURE_SSL_REDIRECT = False
    settings.TWILIO_ACCOUNT_SID = "AC" + "0" * 32
    settings.TWILIO_AUTH_TOKEN = AUTH_TOKEN
    settings.TWILIO_FROM_NUMBER = "+12025550100"
    settings.TWILIO_TIMEOUT_S = 5.0
    settings.DEFAULT_REGION = "US"
    settings.RECORDINGS_DIR = tmp_path / "recordings"
    # A cache of its own for each test: keys' rates are counted in it, and tests' keys share their ids.
    locmem = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": locmem, "LOCATION": str(tmp_path)}}


@pytest.fixture
def carrier_wire(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCarrier]:
    """The carrier's REST API, faked at the wire."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    wire = FakeCarrier()
    settings.TWILIO_BASE_URL = wire.url
    yield wire
    wire.stop()


@pytest.fixture
def company(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[PhoneCompany]:
    """The carrier's REST API, faked at the wire: it takes every call and remembers it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = PhoneCompany()
    settings.TWILIO_BASE_URL = running.url
    yield running
    running.stop()
