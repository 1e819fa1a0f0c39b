"""Dialing, against the carrier faked at the wire: whatever happens, nobody is rung twice."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from pytest_django import Settings

from calls import draining, stream_tokens
from calls.models import Call
from calls.services.dialing import MOST_RELEASES, call_dial, calls_dial_due
from calls.tasks import dial, dial_due, settle_stuck
from tests import factories
from tests.factories import NOW, ago
from tests.fake_carrier import FakeCarrier
from tests.one_call import OTHER_SID, SID, at, kinds, told

pytestmark = pytest.mark.django_db


def dial_at_now(call: Call) -> bool:
    return call_dial(call_id=call.pk, clock=at(NOW))


# -- dialing -----------------------------------------------------------------------------------------------------


def test_a_due_call_is_placed_once_with_its_own_stream(carrier_wire: FakeCarrier) -> None:
    call = factories.call(script=factories.script(ring_timeout_s=25, time_limit_s=300))
    carrier_wire.will_accept(SID)
    assert dial_at_now(call)
    assert not dial_at_now(call)
    call.refresh_from_db()
    assert (call.stage, call.carrier_sid, call.dialed_at, kinds(call)) == ("dialing", SID, NOW, ["claimed", "dialed"])
    [form] = carrier_wire.placed
    assert (form["To"], form["From"], form["Timeout"], form["TimeLimit"]) == (
        ["+12025550123"],
        ["+12025550100"],
        ["25"],
        ["330"],
    )
    assert f"wss://highway.test/media-stream/{call.verification_id}/{call.pk}" in form["Twiml"][0]
    token = form["Twiml"][0].partition('name="token" value="')[2].partition('"')[0]
    assert stream_tokens.is_valid(token, verification_id=call.verification_id, call_id=call.pk)


def test_a_refused_number_ends_the_call_with_the_vendors_words(carrier_wire: FakeCarrier) -> None:
    call = factories.call()
    carrier_wire.will_refuse(400, 21214, "To cannot be reached")
    dial_at_now(call)
    assert told(call) == ("ended", "not_reached", "invalid_number", "21214")
    assert call.vendor_text == "To cannot be reached"
    assert not dial_at_now(call)
    assert len(carrier_wire.placed) == 1


def test_a_refused_key_is_our_fault_and_not_the_persons(carrier_wire: FakeCarrier) -> None:
    call = factories.call()
    carrier_wire.will_refuse(401, 20003, "Authenticate")
    dial_at_now(call)
    assert told(call) == ("ended", "system_error", "carrier_rejected", "20003")


def test_a_busy_carrier_is_asked_again_later_and_later(carrier_wire: FakeCarrier) -> None:
    call = factories.call()
    waits = []
    now = NOW
    for _ in range(3):
        carrier_wire.will_answer(429, {"code": 20429, "message": "Too many"})
        call_dial(call_id=call.pk, clock=at(now))
        call.refresh_from_db()
        waits.append((call.due_at - now).total_seconds())
        now = call.due_at
    assert (call.stage, waits) == ("queued", [5.0, 10.0, 20.0])
    carrier_wire.will_accept(SID)
    assert call_dial(call_id=call.pk, clock=at(now))
    assert told(call)[0] == "dialing"


def test_a_carrier_that_stays_busy_is_given_up(carrier_wire: FakeCarrier) -> None:
    call = factories.call()
    now = NOW
    for _ in range(MOST_RELEASES + 1):
        carrier_wire.will_answer(429, {"code": 20429, "message": "Too many"})
        call_dial(call_id=call.pk, clock=at(now))
        call.refresh_from_db()
        now = call.due_at
    assert told(call) == ("ended", "system_error", "carrier_error", "")
    assert now - NOW < timedelta(hours=2)


@pytest.mark.parametrize("answer", ["drop", (500, {}, {})])
def test_a_call_of_unclear_fate_stays_dialing_and_is_not_dialed_again(
    carrier_wire: FakeCarrier, answer: object
) -> None:
    call = factories.call()
    carrier_wire.answers.append(answer)
    dial_at_now(call)
    assert not dial_at_now(call)
    assert calls_dial_due(clock=at(NOW + timedelta(hours=1))) == 0
    assert told(call) == ("dialing", "in_progress", "", "")
    assert (kinds(call), len(carrier_wire.placed)) == (["claimed", "dial_unclear"], 1)


def test_due_calls_are_dialed_oldest_first_and_the_others_wait(carrier_wire: FakeCarrier) -> None:
    young = factories.call(due_at=ago(1), to_number="+12025550101")
    old = factories.call(due_at=ago(9), to_number="+12025550102")
    factories.call(due_at=NOW + timedelta(seconds=1))
    carrier_wire.will_accept(SID)
    carrier_wire.will_accept(OTHER_SID)
    assert calls_dial_due(clock=at(NOW)) == 2
    assert [form["To"] for form in carrier_wire.placed] == [[old.to_number], [young.to_number]]


def test_a_process_going_down_claims_nothing(carrier_wire: FakeCarrier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "draining", True)
    call = factories.call()
    assert calls_dial_due(clock=at(NOW)) == 0
    assert (told(call)[0], carrier_wire.requests) == ("queued", [])


def test_the_tasks_carry_the_names_that_beat_and_the_nudge_use(settings: Settings) -> None:
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(current_app.tasks)
    assert {dial_due.name, settle_stuck.name} <= set(current_app.tasks)
    assert dial.name == "calls.tasks.dial"


def test_a_task_delivered_three_times_dials_once(carrier_wire: FakeCarrier) -> None:
    call = factories.call(due_at=datetime(2020, 1, 1, tzinfo=UTC))
    carrier_wire.will_accept(SID)
    for _ in range(3):
        dial(call.pk)
    dial_due()
    assert len(carrier_wire.placed) == 1
