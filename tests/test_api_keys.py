"""Keys: made once, found by digest, revoked."""

import hashlib
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from calls.models import ApiKey
from calls.services.api_keys import (
    SCOPES,
    api_key_allows,
    api_key_create,
    api_key_find,
    api_key_revoke,
    api_key_wait,
)
from calls.services.errors import Refused
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_a_key_is_kept_only_as_its_digest() -> None:
    key, secret = api_key_create(name="crm")
    key.refresh_from_db()
    assert secret.startswith("hwy_")
    assert len(secret) == 47
    assert (key.name, key.prefix, key.digest) == ("crm", secret[:12], hashlib.sha256(secret.encode()).hexdigest())
    assert secret not in str(ApiKey.objects.values())


def test_a_key_is_found_by_its_secret_and_by_nothing_else() -> None:
    key, secret = api_key_create(name="crm")
    assert api_key_find(secret=secret, now=NOW) == key
    for other in ("", key.prefix, key.digest, secret[:-1], secret + "x", secret.upper(), "hwy_\udcff"):
        assert api_key_find(secret=other, now=NOW) is None


def test_a_revoked_key_is_not_found_and_keeps_the_time_of_its_first_revocation() -> None:
    key, secret = api_key_create(name="crm")
    api_key_revoke(key=key, now=NOW)
    api_key_revoke(key=key, now=NOW + timedelta(days=1))
    assert api_key_find(secret=secret, now=NOW) is None
    key.refresh_from_db()
    assert key.revoked_at == NOW


def test_the_last_use_is_written_at_most_once_a_minute() -> None:
    key, secret = api_key_create(name="crm")
    seen = []
    for seconds in (0, 59, 60):
        api_key_find(secret=secret, now=NOW + timedelta(seconds=seconds))
        key.refresh_from_db()
        seen.append(key.last_used_at)
    assert seen == [NOW, NOW, NOW + timedelta(seconds=60)]


def test_the_command_prints_the_secret_alone_on_its_output() -> None:
    output, notice = StringIO(), StringIO()
    call_command("create_api_key", "crm", stdout=output, stderr=notice)
    key = api_key_find(secret=output.getvalue().strip(), now=NOW)
    assert key is not None
    assert key.name == "crm"
    assert "not stored" in notice.getvalue()


@pytest.mark.parametrize(("name", "problem"), [(" ", "is required"), ("a\nb", "one line"), ("x" * 101, "at most 100")])
def test_the_command_refuses_an_odd_name(name: str, problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        call_command("create_api_key", name, stdout=StringIO(), stderr=StringIO())
    assert not ApiKey.objects.exists()


def test_a_key_that_has_expired_is_not_found() -> None:
    key, secret = api_key_create(name="crm", expires_at=NOW)
    assert api_key_find(secret=secret, now=NOW - timedelta(seconds=1)) == key
    assert api_key_find(secret=secret, now=NOW) is None


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [(["read"], {"read"}), (["call"], {"call"}), (["admin"], {"read", "call", "campaign", "admin"})],
)
def test_a_key_allows_its_scopes_and_admin_allows_all(scopes: list[str], allowed: set[str]) -> None:
    key, _ = api_key_create(name="crm", scopes=scopes)
    assert {scope for scope in SCOPES if api_key_allows(key=key, scope=scope)} == allowed


@pytest.mark.parametrize("scopes", [[], ["all"]])
def test_a_scope_that_does_not_exist_is_refused(scopes: list[str]) -> None:
    with pytest.raises(Refused):
        api_key_create(name="crm", scopes=scopes)


def test_a_key_waits_for_the_next_minute_when_it_has_used_this_one() -> None:
    key, _ = api_key_create(name="crm", rate_per_minute=2)
    later = NOW.replace(second=45)
    assert [api_key_wait(key=key, now=at) for at in (NOW, NOW, later)] == [0, 0, 15]
    assert api_key_wait(key=key, now=NOW + timedelta(minutes=1)) == 0
    free, _ = api_key_create(name="free", rate_per_minute=0)
    assert [api_key_wait(key=free, now=NOW) for _ in range(5)] == [0] * 5
