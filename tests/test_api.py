"""The API as a client meets it: what is kept, what is shown, what is withheld."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from calls.models import Answer, Call, CallEvent, Script, Turn, Verification
from calls.services.api_keys import api_key_create
from tests.factories import NOW, call, script, verification

pytestmark = pytest.mark.django_db

MARIA = {
    "name": "Maria Gomez",
    "phone": "(202) 555-0110",
    "background": "Loan application.\nSecond try.",
    "facts": {"date_of_birth": "1985-03-05", "ssn_last_4": "1234", "monthly_income": 4200},
    "external_id": "crm-77",
}


@pytest.fixture
def secret() -> str:
    return api_key_create(name="crm", scopes=["admin"])[1]


@pytest.fixture
def post(client: Client, secret: str) -> Callable[..., Any]:
    def send(path: str, **body: Any) -> Any:
        return client.post(path, body, content_type="application/json", headers={"x-api-key": secret})

    return send


@pytest.fixture
def get(client: Client, secret: str) -> Callable[..., Any]:
    def fetch(path: str, **query: Any) -> Any:
        return client.get(path, query, headers={"authorization": f"Bearer {secret}"})

    return fetch


def test_the_front_door_says_that_it_runs_to_anyone(client: Client) -> None:
    response = client.get("/")
    assert (response.status_code, response.json()) == (200, {"message": "Running"})


# -- verifications ----------------------------------------------------------------------------------------------------


def test_a_verification_is_kept_and_its_facts_are_not_given_out(
    post: Callable[..., Any], get: Callable[..., Any]
) -> None:
    created = post("/verifications", **MARIA)
    row = Verification.objects.get()
    assert (row.phone, row.facts, row.script_name) == ("+12025550110", MARIA["facts"], "default")
    assert created.status_code == 201
    body = created.json()
    assert body.pop("created_at")
    assert body == {
        "id": row.pk,
        "name": "Maria Gomez",
        "phone": "+1202•••0110",
        "background": "Loan application.\nSecond try.",
        "facts": ["date_of_birth", "monthly_income", "ssn_last_4"],
        "external_id": "crm-77",
        "script": "default",
        "calls": [],
    }
    read = get(f"/verifications/{row.pk}")
    assert (read.status_code, {**read.json(), "created_at": 0}) == (200, {**body, "created_at": 0})


def test_a_number_is_read_in_the_default_region(post: Callable[..., Any], settings: Any) -> None:
    settings.DEFAULT_REGION = "GB"
    assert post("/verifications", name="Ada Byron", phone="020 7946 0018").status_code == 201
    assert Verification.objects.get().phone == "+442079460018"


def test_verifications_are_listed_newest_first_page_by_page(get: Callable[..., Any]) -> None:
    first, second, third = (verification(external_id="crm-77") for _ in range(3))
    verification(external_id="other")
    page = get("/verifications", external_id="crm-77", limit=2).json()
    assert ([item["id"] for item in page["items"]], page["next"]) == ([third.pk, second.pk], second.pk)
    verification(external_id="crm-77")  # One more, meanwhile: the next page is not shifted by it.
    page = get("/verifications", external_id="crm-77", limit=2, after=page["next"]).json()
    assert ([item["id"] for item in page["items"]], page["next"]) == ([first.pk], None)


# -- calls ------------------------------------------------------------------------------------------------------------


def test_a_call_is_queued_with_the_number_on_file(post: Callable[..., Any]) -> None:
    row = verification(phone="+12025550110")
    answer = post("/call-customer", verification=row.pk)
    made = Call.objects.get()
    assert answer.status_code == 202
    assert answer.json() == {
        "call": made.pk,
        "verification": row.pk,
        "status": "in_progress",
        "stage": "queued",
        "end_reason": "",
        "url": f"https://highway.test/calls/{made.pk}",
        "sid": None,
    }
    assert (made.to_number, made.other_number, made.attempt) == ("+12025550110", False, 1)
    assert made.requested_by is not None
    assert made.requested_by.name == "crm"


def test_another_number_is_called_only_when_the_request_says_so_and_the_call_keeps_it(post: Callable[..., Any]) -> None:
    row = verification(phone="+12025550110")
    assert post("/call-customer", verification=row.pk, to="+12025550111").json()["code"] == "number_mismatch"
    assert post("/call-customer", verification=row.pk, to="202 555 0111", other_number=True).status_code == 202
    assert list(Call.objects.values_list("to_number", "other_number")) == [("+12025550111", True)]


def test_the_number_on_file_may_be_given_in_any_form(post: Callable[..., Any]) -> None:
    row = verification(phone="+12025550110")
    assert post("/call-customer", verification=row.pk, to="(202) 555-0110").status_code == 202
    assert list(Call.objects.values_list("to_number", "other_number")) == [("+12025550110", False)]


def test_a_second_call_is_refused_while_one_is_in_progress(post: Callable[..., Any]) -> None:
    row = verification()
    assert post("/call-customer", verification=row.pk).status_code == 202
    second = post("/call-customer", verification=row.pk)
    assert (second.status_code, second.json()["code"]) == (409, "call_in_progress")
    assert Call.objects.count() == 1


@contextmanager
def carrier_takes_the_call_at_look(number: int) -> Iterator[list[str]]:
    """While a request waits, the call is dialled just before it looks for the `number`th time."""
    looks: list[str] = []

    def look(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith("SELECT") and '"carrier_sid"' in sql and "LIMIT 21" in sql:
            looks.append(sql)
            if len(looks) == number:
                Call.objects.update(stage="dialing", claimed_at=NOW, carrier_sid="CA" + "1" * 32)
        return execute(sql, *rest)

    with connection.execute_wrapper(look):
        yield looks


@pytest.mark.django_db(transaction=True)  # It gives its connection back meanwhile.
def test_a_waiting_request_answers_as_soon_as_the_carrier_has_the_call(post: Callable[..., Any]) -> None:
    row = verification()
    with carrier_takes_the_call_at_look(2) as looks:
        answer = post("/call-customer?wait=30", verification=row.pk).json()
    assert (answer["stage"], answer["sid"], len(looks)) == ("dialing", "CA" + "1" * 32, 2)


def test_where_too_many_wait_already_a_request_is_answered_at_once(
    post: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calls.api._waiters", BoundedSemaphore(0))
    row = verification()
    with carrier_takes_the_call_at_look(1) as looks:
        answer = post("/call-customer?wait=30", verification=row.pk).json()
    assert (answer["stage"], answer["sid"], looks) == ("queued", None, [])


@pytest.mark.django_db(transaction=True)  # It gives its connection back meanwhile.
def test_a_waiting_request_gives_up_after_its_time(post: Callable[..., Any]) -> None:
    answer = post("/call-customer?wait=0.01", verification=verification().pk)
    assert (answer.status_code, answer.json()["stage"], answer.json()["sid"]) == (202, "queued", None)


def test_a_call_is_shown_with_its_history_transcript_and_evidence(get: Callable[..., Any]) -> None:
    text = script(name="loans", version=3)
    ended = {"stage": "ended", "status": "unsuccessful_call", "end_reason": "answers_exhausted", "ended_at": NOW}
    vendor = {"vendor_code": "13224", "vendor_text": "The number +12025550123 is not valid."}
    row = call(script=text, carrier_sid="CA" + "1" * 32, reflection="successful_call", **ended, **vendor)
    Turn.objects.create(call=row, item_id="i2", speaker="caller", text="Yes.", start_ms=900, end_ms=1200)
    Turn.objects.create(call=row, item_id="i1", speaker="agent", text="Hello.", start_ms=0, end_ms=800)
    CallEvent.objects.create(call=row, at=NOW, kind="requested", detail={"attempt": 1})
    said = {"question_id": "q1", "key": "date_of_birth", "asked": "When were you born?", "heard": "May first"}
    compared = {
        "value": "05-01",
        "verdict": "mismatch",
        "method": "date",
        "score": 0.0,
        "start_ms": 900,
        "end_ms": 1200,
    }
    Answer.objects.create(call=row, **said, **compared)
    body = get(f"/calls/{row.pk}").json()
    assert body.pop("created_at")
    assert body == {
        "id": row.pk,
        "verification": row.verification_id,
        "attempt": 1,
        "script": "loans",
        "script_version": 3,
        "to": "+1202•••0123",
        "other_number": False,
        "stage": "ended",
        "status": "unsuccessful_call",
        "end_reason": "answers_exhausted",
        "vendor_code": "13224",
        "vendor_text": "The number +1202•••0123 is not valid.",
        "reflection": "successful_call",
        "needs_review": False,
        "review_reason": "",
        "sid": "CA" + "1" * 32,
        "dialed_at": None,
        "answered_at": None,
        "ended_at": "2026-11-21T12:00:00Z",
        "url": f"https://highway.test/calls/{row.pk}",
        "usage": {},
        "cost": None,
        "transcript": [
            {"speaker": "agent", "text": "Hello.", "start_ms": 0, "end_ms": 800, "interrupted": False},
            {"speaker": "caller", "text": "Yes.", "start_ms": 900, "end_ms": 1200, "interrupted": False},
        ],
        "events": [{"at": "2026-11-21T12:00:00Z", "kind": "requested", "detail": {"attempt": 1}}],
        "answers": [{**said, **compared}],
    }


def test_calls_are_listed_by_verification_and_status(get: Callable[..., Any]) -> None:
    live, ended = call(), call(stage="ended")
    assert [item["id"] for item in get("/calls").json()["items"]] == [ended.pk, live.pk]
    assert [item["id"] for item in get("/calls", status="not_reached").json()["items"]] == [ended.pk]
    assert [item["id"] for item in get("/calls", verification=live.verification_id).json()["items"]] == [live.pk]
    assert get("/calls", verification=2**63 - 1).json() == {"items": [], "next": None}
    page = get("/calls", limit=1).json()
    assert page["next"] == ended.pk
    assert [item["id"] for item in get("/calls", limit=1, after=page["next"]).json()["items"]] == [live.pk]
    shown = get(f"/verifications/{live.verification_id}").json()["calls"]
    assert [(item["id"], item["to"]) for item in shown] == [(live.pk, "+1202•••0123")]


@pytest.mark.parametrize("rows", [2, 10])
def test_listing_and_reading_take_the_same_number_of_queries_however_many_rows(
    get: Callable[..., Any], rows: int, django_assert_num_queries: Any
) -> None:
    job = verification()
    made = [call(stage="ended", verification=job, attempt=number + 1) for number in range(rows)]
    for number in range(rows):
        Turn.objects.create(
            call=made[0], item_id=str(number), speaker="agent", text="-", start_ms=number, end_ms=number
        )
    get("/calls")  # The key's last use is written once a minute.
    for path, queries in (("/calls", 2), (f"/calls/{made[0].pk}", 5), (f"/verifications/{job.pk}", 3)):
        with django_assert_num_queries(queries):
            get(path)


# -- scripts ----------------------------------------------------------------------------------------------------------


def test_a_script_is_published_read_and_used(post: Callable[..., Any], get: Callable[..., Any]) -> None:
    fields = {
        "company": "Acme",
        "purpose": "A loan.",
        "wordings": {"car": "Which car is yours?"},
        "never_together": [["car", "bank"]],
    }
    first = post("/scripts", name="loans", **fields)
    second = post("/scripts", name="loans", time_limit_s=120)
    assert (first.status_code, first.json()["version"], second.json()["version"]) == (200, 1, 2)
    assert {name: second.json()[name] for name in fields} == fields
    assert get("/scripts/loans").json() == second.json()
    assert get("/scripts/loans", version=1).json() == first.json()
    person = post("/verifications", **MARIA, script="loans").json()
    post("/call-customer", verification=person["id"])
    assert Call.objects.get().script == Script.objects.get(name="loans", version=2)
