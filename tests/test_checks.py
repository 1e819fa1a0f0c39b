"""System checks and the reading of the environment: a wrong setting is named, with its cure."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from calls import checks
from highway.env import BASE_DIR, env

GOOD: dict[str, Any] = {
    "PUBLIC_BASE_URL": "https://highway.example.com",
    "ALLOWED_HOSTS": ["highway.example.com"],
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "0" * 32,
    "TWILIO_FROM_NUMBER": "+12025550100",
    "TWILIO_BASE_URL": "https://api.twilio.com",
    "TWILIO_TIMEOUT_S": 10.0,
    "CALLS_PER_SECOND": 1.0,
    "DEFAULT_REGION": "US",
    "OPENAI_API_KEY": "sk-made-up",
    "OPENAI_REALTIME_URL": "wss://api.openai.com/v1/realtime",
    "OPENAI_DIALECT": "ga",
    "OPENAI_CONNECT_TIMEOUT_S": 10.0,
    "CELERY_BROKER_URL": "redis://127.0.0.1:6379/0",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "EMBEDDED": False,
    "SECRET_KEY_IS_DEVELOPMENT": False,
}
ALL = (
    checks.carrier_settings,
    checks.voice_model_settings,
    checks.public_address,
    checks.queue_settings,
    checks.deployment_settings,
)


def found(settings: Settings, **changes: Any) -> dict[str, str]:
    """What the checks say about the good settings with some changed: {id: message}."""
    for name, value in {**GOOD, **changes}.items():
        setattr(settings, name, value)
    problems = [problem for check in ALL for problem in check(None)]
    assert all(problem.hint for problem in problems)
    return {str(problem.id): problem.msg for problem in problems}


def test_good_settings_have_nothing_said_about_them(settings: Settings) -> None:
    assert found(settings) == {}


def test_our_checks_are_registered(settings: Settings) -> None:
    settings.OPENAI_DIALECT = "gamma"
    assert "highway.E011" in {problem.id for problem in run_checks()}


def test_a_fresh_clone_is_only_warned(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    fresh = dict.fromkeys(("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM_NUMBER", "OPENAI_API_KEY"), "")
    local = {"PUBLIC_BASE_URL": "http://127.0.0.1:8000", "ALLOWED_HOSTS": ["127.0.0.1"], "REDIS_URL": ""}
    assert found(settings, **fresh, **local, CELERY_BROKER_URL="memory://", EMBEDDED=True) == {
        "highway.W001": "No Twilio account is set, so no call can be placed.",
        "highway.W002": "OPENAI_API_KEY is not set, so no call can be held.",
        "highway.W040": "PUBLIC_BASE_URL is this machine's own address.",
    }


@pytest.mark.parametrize(
    ("changes", "id", "message"),
    [
        ({"TWILIO_AUTH_TOKEN": ""}, "E001", "TWILIO_AUTH_TOKEN not set, though the rest is."),
        ({"TWILIO_ACCOUNT_SID": "SK" + "0" * 32}, "E002", "TWILIO_ACCOUNT_SID is not an account SID."),
        ({"TWILIO_FROM_NUMBER": "2025550100"}, "E003", "TWILIO_FROM_NUMBER is not in E.164 form."),
        ({"TWILIO_BASE_URL": "api.twilio.com"}, "E004", "TWILIO_BASE_URL is not an absolute URL."),
        ({"TWILIO_BASE_URL": "http://[::1"}, "E004", "TWILIO_BASE_URL is not an absolute URL."),
        ({"TWILIO_TIMEOUT_S": 0.0}, "E005", "TWILIO_TIMEOUT_S must be above 0."),
        ({"DEFAULT_REGION": "USA"}, "E006", "DEFAULT_REGION is not a known region."),
        ({"OPENAI_API_KEY": "sk-a\nb"}, "E010", "OPENAI_API_KEY holds characters that no header can carry."),
        ({"OPENAI_DIALECT": "gamma"}, "E011", "OPENAI_DIALECT must be ga or beta."),
        ({"OPENAI_REALTIME_URL": "https://x.example"}, "E012", "OPENAI_REALTIME_URL is not a WebSocket URL."),
        ({"OPENAI_CONNECT_TIMEOUT_S": -1.0}, "E013", "OPENAI_CONNECT_TIMEOUT_S must be above 0."),
        ({"PUBLIC_BASE_URL": "highway.example.com"}, "E020", "PUBLIC_BASE_URL is not the address of a server."),
        ({"PUBLIC_BASE_URL": "https://x.example/api"}, "E020", "PUBLIC_BASE_URL is not the address of a server."),
        ({"PUBLIC_BASE_URL": "https://x.example:eight"}, "E020", "PUBLIC_BASE_URL is not the address of a server."),
        (
            {"PUBLIC_BASE_URL": "https://a_b.example", "ALLOWED_HOSTS": ["a_b.example"]},
            "E021",
            "PUBLIC_BASE_URL has a host name with an underscore.",
        ),
        (
            {"PUBLIC_BASE_URL": "http://highway.example.com"},
            "E022",
            "PUBLIC_BASE_URL must be https for Twilio to reach it.",
        ),
        ({"ALLOWED_HOSTS": ["localhost"]}, "E023", "ALLOWED_HOSTS lacks the host of PUBLIC_BASE_URL."),
        ({"CELERY_BROKER_URL": "localhost:6379"}, "E030", "CELERY_BROKER_URL is not a broker's URL."),
        ({"REDIS_URL": "localhost:6379"}, "E031", "REDIS_URL is not a Redis URL."),
        ({"SECRET_KEY_IS_DEVELOPMENT": True}, "E040", "SECRET_KEY is the development key."),
    ],
)
def test_a_wrong_setting_is_named(settings: Settings, changes: dict[str, Any], id: str, message: str) -> None:
    assert found(settings, **changes) == {f"highway.{id}": message}


def test_a_pace_is_asked_for_where_twilio_has_one_of_its_own(settings: Settings) -> None:
    assert found(settings, CALLS_PER_SECOND=0.0) == {"highway.W041": "CALLS_PER_SECOND is not set."}
    assert found(settings, CALLS_PER_SECOND=0.0, TWILIO_BASE_URL="http://127.0.0.1:9000") == {}


def test_a_simulated_carrier_needs_no_https(settings: Settings) -> None:
    local = {"PUBLIC_BASE_URL": "http://127.0.0.1:8000", "ALLOWED_HOSTS": ["127.0.0.1"]}
    assert "highway.E022" not in found(settings, **local, TWILIO_BASE_URL="http://127.0.0.1:9000")


def test_a_database_server_with_the_in_memory_broker_is_warned_of(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    problems = found(settings, CELERY_BROKER_URL="memory://", EMBEDDED=True, REDIS_URL="")
    assert problems == {"highway.W030": "PostgreSQL is used with the in-memory broker."}


# -- the environment --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        ("bool", "maybe", "X is set to something that cannot be read: it must be true or false."),
        ("int", "ten", "X is set to something that cannot be read: it must be a whole number, such as 10."),
        ("float", "10s", "X is set to something that cannot be read: it must be a number, such as 10 or 2.5."),
    ],
)
def test_a_value_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, read: str, value: str, expected: str
) -> None:
    monkeypatch.setenv("X", value)
    with pytest.raises(ImproperlyConfigured) as refusal:
        getattr(env, read)("X", default=1)
    assert str(refusal.value) == expected


@pytest.mark.parametrize(
    "url", ["postgress://u:secret@h/db", "postgres://u:secret@h:port/db", "postgres://h", "mysql://u@h/db"]
)
def test_a_malformed_database_url_is_named_and_not_quoted(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL is set to something") as refusal:
        env.db_url("DATABASE_URL", default="sqlite:///x")
    assert "secret" not in str(refusal.value)


def test_a_blank_value_counts_as_not_set_and_a_dollar_is_a_dollar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLANK", " ")
    monkeypatch.setenv("DOLLAR", "$HOME")
    assert env.bool("BLANK", default=True) is True
    assert env.list("BLANK", default=["a"]) == ["a"]
    assert env.float("BLANK", default=2.5) == 2.5
    assert env.str("DOLLAR", default="") == "$HOME"


def test_the_example_names_every_setting_that_is_read() -> None:
    source = "".join(Path(BASE_DIR, "highway", name).read_text() for name in ("settings.py", "env.py"))
    read = set(re.findall(r'env\.\w+\(\s*"(\w+)"', source))
    example = set(re.findall(r"^(\w+)=", Path(BASE_DIR, ".env.example").read_text(), re.MULTILINE))
    assert read == example


def test_a_bad_variable_stops_the_program_with_one_clear_line(tmp_path: Path) -> None:
    bad = {**os.environ, "DATA_DIR": str(tmp_path), "TWILIO_TIMEOUT_S": "soon"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=BASE_DIR, env=bad, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .endswith("TWILIO_TIMEOUT_S is set to something that cannot be read: it must be a number, such as 10 or 2.5.")
    )
