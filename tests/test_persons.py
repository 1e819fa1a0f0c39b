"""Three failed verifications, over all calls to a person, lock them until staff unlock."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from calls.models import Answer, AuditEntry, Call, PersonUnlock, Verification
from calls.services.calls import call_request
from calls.services.errors import Refused
from calls.services.persons import person_failures, person_unlock, persons_with_past
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def failed(verification: Verification, *, wrong: bool = False, **fields: Any) -> Call:
    values = {"status": "unsuccessful_call", "end_reason": "answers_exhausted", **fields}
    attempt = verification.calls.count() + 1
    call = factories.call(verification=verification, attempt=attempt, stage="ended", **values)
    if wrong:
        Answer.objects.create(call=call, question_id="q1", key="car", asked="?", verdict="mismatch")
    return call


def refusal(verification: Verification) -> str:
    try:
        call_request(verification=verification, now=NOW)
    except Refused as refused:
        return refused.code
    return ""


def test_the_third_failed_verification_locks_the_person() -> None:
    person = factories.verification()
    for _ in range(2):
        failed(person)
    assert refusal(person) == ""
    Call.objects.filter(stage="queued").delete()
    failed(person)
    assert refusal(person) == "person_locked"


@pytest.mark.parametrize("same", ["phone", "external_id"])
def test_a_person_is_whoever_has_the_same_number_or_the_same_external_id(same: str) -> None:
    own = {"phone": "+12025550123", "external_id": "crm-1"}
    others = {"phone": "+12025550199", "external_id": "crm-2"}
    for _ in range(3):
        failed(factories.verification(**own))
    assert refusal(factories.verification(**{**others, same: own[same]})) == "person_locked"
    assert refusal(factories.verification(**others)) == ""


def test_those_with_a_past_are_found_at_once_by_number_id_or_themselves() -> None:
    old = factories.verification(phone="+12025550101", external_id="A")
    failed(old)
    by_number = factories.verification(phone="+12025550101", external_id="B")
    by_id = factories.verification(phone="+12025550102", external_id="A")
    alone = factories.verification(phone="", external_id="")
    failed(alone)
    strangers = [
        factories.verification(phone="+12025550103", external_id="C"),
        factories.verification(phone="", external_id=""),
    ]
    factories.call(verification=strangers[0])  # It has not ended.
    known = [old, by_number, by_id, alone]
    assert persons_with_past(verifications=[*known, *strangers]) == {one.pk for one in known}
    # Each as if it were the only one asked about.
    assert [bool(persons_with_past(verifications=[one])) for one in [*known, *strangers]] == [True] * 4 + [False] * 2


def test_people_without_number_and_id_are_not_one_person() -> None:
    for _ in range(3):
        failed(factories.verification(phone="", external_id=""))
    assert person_failures(verification=factories.verification(phone="", external_id="")) == 0


@pytest.mark.parametrize(
    ("ending", "wrong", "counts"),
    [
        ({}, False, 1),
        ({"end_reason": "silence"}, False, 1),
        ({"end_reason": "declined"}, False, 0),
        ({"end_reason": "wrong_person"}, False, 0),
        ({"end_reason": "opted_out"}, False, 0),
        ({"end_reason": "declined"}, True, 1),
        ({"status": "user_hung_up", "end_reason": "customer_hung_up"}, False, 0),
        ({"status": "user_hung_up", "end_reason": "customer_hung_up"}, True, 1),
        ({"status": "system_error", "end_reason": "relay_lost"}, True, 1),
        ({"status": "not_reached", "end_reason": "busy"}, False, 0),
        ({"status": "successful_call", "end_reason": "completed"}, True, 0),
        ({"final_status": "successful_call"}, True, 0),
    ],
)
def test_a_guess_counts_and_a_call_without_one_does_not(ending: dict[str, str], wrong: bool, counts: int) -> None:
    person = factories.verification()
    failed(person, wrong=wrong, **ending)
    assert person_failures(verification=person) == counts


def test_staff_unlock_a_person_and_say_why() -> None:
    person, clerk = factories.verification(), User.objects.create_user("clerk")
    for _ in range(3):
        failed(person)
    person_unlock(verification=person, by=clerk, reason=" Called us from the branch. ", now=NOW)
    unlock = PersonUnlock.objects.get()
    assert (unlock.phone, unlock.unlocked_by, unlock.reason) == (person.phone, clerk, "Called us from the branch.")
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.object_id) == (clerk, "person_unlocked", str(person.pk))
    assert refusal(person) == ""


def test_after_an_unlock_failures_are_counted_anew() -> None:
    person = factories.verification()
    for _ in range(3):
        failed(person)
    person_unlock(verification=person, by=User.objects.create_user("clerk"), reason="Known to us.", now=NOW)
    for _ in range(3):
        failed(person, ended_at=NOW + timedelta(hours=1))
    assert refusal(person) == "person_locked"


def test_a_person_without_number_and_id_can_be_unlocked_too() -> None:
    person = factories.verification(phone="", external_id="")
    for _ in range(3):
        failed(person)
    person_unlock(verification=person, by=User.objects.create_user("clerk"), reason="Known to us.", now=NOW)
    assert person_failures(verification=person) == 0


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
def test_an_unlock_needs_a_reason(reason: str) -> None:
    with pytest.raises(Refused) as refused:
        person_unlock(verification=factories.verification(), by=User.objects.create_user("c"), reason=reason, now=NOW)
    assert (list(refused.value.fields), PersonUnlock.objects.count()) == (["reason"], 0)


def test_no_limit_is_no_lock(settings: Settings) -> None:
    settings.MAX_FAILED_VERIFICATIONS = 0
    person = factories.verification()
    for _ in range(9):
        failed(person)
    assert refusal(person) == ""


def test_the_admin_offers_to_unlock_who_is_locked_and_nobody_else(admin_client: Client) -> None:
    person = factories.verification()
    page = f"/admin/calls/verification/{person.pk}"
    assert "unlock/" not in admin_client.get(f"{page}/change/").content.decode()
    for _ in range(3):
        failed(person)
    assert "unlock/" in admin_client.get(f"{page}/change/").content.decode()


def test_staff_unlock_a_person_in_the_admin_and_must_say_why(admin_client: Client) -> None:
    person = factories.verification()
    for _ in range(3):
        failed(person, ended_at=NOW - timedelta(days=3650))
    address = f"/admin/calls/verification/{person.pk}/unlock/"
    assert "Let Ada Byron be called again?" in admin_client.get(address, follow=True).content.decode()
    admin_client.post(address, {"reason": ""})
    assert refusal(person) == "person_locked"
    admin_client.post(address, {"reason": "Known to us."})
    assert (refusal(person), PersonUnlock.objects.get().reason) == ("", "Known to us.")


def test_who_may_not_unlock_is_not_let(client: Client) -> None:
    person = factories.verification()
    for _ in range(3):
        failed(person)
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="change_verification"))
    client.force_login(clerk)
    assert client.post(f"/admin/calls/verification/{person.pk}/unlock/", {"reason": "x"}).status_code == 403
    assert refusal(person) == "person_locked"
