"""Each fault of the carrier, the network or a process alone, with the end it must come to. Nobody is rung twice."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from pytest_django import Settings
from twilio.request_validator import RequestValidator

from calls import carrier_codes
from calls.lifecycle import EndReason, Stage, Status
from calls.models import Call
from calls.services.calls import call_answered_by, call_claim, call_conclude
from calls.services.conversations import StreamRefused, conversation_admit
from calls.services.dialing import call_dial, calls_dial_due
from calls.services.settling import calls_settle
from calls.stream_tokens import make
from tests import factories
from tests.conftest import AUTH_TOKEN
from tests.factories import NOW, ago
from tests.fake_carrier import FakeCarrier, call_json
from tests.one_call import OTHER_SID, SID, at

pytestmark = pytest.mark.django_db


def told(call: Call) -> tuple[str, str, str]:
    call.refresh_from_db()
    return call.stage, call.status, call.end_reason


def callback(call: Call, status: str, sid: str = SID) -> None:
    post(f"/twilio/status/{call.pk}", {"CallSid": sid, "CallStatus": status, "SequenceNumber": "0"})


def post(path: str, fields: dict[str, str]) -> None:
    signature = RequestValidator(AUTH_TOKEN).compute_signature(f"https://highway.test{path}", fields)
    answer = Client().post(path, fields, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 204


def hung_up(wire: FakeCarrier) -> list[str]:
    """The SIDs that we ended over REST."""
    return [path[-39:-5] for method, path, form in wire.requests if form == {"Status": ["completed"]}]


# -- what the carrier refuses ----------------------------------------------------------------------------------------

OURS, DEAD = ("system_error", "carrier_rejected"), ("not_reached", "invalid_number")


@pytest.mark.parametrize(
    ("http", "code", "ending"),
    [
        *((400, code, DEAD) for code in (21211, 21214, 21217, 13224)),
        *((400, code, OURS) for code in (21215, 21219, 21210, 21212, 573002, 573005)),
        (401, 20003, OURS),
        (403, 20005, OURS),
        (400, 99999, OURS),
    ],
)
def test_a_refusal_ends_the_call_with_its_code_kept(
    carrier_wire: FakeCarrier, http: int, code: int, ending: tuple[str, str]
) -> None:
    call = factories.call(max_tries=3)
    carrier_wire.will_refuse(http, code, "The carrier's words.")
    call_dial(call_id=call.pk, clock=at(NOW))
    assert told(call) == ("ended", *ending)
    assert (call.vendor_code, call.vendor_text) == (str(code), "The carrier's words.")
    assert (len(carrier_wire.placed), Call.objects.count()) == (1, 1)


@pytest.mark.parametrize(("http", "code"), [(429, 20429), (400, 10004), (400, 22005)])
def test_a_carrier_without_room_uses_up_no_try(carrier_wire: FakeCarrier, http: int, code: int) -> None:
    call = factories.call()
    carrier_wire.will_refuse(http, code, "Not now.")
    carrier_wire.will_accept(SID)
    call_dial(call_id=call.pk, clock=at(NOW))
    assert told(call) == ("queued", "in_progress", "")
    assert calls_dial_due(clock=at(NOW + timedelta(seconds=6))) == 1
    call.refresh_from_db()
    assert (call.try_number, call.attempt, call.carrier_sid) == (1, 1, SID)


def test_a_carrier_nobody_answers_at_uses_up_no_try(settings: Settings) -> None:
    settings.TWILIO_BASE_URL = "http://127.0.0.1:9"
    call = factories.call()
    call_dial(call_id=call.pk, clock=at(NOW))
    assert told(call) == ("queued", "in_progress", "")


def test_every_code_says_whether_it_is_permanent_and_only_passing_ones_are_asked_again() -> None:
    assert {code for code, meaning in carrier_codes.CODES.items() if not meaning.permanent} == {
        "10004",
        "20429",
        "22005",
    }
    assert all(carrier_codes.is_passing(code) is not meaning.permanent for code, meaning in carrier_codes.CODES.items())


# -- the answer to a dial is lost ------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["stall", "drop", (500, {"code": 20500}, {}), (503, {}, {})])
def test_a_placed_call_whose_answer_is_lost_rings_once_and_is_settled_by_its_callbacks(
    carrier_wire: FakeCarrier, settings: Settings, answer: object
) -> None:
    settings.TWILIO_TIMEOUT_S = 0.3
    call = factories.call()
    carrier_wire.answers.append(answer)
    call_dial(call_id=call.pk, clock=at(NOW))
    for _ in range(3):
        call_dial(call_id=call.pk, clock=at(NOW + timedelta(minutes=1)))
    for status in ("initiated", "ringing", "no-answer"):
        callback(call, status)
    assert told(call) == ("ended", "not_reached", "no_answer")
    assert (call.carrier_sid, len(carrier_wire.placed)) == (SID, 1)


def test_a_placed_call_whose_answer_and_callbacks_are_all_lost_is_found_at_the_carrier(
    carrier_wire: FakeCarrier,
) -> None:
    call = factories.call()
    carrier_wire.answers.append("drop")
    call_dial(call_id=call.pk, clock=at(NOW))
    carrier_wire.will_list(call_json(SID, "busy", NOW))
    calls_settle(clock=at(NOW + timedelta(seconds=31)))
    assert told(call) == ("ended", "not_reached", "busy")


def test_a_process_killed_between_claim_and_dial_leaves_a_call_that_ends_within_two_minutes(
    carrier_wire: FakeCarrier,
) -> None:
    call = factories.call()
    call_claim_unsafely(call)
    carrier_wire.will_list()
    calls_settle(clock=at(NOW + timedelta(seconds=100)))
    assert told(call) == ("ended", "system_error", "carrier_error")
    assert carrier_wire.placed == []


def call_claim_unsafely(call: Call) -> None:
    """What a claim leaves; the real one refuses to run inside a test's transaction."""
    Call.objects.filter(pk=call.pk).update(stage=Stage.DIALING, claimed_at=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_process_that_was_held_up_after_its_claim_does_not_dial_any_more(carrier_wire: FakeCarrier) -> None:
    call = factories.call()

    def clock() -> datetime:
        is_claimed = Call.objects.filter(pk=call.pk, stage=Stage.DIALING).exists()
        return NOW + timedelta(seconds=11) if is_claimed else NOW

    call_dial(call_id=call.pk, clock=clock)
    assert told(call) == ("queued", "in_progress", "")
    assert carrier_wire.placed == []
    assert call_claim(call_id=call.pk, now=NOW + timedelta(seconds=12)) is not None


# -- strays ----------------------------------------------------------------------------------------------------------


def test_a_second_line_for_the_same_call_is_hung_up_and_refused_its_stream(carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage=Stage.RINGING, carrier_sid=SID)
    carrier_wire.will_answer(200, call_json(OTHER_SID, "completed"))
    callback(call, "ringing", OTHER_SID)
    assert (told(call), hung_up(carrier_wire)) == (("ringing", "in_progress", ""), [OTHER_SID])
    assert list(call.events.values_list("kind", flat=True)) == ["other_sid", "stray_hung_up"]
    with pytest.raises(StreamRefused):
        admit(call, OTHER_SID)
    admit(call, SID)
    assert told(call)[0] == "answered"


def admit(call: Call, sid: str) -> None:
    ids = {"verification_id": call.verification_id, "call_id": call.pk}
    conversation_admit(**ids, token=make(**ids), stream_sid=f"MZ{sid}"[:34], carrier_sid=sid, recording="", now=NOW)


def test_a_line_that_rings_after_its_call_was_given_up_is_hung_up(carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage=Stage.DIALING)
    call_conclude(call_id=call.pk, status=Status.SYSTEM_ERROR, end_reason=EndReason.CARRIER_ERROR, now=NOW)
    carrier_wire.will_answer(200, call_json(SID, "completed"))
    callback(call, "ringing")
    assert hung_up(carrier_wire) == [SID]


def test_late_callbacks_of_a_call_that_ended_well_hang_up_nothing(carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage=Stage.ANSWERED, carrier_sid=SID, stream_sid="MZ1")
    call_conclude(call_id=call.pk, status=Status.SUCCESSFUL, end_reason=EndReason.COMPLETED, now=NOW)
    for status in ("in-progress", "completed", "ringing"):
        callback(call, status)
    assert (told(call), carrier_wire.requests) == (("ended", "successful_call", "completed"), [])


def test_a_stray_that_cannot_be_hung_up_harms_no_callback(carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage=Stage.RINGING, carrier_sid=SID)
    carrier_wire.will_answer(503, {})
    callback(call, "ringing", OTHER_SID)
    assert told(call) == ("ringing", "in_progress", "")


# -- the process of the conversation dies -----------------------------------------------------------------------------


def test_what_a_lost_process_had_written_stays_with_its_ending(carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage=Stage.ANSWERED, carrier_sid=SID, stream_sid="MZ1", heartbeat_at=ago(21))
    call.turns.create(item_id="1", speaker="agent", text="Hello.", start_ms=0, end_ms=900)
    call.answers.create(question_id="q1", key="employer", asked="?", heard="Acme", verdict="match")
    callback(call, "completed")
    calls_settle(clock=at(NOW + timedelta(days=365)))
    assert told(call) == ("ended", "system_error", "process_lost")
    assert (call.turns.count(), call.answers.get().heard) == (1, "Acme")


# -- machine detection -------------------------------------------------------------------------------------------------


def test_the_detections_callback_is_kept_once(carrier_wire: FakeCarrier) -> None:
    call = factories.call(stage=Stage.ANSWERED, carrier_sid=SID)
    for word in ("machine_start", "human"):
        post(f"/twilio/amd/{call.pk}", {"CallSid": SID, "AnsweredBy": word, "MachineDetectionDuration": "2900"})
    call.refresh_from_db()
    assert call.answered_by == "machine_start"
    assert [event.detail for event in call.events.filter(kind="answered_by")] == [{"answered_by": "machine_start"}]
    assert not call_answered_by(call_id=call.pk, answered_by="human", now=NOW)


@pytest.mark.parametrize(("message", "mode"), [("", "Enable"), ("We will call again.", "DetectMessageEnd")])
def test_detection_is_ordered_beside_the_call_as_the_script_says(
    carrier_wire: FakeCarrier, message: str, mode: str
) -> None:
    call = factories.call(script=factories.script(machine_detection=True, voicemail_message=message))
    carrier_wire.will_accept(SID)
    call_dial(call_id=call.pk, clock=at(NOW))
    [form] = carrier_wire.placed
    assert {name: form[name] for name in form if "Amd" in name or "Machine" in name} == {
        "MachineDetection": [mode],
        "AsyncAmd": ["true"],
        "AsyncAmdStatusCallback": [f"https://highway.test/twilio/amd/{call.pk}"],
        "AsyncAmdStatusCallbackMethod": ["POST"],
    }
