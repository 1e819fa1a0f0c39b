"""Every error of the API has one shape, names the wrong field and its cure, and repeats nothing that was sent."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from calls.evidence import facts_problems
from calls.models import Call, Verification
from calls.services.api_keys import api_key_create, api_key_revoke
from tests.factories import NOW, verification

pytestmark = pytest.mark.django_db
ONE_LINE = "must be one line, without control characters"
NOT_A_NUMBER = "is not a phone number; write it like +12015550123"


@pytest.fixture
def send(client: Client) -> Callable[..., Any]:
    headers = {"x-api-key": api_key_create(name="crm", scopes=["admin"])[1]}

    def request(method: str, path: str, body: Any = b"", kind: str = "application/json") -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.generic(method, path, data, content_type=kind, headers=headers)

    return request


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "invalid_authorization"),
        ({"authorization": "Bearer wrong"}, "invalid_api_key"),
        ({"authorization": "Bearer"}, "invalid_authorization"),
        ({"authorization": "Basic d3Jvbmc6"}, "invalid_authorization"),
        ({"authorization": "Bearer caf\xe9"}, "invalid_api_key"),
        ({"x-api-key": "wrong"}, "invalid_api_key"),
        ({"x-api-key": ""}, "invalid_api_key"),
    ],
)
def test_without_a_key_every_address_answers_401(client: Client, headers: dict[str, str], code: str) -> None:
    addresses = ["/calls", "/calls/1", "/verifications", "/verifications/1", "/scripts/default"]
    answers = [client.get(path, headers=headers) for path in addresses]
    answers += [
        client.post(path, {}, content_type="application/json", headers=headers)
        for path in ("/call-customer", "/verifications", "/scripts")
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"], answer["WWW-Authenticate"]) == (
            401,
            code,
            'Bearer realm="Highway"',
        )


def test_a_key_opens_the_api_by_either_header_until_it_is_revoked(client: Client) -> None:
    key, secret = api_key_create(name="crm")
    ways = [{"authorization": f"Bearer {secret}"}, {"authorization": f"bearer {secret}"}, {"x-api-key": secret}]
    assert [client.get("/calls", headers=way).status_code for way in ways] == [200, 200, 200]
    api_key_revoke(key=key, now=NOW)
    assert [client.get("/calls", headers=way).status_code for way in ways] == [401, 401, 401]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"verification": "is required"}),
        (b"", {"body": "is required"}),
        ([], {"body": "must be an object"}),
        ({"verification": "42"}, {"verification": "must be a whole number"}),
        ({"verification": True}, {"verification": "must be a whole number"}),
        ({"verification": 0}, {"verification": "Input should be greater than or equal to 1"}),
        ({"verification": 2**63}, {"verification": f"Input should be less than or equal to {2**63 - 1}"}),
        ({"verification": 1, "phone": "+12025550123"}, {"phone": "is not a field of this request"}),
        ({"verification": 1, "to": 12025550123}, {"to": "must be text"}),
        ({"verification": 1, "to": "1" * 41}, {"to": "String should have at most 40 characters"}),
        ({"verification": 1, "other_number": "yes"}, {"other_number": "must be true or false"}),
        (
            {"to": None, "extra": 1},
            {"to": "must be text", "verification": "is required", "extra": "is not a field of this request"},
        ),
    ],
)
def test_a_wrong_call_request_is_refused_by_field(send: Callable[..., Any], body: Any, fields: dict[str, str]) -> None:
    answer = send("POST", "/call-customer", body)
    assert (answer.status_code, answer.json()) == (
        422,
        {"code": "validation_error", "message": "The request is not valid: see fields.", "fields": fields},
    )


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"name": ""}, {"name": "String should have at least 1 character"}),
        ({"name": "  "}, {"name": "is required"}),
        ({"name": "Ada\n# Rules"}, {"name": "must be one line, without control characters"}),
        ({"name": "Ada \ud800"}, {"name": "must be text"}),
        ({"name": "x" * 201}, {"name": "String should have at most 200 characters"}),
        ({"phone": "911"}, {"phone": "cannot exist: it is too short"}),
        ({"phone": "call me"}, {"phone": NOT_A_NUMBER}),
        ({"background": "\x00"}, {"background": "must not contain control characters"}),
        ({"external_id": "a\tb"}, {"external_id": "must be one line, without control characters"}),
        ({"script": "loans"}, {"script": "no script has this name; publish it first, or leave it out for the default"}),
        ({"facts": ["1985-03-05"]}, {"facts": "must be an object"}),
        ({"facts": {"a\nb": "x"}}, {"facts.a\nb": ONE_LINE}),
        ({"facts": {"car": "Fiat\nRules"}}, {"facts.car": ONE_LINE}),
        ({"facts": {"car": "Fiat \ud800"}}, {"facts.car": ONE_LINE}),
        ({"facts": {"car": "x" * 301}}, {"facts.car": "is 301 characters long; at most 300 are kept"}),
        (
            {"name": "\t", "phone": "1", "facts": {"car": "\n"}},
            {"name": "is required", "phone": NOT_A_NUMBER, "facts.car": ONE_LINE},
        ),
    ],
)
def test_a_wrong_verification_is_refused_by_field(
    send: Callable[..., Any], body: dict[str, Any], fields: dict[str, str]
) -> None:
    answer = send("POST", "/verifications", {"name": "Ada Byron", **body})
    assert (answer.status_code, answer.json()["code"], answer.json()["fields"]) == (422, "validation_error", fields)
    assert not Verification.objects.exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("address", {"city": "Rome"}),
        ("pets", ["Rex"]),
        ("", "x"),
        ("car", None),
        ("car", True),
        ("car", ""),
        ("ssn_last_4", "12"),
    ],
)
def test_a_fact_that_could_not_be_asked_is_refused_in_the_words_of_the_evidence(
    send: Callable[..., Any], key: str, value: Any
) -> None:
    answer = send("POST", "/verifications", {"name": "Ada", "facts": {key: value, "employer": "Acme"}})
    problem = facts_problems({key: value})[key]
    assert (answer.status_code, answer.json()["fields"]) == (422, {f"facts.{key}": problem})


def test_a_number_beyond_all_bounds_is_refused(send: Callable[..., Any]) -> None:
    answer = send("POST", "/verifications", b'{"name": "Ada", "facts": {"monthly_income": 1e999}}')
    assert answer.json()["fields"] == {"facts.monthly_income": "is not a number that can be kept"}


def test_too_many_facts_are_refused(send: Callable[..., Any]) -> None:
    answer = send("POST", "/verifications", {"name": "Ada", "facts": {f"k{number}": 1 for number in range(51)}})
    assert list(answer.json()["fields"]) == ["facts"]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/calls?limit=0", {"limit": "Input should be greater than or equal to 1"}),
        ("/calls?limit=ten", {"limit": "must be a whole number"}),
        ("/calls?after=x", {"after": "must be a whole number"}),
        ("/verifications?limit=201", {"limit": "Input should be less than or equal to 200"}),
    ],
)
def test_a_wrong_query_is_refused_by_field(send: Callable[..., Any], path: str, fields: dict[str, str]) -> None:
    answer = send("GET", path)
    assert (answer.status_code, answer.json()["fields"]) == (422, fields)


def test_a_wait_beyond_thirty_seconds_is_refused_and_nothing_is_called(send: Callable[..., Any]) -> None:
    for wait in ("31", "-1", "nan", "soon"):
        answer = send("POST", f"/call-customer?wait={wait}", {"verification": verification().pk})
        assert (answer.status_code, list(answer.json()["fields"])) == (422, ["wait"])
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    ("phone", "to", "code", "field"),
    [
        ("", "", "no_phone", "to"),
        ("", "911", "invalid_number", "to"),
        ("+12025550110", "+15551234567", "invalid_number", "to"),
        ("+12025550110", "+12025550111", "number_mismatch", "to"),
    ],
)
def test_a_number_that_may_not_be_called_is_refused(
    send: Callable[..., Any], phone: str, to: str, code: str, field: str
) -> None:
    answer = send("POST", "/call-customer", {"verification": verification(phone=phone).pk, "to": to})
    body = answer.json()
    assert (answer.status_code, set(body), body["code"], list(body["fields"])) == (
        422,
        {"code", "message", "fields"},
        code,
        [field],
    )
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "bad_json"),
        (b"\xff", "application/json", 400, "bad_json"),
        (b'{"verification": NaN}', "application/json", 400, "bad_json"),
        (b"[" * 100_000, "application/json", 400, "bad_json"),
        (b'{"verification": ' + b"9" * 5000 + b"}", "application/json", 400, "bad_json"),
        (b"verification=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b'{"verification": 1}', "text/plain", 415, "unsupported_media_type"),
        (b'{"verification": 1}', "", 415, "unsupported_media_type"),
        (b" " * 3_000_000, "application/json", 413, "too_large"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    send: Callable[..., Any], body: bytes, kind: str, status: int, code: str
) -> None:
    answer = send("POST", "/call-customer", body, kind)
    assert (answer.status_code, answer.json()["code"], answer.json()["fields"]) == (status, code, {})


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/call-customer", "POST"),
        ("DELETE", "/calls/1", "GET"),
        ("PUT", "/verifications", "GET, POST"),
        ("OPTIONS", "/scripts/default", "GET"),
    ],
)
def test_another_method_is_refused_with_those_allowed(
    send: Callable[..., Any], method: str, path: str, allow: str
) -> None:
    answer = send(method, path)
    assert (answer.status_code, answer["Allow"], answer.json()["code"]) == (405, allow, "method_not_allowed")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/calls/7", "There is no call 7."),
        ("/calls/99999999999999999999999", "There is no call 99999999999999999999999."),
        ("/calls/seven", "There is nothing at this address."),
        ("/calls/", "There is nothing at this address."),
        ("/verifications/7", "There is no verification 7."),
        ("/scripts/loans", "There is no script loans."),
        ("/scripts/default?version=9", "There is no version 9."),
        ("/no/such/page", "There is nothing at this address."),
    ],
)
def test_what_is_not_there_is_404_in_the_same_shape(send: Callable[..., Any], path: str, message: str) -> None:
    answer = send("GET", path)
    assert (answer.status_code, answer.json()) == (404, {"code": "not_found", "message": message, "fields": {}})


def test_a_call_for_a_verification_that_is_not_there_is_404(send: Callable[..., Any]) -> None:
    answer = send("POST", "/call-customer", {"verification": 7})
    assert (answer.status_code, answer.json()["message"]) == (404, "There is no verification 7.")


def test_a_failure_of_ours_says_nothing_to_the_client_and_logs_no_value(
    send: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        if sql.startswith("INSERT"):
            raise RuntimeError(f"Failing row contains {params}")
        return execute(sql, params, *rest)

    with connection.execute_wrapper(broken), caplog.at_level(logging.DEBUG, logger="calls"):
        answer = send("POST", "/verifications", {"name": "Ada", "facts": {"car": "a red Fiat"}})
    assert (answer.status_code, answer.json()) == (
        500,
        {
            "code": "internal_error",
            "message": "The server failed; nothing is known to be wrong with the request.",
            "fields": {},
        },
    )
    assert "RuntimeError in POST /verifications" in caplog.text
    assert "verification_create" in caplog.text
    assert "Fiat" not in caplog.text


def test_a_key_without_the_scope_is_refused(client: Client) -> None:
    headers = {"x-api-key": api_key_create(name="reader", scopes=["read"])[1]}
    assert client.get("/calls", headers=headers).status_code == 200
    answers = [
        client.post(path, {}, content_type="application/json", headers=headers)
        for path in ("/call-customer", "/verifications", "/scripts")
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "insufficient_scope")] * 3


def test_a_key_that_asks_too_often_is_told_when_to_come_back(client: Client) -> None:
    headers = {"x-api-key": api_key_create(name="busy", rate_per_minute=1)[1]}
    client.get("/calls", headers=headers)
    # The minute may turn between two requests, but not between each of three.
    answer = next(
        answer for answer in (client.get("/calls", headers=headers) for _ in range(3)) if answer.status_code != 200
    )
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(answer["Retry-After"]) <= 60


def test_a_key_without_credits_is_told_so(client: Client) -> None:
    headers = {"x-api-key": api_key_create(name="poor", credits=0)[1]}
    body = {"verification": verification().pk}
    answer = client.post("/call-customer", body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_credits")
    assert not Call.objects.exists()
