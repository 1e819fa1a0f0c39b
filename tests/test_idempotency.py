"""Idempotency-Key: done once, answered the same, whatever dies in between."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from calls.models import Call, IdempotentRequest, Verification
from calls.services import idempotency
from calls.services.api_keys import api_key_create
from calls.services.errors import Refused
from calls.services.idempotency import idempotent_claim
from tests.factories import NOW, verification

pytestmark = pytest.mark.django_db
Post = Callable[..., Any]


@pytest.fixture
def post(client: Client) -> Post:
    secret = api_key_create(name="crm", rate_per_minute=0)[1]

    def request(path: str, body: dict[str, Any], key: str | None = None) -> Any:
        headers = {"x-api-key": secret} | ({"Idempotency-Key": key} if key is not None else {})
        return client.post(path, json.dumps(body), content_type="application/json", headers=headers)

    return request


def test_the_same_key_and_body_get_the_same_answer_and_one_call(post: Post) -> None:
    body = {"verification": verification().pk}
    first, second = post("/call-customer", body, "a"), post("/call-customer", body, "a")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.content == second.content
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert Call.objects.count() == 1


def test_without_a_key_nothing_is_replayed(post: Post) -> None:
    body = {"name": "Ada Byron"}
    assert [post("/verifications", body).status_code for _ in range(2)] == [201, 201]
    assert Verification.objects.count() == 2
    assert not IdempotentRequest.objects.exists()


def test_a_key_used_for_another_body_is_a_conflict(post: Post) -> None:
    post("/verifications", {"name": "Ada"}, "a")
    answer = post("/verifications", {"name": "Bea"}, "a")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert Verification.objects.count() == 1


def test_a_refusal_is_given_again(post: Post) -> None:
    body = {"verification": verification(phone="").pk}
    first, second = post("/call-customer", body, "a"), post("/call-customer", body, "a")
    assert (first.status_code, first.json()["code"]) == (422, "no_phone")
    assert (second.status_code, second.content, second["Idempotent-Replayed"]) == (422, first.content, "true")


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\tbed"])
def test_an_odd_key_is_refused(post: Post, key: str) -> None:
    answer = post("/verifications", {"name": "Ada"}, key)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
    assert not Verification.objects.exists()


def test_a_failure_of_ours_leaves_the_key_free(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if 'INTO "calls_verification"' in sql:
            raise RuntimeError
        return execute(sql, *rest)

    with connection.execute_wrapper(broken):
        assert post("/verifications", {"name": "Ada"}, "a").status_code == 500
    assert post("/verifications", {"name": "Ada"}, "a").status_code == 201
    assert Verification.objects.count() == 1


def _claim(key: Any, *, at: Any = NOW, fingerprint: str = "f") -> IdempotentRequest:
    return idempotent_claim(key=key, idempotency_key="a", fingerprint=fingerprint, now=at)


def test_a_second_request_meanwhile_is_told_that_the_first_is_in_progress() -> None:
    key, _ = api_key_create(name="crm")
    _claim(key)
    with pytest.raises(Refused) as refused:
        _claim(key, at=NOW + timedelta(seconds=59))
    assert refused.value.code == "in_progress"


def test_a_claim_whose_process_died_is_taken_over_and_the_dead_one_can_write_no_more() -> None:
    key, _ = api_key_create(name="crm")
    dead = _claim(key)
    heir = _claim(key, at=NOW + timedelta(seconds=60))
    assert (heir.pk, heir.status) == (dead.pk, 0)
    with pytest.raises(Refused):
        idempotency.idempotent_answer(row=dead, status=202, body="dead")
    idempotency.idempotent_answer(row=heir, status=202, body="heir")
    assert IdempotentRequest.objects.get().body == "heir"


def test_a_process_that_died_after_the_work_leaves_its_answer() -> None:
    key, _ = api_key_create(name="crm")
    idempotency.idempotent_answer(row=_claim(key), status=202, body="{}")
    again = _claim(key, at=NOW + timedelta(seconds=60))
    assert (again.status, again.body) == (202, "{}")


def test_a_key_is_remembered_for_a_day() -> None:
    key, _ = api_key_create(name="crm")
    row = _claim(key)
    idempotency.idempotent_answer(row=row, status=202, body="{}")
    idempotency.idempotent_finish(row=row, body="{}", now=NOW)
    day = timedelta(hours=24)
    assert _claim(key, at=NOW + day - timedelta(seconds=1)).status == 202
    assert idempotency.idempotent_forget(now=NOW + day - timedelta(seconds=1)) == 0
    assert _claim(key, at=NOW + day, fingerprint="other").status == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's test database is one connection")
def test_two_hundred_requests_at_once_with_twenty_keys_make_twenty_calls() -> None:
    _, secret = api_key_create(name="crm", rate_per_minute=0)
    people = [verification(name=f"Person {number}").pk for number in range(20)]

    def ask(number: int) -> tuple[int, str]:
        try:
            headers = {"x-api-key": secret, "Idempotency-Key": f"key-{number % 20}"}
            body = json.dumps({"verification": people[number % 20]})
            answer = Client().post("/call-customer", body, content_type="application/json", headers=headers)
            return answer.status_code, answer.json().get("code", "")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(ask, range(200)))
    assert set(answers) <= {(202, ""), (409, "in_progress")}
    assert answers[202, ""] >= 20
    assert sorted(Call.objects.values_list("verification", flat=True)) == people
