"""The ladder: when a person is rung again, and when never. Winter in New York is UTC−5."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.lifecycle import EndReason, Status
from calls.models import Call
from calls.retries import CALL_LATER, LADDER, due_at
from calls.services.calls import call_claim, call_conclude, call_request, event_add
from calls.services.retrying import zone_of
from tests import factories

NEW_YORK = ZoneInfo("America/New_York")
MORNING = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
"""A Monday, 9:00 in New York."""


def local(ending: str, now: datetime, *, rung: int = 1) -> str:
    due = due_at(ending=ending, try_number=rung, max_tries=9, now=now, zone=NEW_YORK)
    return due.astimezone(NEW_YORK).strftime("%a %H:%M") if due else "never"


@pytest.mark.parametrize(
    ("ending", "after_9", "after_13", "after_19"),
    [
        (EndReason.BUSY, "Mon 09:05", "Mon 13:05", "Mon 19:05"),
        (EndReason.NO_ANSWER, "Mon 14:30", "Mon 18:30", "Tue 10:00"),
        (EndReason.VOICEMAIL, "Tue 14:30", "Tue 10:00", "Tue 10:00"),
        (EndReason.SCREENED, "Tue 14:30", "Tue 10:00", "Tue 10:00"),
        (CALL_LATER, "Tue 09:00", "Tue 13:00", "Tue 19:00"),
        (EndReason.CARRIER_ERROR, "Mon 09:02", "Mon 13:02", "Mon 19:02"),
        (EndReason.INVALID_NUMBER, "never", "never", "never"),
    ],
)
def test_each_ending_has_its_own_next_time(ending: str, after_9: str, after_13: str, after_19: str) -> None:
    found = [local(ending, MORNING + timedelta(hours=hours)) for hours in (0, 4, 10)]
    assert found == [after_9, after_13, after_19]


def test_a_line_that_stays_busy_is_tried_less_and_less_often() -> None:
    assert [local(EndReason.BUSY, MORNING, rung=rung) for rung in (1, 2, 3, 4, 5)] == [
        "Mon 09:05",
        "Mon 09:20",
        "Mon 10:00",
        "Mon 13:00",
        "Mon 13:00",
    ]


@pytest.mark.parametrize(
    "ending",
    [
        EndReason.COMPLETED,
        EndReason.ANSWERS_EXHAUSTED,
        EndReason.DECLINED,
        EndReason.WRONG_PERSON,
        EndReason.OPTED_OUT,
        EndReason.CUSTOMER_HUNG_UP,
        EndReason.INVALID_NUMBER,
        EndReason.CARRIER_REJECTED,
        EndReason.MODEL_AUTH,
        EndReason.MODEL_QUOTA,
        EndReason.CANCELED,
    ],
)
def test_what_is_conclusive_or_needs_a_hand_is_never_tried_again(ending: EndReason) -> None:
    assert due_at(ending=ending, try_number=1, max_tries=9, now=MORNING, zone=UTC) is None


@given(
    ending=st.sampled_from(sorted(LADDER)),
    rung=st.integers(1, 12),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    zone=st.sampled_from(["America/New_York", "Asia/Kathmandu", "Pacific/Apia", "UTC"]),
)
def test_the_next_time_lies_ahead_within_two_days_and_none_is_beyond_the_last_try(
    ending: str, rung: int, now: datetime, zone: str
) -> None:
    due = due_at(ending=ending, try_number=rung, max_tries=rung + 1, now=now, zone=ZoneInfo(zone))
    assert due is not None
    assert timedelta(minutes=1) < due - now <= timedelta(days=2, hours=1)
    assert due_at(ending=ending, try_number=rung, max_tries=rung, now=now, zone=UTC) is None


def test_a_number_is_in_the_zone_of_its_area_and_an_unknown_one_in_utc() -> None:
    assert zone_of("+12125550123") == NEW_YORK
    assert zone_of("+88213555012") == UTC


# -- the rows --------------------------------------------------------------------------------------------------------


def conclude(call: Call, end_reason: EndReason, status: Status = Status.NOT_REACHED) -> list[Call]:
    """End the call in the morning; the calls that its verification then has besides."""
    call_conclude(call_id=call.pk, status=status, end_reason=end_reason, now=MORNING)
    return list(Call.objects.exclude(pk=call.pk))


@pytest.mark.django_db
def test_a_retry_is_a_new_row_due_later_with_the_same_orders() -> None:
    script = factories.script(name="three", max_tries=3)
    first = call_request(verification=factories.verification(script_name="three", phone="+12125550123"), now=MORNING)
    [second] = conclude(first, EndReason.NO_ANSWER)
    assert (second.attempt, second.try_number, second.max_tries, second.stage) == (2, 2, 3, "queued")
    assert (second.script, second.to_number, second.due_at) == (script, "+12125550123", MORNING + timedelta(hours=5.5))
    assert second.events.get().detail == {"attempt": 2, "try": 2, "after_call": first.pk}


@pytest.mark.django_db
def test_a_conclusion_told_twice_makes_one_retry() -> None:
    call = factories.call(max_tries=3)
    conclude(call, EndReason.BUSY)
    assert len(conclude(call, EndReason.BUSY)) == 1


@pytest.mark.django_db
def test_by_default_nobody_is_rung_again() -> None:
    call = call_request(verification=factories.verification(), now=MORNING)
    assert conclude(call, EndReason.BUSY) == []


@pytest.mark.django_db
def test_the_last_try_is_the_last() -> None:
    assert conclude(factories.call(try_number=3, max_tries=3), EndReason.BUSY) == []


@pytest.mark.django_db
def test_who_asks_to_be_called_later_is_and_who_refuses_is_not() -> None:
    later, refuses = factories.call(max_tries=2), factories.call(max_tries=2)
    for call, reason in ((later, "call_later"), (refuses, "refuses")):
        event_add(call_id=call.pk, kind="tool_called", now=MORNING, detail={"tool": "decline", "reason": reason})
        call_conclude(call_id=call.pk, status=Status.UNSUCCESSFUL, end_reason=EndReason.DECLINED, now=MORNING)
    [again] = Call.objects.exclude(stage="ended")
    assert (again.verification, again.due_at) == (later.verification, MORNING + timedelta(days=1))


@pytest.mark.django_db(transaction=True)
def test_a_retry_is_not_dialed_before_its_time() -> None:
    [again] = conclude(factories.call(max_tries=2), EndReason.BUSY)
    assert call_claim(call_id=again.pk, now=MORNING + timedelta(minutes=4, seconds=59)) is None
    assert call_claim(call_id=again.pk, now=MORNING + timedelta(minutes=5)) is not None
