"""The doctor against the simulator: what is broken is named, and nothing else."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from calls import causes
from calls.models import Profile, Pulse
from calls.services.doctor import examine
from calls.services.doctor_report import Finding
from calls.services.profiles import profile_save
from calls.services.pulse import pulse_beat
from calls.services.scripts import script_publish
from highway.asgi import application
from simulator.app import ACCOUNT_SID, AUTH_TOKEN, MODEL_KEY, Credentials, Simulator
from tests.factories import NOW
from tests.servers import serving

pytestmark = pytest.mark.django_db(transaction=True)


async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
    """A proxy that answers by itself: pages with 200 and WebSockets not at all."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"Hello"})


@pytest.fixture(scope="module")
def vendors() -> Iterator[str]:
    with serving(Simulator(Credentials())) as address:
        yield address


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with serving(application) as address:
        yield address


@pytest.fixture(autouse=True)
def healthy(vendors: str, web: str, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.PUBLIC_BASE_URL = f"http://{web}"
    settings.TWILIO_BASE_URL = f"http://{vendors}"
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT_SID, AUTH_TOKEN
    settings.OPENAI_REALTIME_URL = f"ws://{vendors}/v1/realtime"
    settings.OPENAI_API_KEY, settings.OPENAI_DIALECT = MODEL_KEY, "ga"
    _account(vendors, status="active", voice=True, numbers=["+12025550100"], countries=["US"])
    pulse_beat(name="clock", now=NOW)
    script_publish(name="default", company="Acme", purpose="A check.")


def _account(vendors: str, **state: Any) -> None:
    httpx.put(f"http://{vendors}/account", json=state, trust_env=False).raise_for_status()


def _found() -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(now=NOW)}


def _broken(found: dict[str, Finding]) -> list[str]:
    return [name for name, finding in found.items() if finding.state == "broken"]


def test_where_all_is_well_every_finding_is_ok() -> None:
    assert [(name, finding.state) for name, finding in _found().items()] == [
        (name, "ok")
        for name in (
            *("settings", "database", "broker", "worker and beat", "public address", "webhook signature"),
            *("media stream", "carrier credentials", "carrier number", "carrier permissions"),
            *("voice model", "voice model session"),
        )
    ]


@pytest.mark.parametrize(
    ("state", "name", "cure"),
    [
        ({"status": "suspended"}, "carrier account", "See the Twilio console for the reason."),
        ({"numbers": []}, "carrier number", causes.NOT_OWNED.cure),
        ({"voice": False}, "carrier number", "Buy a number with voice, and set TWILIO_FROM_NUMBER."),
        ({"countries": []}, "carrier permissions", causes.GEO.cure),
    ],
)
def test_what_is_wrong_at_the_carrier_is_named_alone(vendors: str, state: Any, name: str, cure: str) -> None:
    _account(vendors, **state)
    found = _found()
    assert (_broken(found), found[name].cure) == ([name], cure)


def _set(**values: Any) -> Callable[[Any], None]:
    def change(settings: Any) -> None:
        for name, value in values.items():
            setattr(settings, name, value)

    return change


@pytest.mark.parametrize(
    ("change", "name", "part"),
    [
        (_set(OPENAI_API_KEY="sk-old"), "voice model", "Make a new key"),
        (_set(OPENAI_REALTIME_URL="ws://127.0.0.1:9/v1/realtime"), "voice model", "URL of the provider"),
        (_set(PUBLIC_BASE_URL="http://127.0.0.1:9"), "public address", "Start the server"),
        (_set(TWILIO_BASE_URL="http://127.0.0.1:9"), "carrier", "See the network"),
        (_set(TWILIO_FROM_NUMBER="+12025550188"), "carrier number", "TWILIO_FROM_NUMBER"),
        (_set(EMBEDDED=False, CELERY_BROKER_URL="redis://127.0.0.1:9/0"), "broker", "REDIS_URL"),
        (_set(TWILIO_ACCOUNT_SID=""), "settings", "Twilio console"),
        (_set(OPENAI_DIALECT="gamma"), "settings", "ga is today's"),
    ],
)
def test_a_wrong_setting_is_named_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None], name: str, part: str
) -> None:
    from celery import current_app

    change(settings)
    monkeypatch.setattr(current_app.conf, "broker_url", settings.CELERY_BROKER_URL)
    monkeypatch.setattr(current_app.conf, "broker_write_url", settings.CELERY_BROKER_URL)
    found = _found()
    assert _broken(found) == [name]
    assert part in found[name].cure


def test_a_wrong_token_of_the_carrier_is_named_alone(settings: Settings) -> None:
    # Our own server shares this setting, so its signatures still fit.
    settings.TWILIO_AUTH_TOKEN = "another"
    assert _broken(_found()) == ["carrier credentials"]


def test_a_proxy_that_answers_by_itself_is_named(settings: Settings) -> None:
    with serving(elsewhere) as address:
        settings.PUBLIC_BASE_URL = f"http://{address}"
        assert _broken(_found()) == ["webhook signature", "media stream"]


@pytest.mark.parametrize(
    ("model", "names", "part"),
    [
        ("gpt-realtime-no-access", ["voice model"], "Limits"),
        ("gpt-nothing", ["voice model"], "Limits"),
        ("gpt-realtime-quota-at-the-door", ["voice model session"], "Billing"),
    ],
)
def test_a_model_that_the_key_may_not_use_is_named(model: str, names: list[str], part: str) -> None:
    script_publish(name="default", model=model)
    found = _found()
    assert _broken(found) == names
    assert part in found[names[0]].cure


def test_a_silent_clock_is_named(settings: Settings) -> None:
    Pulse.objects.update(at=NOW - timedelta(seconds=61))
    found = _found()
    expected = ("worker", "Start: celery -A highway worker --pool threads")
    if settings.EMBEDDED:
        expected = ("worker and beat", "Start: python manage.py serve")
    assert [(name, found[name].cure) for name in _broken(found)] == [expected]


def test_each_profile_is_examined_by_its_own_name(vendors: str) -> None:
    profile_save(profile=Profile(name="old", url=f"ws://{vendors}/v1/realtime"), key="sk-old")
    found = _found()
    assert _broken(found) == ["voice model old"]
    assert found["voice model"].state == "ok"


def test_the_command_prints_each_finding_with_its_cure_and_fails_where_something_is_broken(
    settings: Settings,
) -> None:
    pulse_beat(name="clock", now=timezone.now())
    settings.OPENAI_API_KEY = "sk-old"
    output = StringIO()
    with pytest.raises(CommandError, match="1 broken"):
        call_command("doctor", stdout=output)
    assert "BROKEN  voice model: OpenAI does not accept the key" in output.getvalue()
    assert "→ Make a new key" in output.getvalue()
    assert "ok      carrier number" in output.getvalue()
