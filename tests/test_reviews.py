"""Reviews: kept beside the machine's status, four eyes, the queue, and how calls come into it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from calls.lifecycle import EndReason, Status
from calls.models import AuditEntry, Call, Review
from calls.reviewing import ReviewState, Standing
from calls.services.calls import call_conclude
from calls.services.errors import Refused
from calls.services.reviews import review_next, review_previous, review_queue, review_record
from tests import factories
from tests.admin_pages import ENDED
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def reviewer(name: str = "rita", *codenames: str) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["review_call", *codenames]))
    return user


def waiting(minutes: int = 0, **fields: Any) -> Call:
    due = {"review_state": "due", "review_due_at": NOW - timedelta(minutes=minutes)}
    return factories.call(**{**ENDED, **due, **fields})


def test_a_review_stands_beside_the_machine_s_status() -> None:
    call, rita = waiting(), reviewer()
    stands = review_record(
        call_id=call.pk, reviewer=rita, decision="overturn", status="user_hung_up", reason="She hung up.", now=NOW
    )
    assert stands == Standing(ReviewState.DONE, "user_hung_up")
    call.refresh_from_db()
    assert (call.status, call.final_status, call.review_state) == ("unsuccessful_call", "user_hung_up", "done")
    kept = Review.objects.values_list("call", "reviewer", "decision", "status", "reason", "at").get()
    assert kept == (call.pk, rita.pk, "overturn", "user_hung_up", "She hung up.", NOW)
    detail = {"decision": "overturn", "status": "user_hung_up", "state": "done"}
    assert AuditEntry.objects.values_list("actor", "action", "object_type", "object_id", "detail").get() == (
        *(rita.pk, "reviewed", "call", str(call.pk), detail),
    )
    assert call.events.values_list("kind", "detail").get() == ("reviewed", detail)


def test_an_overturn_to_successful_takes_a_second_person() -> None:
    call, rita, sam = waiting(), reviewer("rita"), reviewer("sam")
    passing = {"decision": "overturn", "status": "successful_call", "reason": "It matched."}
    review_record(call_id=call.pk, reviewer=rita, now=NOW, **passing)
    call.refresh_from_db()
    assert (call.review_state, call.final_status) == ("second", "")
    with pytest.raises(Refused, match="another person's"):
        review_record(call_id=call.pk, reviewer=rita, now=NOW, **passing)
    review_record(call_id=call.pk, reviewer=sam, now=NOW, **passing)
    call.refresh_from_db()
    assert (call.review_state, call.final_status, call.status) == ("done", "successful_call", "unsuccessful_call")


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"decision": "guess"}, {"decision": "is unknown"}),
        ({"decision": "overturn", "status": "user_hung_up"}, {"reason": "is required to overturn"}),
        (
            {"decision": "overturn", "status": "unsuccessful_call", "reason": "x"},
            {"status": "must be another than the machine's"},
        ),
        (
            {"decision": "overturn", "status": "in_progress", "reason": "x"},
            {"status": "must be another than the machine's"},
        ),
    ],
)
def test_a_review_is_refused_with(given: dict[str, str], fields: dict[str, str]) -> None:
    call = waiting()
    with pytest.raises(Refused) as refused:
        review_record(call_id=call.pk, reviewer=reviewer(), now=NOW, **given)
    assert refused.value.fields == fields
    assert not Review.objects.exists()


def test_a_call_that_goes_on_is_not_reviewed() -> None:
    call = factories.call(stage="answered")
    with pytest.raises(Refused) as refused:
        review_record(call_id=call.pk, reviewer=reviewer(), decision="confirm", now=NOW)
    assert refused.value.code == "not_ended"


def test_a_decided_call_takes_no_more_reviews() -> None:
    call = waiting()
    review_record(call_id=call.pk, reviewer=reviewer("rita"), decision="confirm", now=NOW)
    with pytest.raises(Refused) as refused:
        review_record(call_id=call.pk, reviewer=reviewer("sam"), decision="confirm", now=NOW)
    assert refused.value.code == "not_open"


def test_an_escalated_call_is_a_supervisor_s() -> None:
    call = waiting()
    review_record(call_id=call.pk, reviewer=reviewer("rita"), decision="escalate", now=NOW)
    with pytest.raises(Refused) as refused:
        review_record(call_id=call.pk, reviewer=reviewer("sam"), decision="confirm", now=NOW)
    assert refused.value.code == "escalated"
    boss = reviewer("boss", "settle_escalated_call")
    assert list(review_queue(reviewer=boss)) == [call]
    stands = review_record(call_id=call.pk, reviewer=boss, decision="confirm", now=NOW)
    assert stands == Standing(ReviewState.DONE, "unsuccessful_call")


def test_call_again_asks_for_the_next_call_of_the_same_number() -> None:
    call, rita = waiting(to_number="+12025550177", other_number=True), reviewer()
    review_record(call_id=call.pk, reviewer=rita, decision="call_again", now=NOW)
    again = Call.objects.exclude(pk=call.pk).get()
    assert (again.attempt, again.to_number, again.requested_by_user, again.stage) == (2, "+12025550177", rita, "queued")
    call.refresh_from_db()
    assert (call.review_state, call.final_status) == ("done", "")


def test_call_again_keeps_no_review_where_the_call_is_refused() -> None:
    call = waiting()
    factories.call(verification=call.verification, attempt=2, stage="ringing")
    with pytest.raises(Refused, match="still in progress"):
        review_record(call_id=call.pk, reviewer=reviewer(), decision="call_again", now=NOW)
    assert not Review.objects.exists()


def test_the_queue_is_the_longest_waiting_first_without_what_one_has_reviewed() -> None:
    calls = [waiting(minutes) for minutes in (1, 30, 10)]
    waiting(5, review_state="escalated")
    waiting(5, review_state="done")
    rita = reviewer()
    assert list(review_queue(reviewer=rita)) == [calls[1], calls[2], calls[0]]
    assert review_next(reviewer=rita, after=calls[1]) == calls[2]
    assert review_next(reviewer=rita, after=calls[0]) == calls[1]
    assert review_previous(reviewer=rita, before=calls[2]) == calls[1]
    assert review_previous(reviewer=rita, before=calls[1]) == calls[0]
    Review.objects.create(call=calls[1], reviewer=rita, decision="confirm", status="unsuccessful_call", at=NOW)
    assert list(review_queue(reviewer=rita)) == [calls[2], calls[0]]


@pytest.mark.parametrize(
    ("share", "flagged", "answered", "state"),
    [(0, False, True, ""), (0, True, True, "due"), (100, False, True, "due"), (100, False, False, "")],
)
def test_an_ended_call_comes_into_the_queue_where_flagged_or_drawn(
    share: int, flagged: bool, answered: bool, state: str
) -> None:
    call = factories.call(stage="answered" if answered else "ringing", script=factories.script(review_share=share))
    call_conclude(
        call_id=call.pk,
        status=Status.UNSUCCESSFUL,
        end_reason=EndReason.ANSWERS_EXHAUSTED,
        now=NOW,
        needs_review=flagged,
    )
    call.refresh_from_db()
    assert (call.review_state, call.review_due_at) == (state, NOW if state else None)
    call.verification.refresh_from_db()
    assert call.verification.latest_status == "unsuccessful_call"
