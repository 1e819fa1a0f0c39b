"""Settling, against the carrier faked at the wire: whatever died, each call ends in one status."""

from datetime import timedelta
from typing import Any

import pytest

from calls.lifecycle import Stage
from calls.models import Call
from calls.services.settling import calls_beat, calls_settle, stuck
from tests import factories
from tests.factories import NOW, ago
from tests.fake_carrier import FakeCarrier, call_json
from tests.one_call import OTHER_SID, SID, at, kinds, told

pytestmark = pytest.mark.django_db


def talking(**fields: Any) -> Call:
    """A call with a stream."""
    return factories.call(**{"stage": Stage.ANSWERED, "carrier_sid": SID, "stream_sid": "MZ1", **fields})


def test_a_call_whose_placement_was_never_answered_is_found_at_the_carrier(carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage=Stage.DIALING, claimed_at=ago(31), to_number="+12025550147")
    carrier_wire.will_list(call_json(SID, "ringing", ago(30)))
    calls_settle(clock=at(NOW))
    assert told(call) == ("ringing", "in_progress", "", "")
    assert (call.carrier_sid, kinds(call)) == (SID, ["dialed", "ringing"])
    assert carrier_wire.requests[0][2]["To"] == ["+12025550147"]


def test_a_call_the_carrier_never_got_ends_within_two_minutes_and_is_not_dialed(carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage=Stage.DIALING, claimed_at=ago(0))
    for _ in range(2):
        carrier_wire.will_list()
    calls_settle(clock=at(NOW + timedelta(seconds=89)))
    assert told(call) == ("dialing", "in_progress", "", "")
    calls_settle(clock=at(NOW + timedelta(seconds=100)))
    assert told(call) == ("ended", "system_error", "carrier_error", "")
    assert (call.vendor_text, carrier_wire.placed) == ("The carrier has no such call.", [])


def test_a_call_of_another_row_is_not_adopted(carrier_wire: FakeCarrier) -> None:
    factories.call(stage=Stage.ENDED, carrier_sid=SID)
    call = factories.call(stage=Stage.DIALING, claimed_at=ago(40))
    carrier_wire.will_list(call_json(SID, "completed", ago(30)))
    calls_settle(clock=at(NOW))
    assert (told(call)[0], call.carrier_sid) == ("dialing", "")


def test_beside_a_call_of_another_row_its_own_is_found(carrier_wire: FakeCarrier) -> None:
    factories.call(stage=Stage.ENDED, carrier_sid=SID)
    call = factories.call(stage=Stage.DIALING, claimed_at=ago(40))
    carrier_wire.will_list(call_json(OTHER_SID, "in-progress", ago(20)), call_json(SID, "completed", ago(39)))
    calls_settle(clock=at(NOW))
    assert (told(call)[0], call.carrier_sid) == ("answered", OTHER_SID)


def test_of_two_calls_that_may_be_ours_none_is_guessed(carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage=Stage.DIALING, claimed_at=ago(130))
    carrier_wire.will_list(call_json(SID, "ringing", ago(120)), call_json(OTHER_SID, "ringing", ago(119)))
    calls_settle(clock=at(NOW))
    assert told(call) == ("ended", "system_error", "carrier_error", "")
    assert call.vendor_text == "The carrier has several calls that may be this one."


def test_a_dial_found_finished_is_settled_at_once(carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage=Stage.DIALING, claimed_at=ago(60))
    carrier_wire.will_list(call_json(SID, "busy", ago(58)))
    calls_settle(clock=at(NOW))
    assert told(call) == ("ended", "not_reached", "busy", "")


def test_a_call_that_rings_for_ever_is_asked_for(carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage=Stage.RINGING, carrier_sid=SID, claimed_at=ago(61))
    carrier_wire.will_answer(200, call_json(SID, "no-answer"))
    calls_settle(clock=at(NOW))
    assert told(call) == ("ended", "not_reached", "no_answer", "")


def test_an_answered_call_with_a_sign_of_life_is_not_asked_about(carrier_wire: FakeCarrier) -> None:
    call = talking(heartbeat_at=ago(19), answered_at=ago(590))
    calls_settle(clock=at(NOW))
    assert (told(call)[0], carrier_wire.requests) == ("answered", [])


def test_a_call_whose_process_died_is_lost_as_soon_as_its_line_is_down(carrier_wire: FakeCarrier) -> None:
    call = talking(heartbeat_at=ago(21))
    carrier_wire.will_answer(200, call_json(SID, "completed"))
    calls_settle(clock=at(NOW))
    assert told(call) == ("ended", "system_error", "process_lost", "")
    assert kinds(call) == ["line_ended", "ended"]


def test_a_line_that_a_callback_ended_is_concluded_when_nobody_else_does(carrier_wire: FakeCarrier) -> None:
    call = talking(heartbeat_at=ago(5), line_ended_at=ago(21))
    calls_settle(clock=at(NOW))
    assert (told(call), carrier_wire.requests) == (("ended", "system_error", "process_lost", ""), [])


def test_a_silent_line_that_is_up_gets_a_minute_and_is_then_hung_up(carrier_wire: FakeCarrier) -> None:
    call = talking(heartbeat_at=ago(21))
    carrier_wire.will_answer(200, call_json(SID, "in-progress"))
    calls_settle(clock=at(NOW))
    assert told(call) == ("answered", "in_progress", "", "")
    for _ in range(2):
        carrier_wire.will_answer(200, call_json(SID, "in-progress"))
    calls_settle(clock=at(NOW + timedelta(seconds=40)))
    assert told(call) == ("ended", "system_error", "process_lost", "")
    assert [(method, form) for method, _, form in carrier_wire.requests if method == "POST"] == [
        ("POST", {"Status": ["completed"]})
    ]


def test_an_answered_call_to_which_no_stream_came_is_a_lost_relay(carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage=Stage.ANSWERED, carrier_sid=SID, answered_at=ago(21))
    carrier_wire.will_answer(200, call_json(SID, "completed"))
    calls_settle(clock=at(NOW))
    assert told(call) == ("ended", "system_error", "relay_lost", "")


def test_a_sign_of_life_keeps_a_call_from_being_settled_and_brings_the_carriers_word() -> None:
    call = talking(heartbeat_at=ago(60), answered_by="machine_start")
    other = talking(heartbeat_at=ago(60), carrier_sid="CA" + "3" * 32)
    over = factories.call(stage=Stage.ENDED)
    assert calls_beat(call_ids=[call.pk, other.pk, over.pk], now=NOW) == {call.pk: "machine_start"}
    assert list(stuck(now=NOW)) == []
    over.refresh_from_db()
    assert over.heartbeat_at is None


def test_one_call_is_asked_about_by_one_worker_at_a_time_and_the_longest_unasked_first(
    carrier_wire: FakeCarrier,
) -> None:
    asked = factories.call(stage=Stage.RINGING, carrier_sid=SID, claimed_at=ago(99), asked_at=ago(9))
    unasked = factories.call(stage=Stage.RINGING, carrier_sid=OTHER_SID, claimed_at=ago(61))
    carrier_wire.will_answer(200, call_json(OTHER_SID, "ringing"))
    calls_settle(clock=at(NOW))
    calls_settle(clock=at(NOW))
    assert [path[-39:-5] for _, path, _ in carrier_wire.requests] == [unasked.carrier_sid]
    for status in (200, 200):
        carrier_wire.will_answer(status, call_json(SID, "ringing"))
    calls_settle(clock=at(NOW + timedelta(seconds=11)))
    assert [path[-39:-5] for _, path, _ in carrier_wire.requests[1:]] == [asked.carrier_sid, unasked.carrier_sid]


def test_a_run_stops_when_its_time_is_up_and_leaves_the_rest_to_the_next(carrier_wire: FakeCarrier) -> None:
    for number in range(3):
        factories.call(stage=Stage.RINGING, carrier_sid=f"CA{number:032}", claimed_at=ago(61))
    moments = iter([NOW, NOW + timedelta(seconds=6), NOW + timedelta(seconds=13)])
    carrier_wire.will_answer(200, call_json("CA" + "0" * 32, "ringing"))
    calls_settle(clock=lambda: next(moments))
    assert len(carrier_wire.requests) == 1


def test_a_call_the_carrier_has_forgotten_ends(carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage=Stage.RINGING, carrier_sid=SID, claimed_at=ago(61))
    carrier_wire.will_refuse(404, 20404, "not found")
    calls_settle(clock=at(NOW))
    assert told(call) == ("ended", "system_error", "carrier_error", "")


def test_while_the_carrier_cannot_be_asked_a_call_waits_but_not_for_ever(carrier_wire: FakeCarrier) -> None:
    script = factories.script(time_limit_s=600, ring_timeout_s=30)
    call = factories.call(stage=Stage.RINGING, script=script, carrier_sid=SID, claimed_at=NOW)
    carrier_wire.will_answer(503, {})
    calls_settle(clock=at(NOW + timedelta(seconds=700)))
    assert told(call) == ("ringing", "in_progress", "", "")
    carrier_wire.will_answer(503, {})
    calls_settle(clock=at(NOW + timedelta(seconds=811)))
    assert told(call) == ("ended", "system_error", "carrier_error", "")


def test_a_young_call_and_an_ended_one_are_not_stuck() -> None:
    factories.call(stage=Stage.QUEUED, due_at=ago(3600))
    factories.call(stage=Stage.DIALING, claimed_at=ago(29))
    factories.call(stage=Stage.RINGING, carrier_sid=SID, claimed_at=ago(44))
    factories.call(stage=Stage.ANSWERED, claimed_at=ago(59), answered_at=ago(19))
    factories.call(stage=Stage.ANSWERED, stream_sid="MZ1", answered_at=ago(500), heartbeat_at=ago(19))
    factories.call(stage=Stage.ENDED, claimed_at=ago(3600), line_ended_at=ago(3600))
    assert list(stuck(now=NOW)) == []
