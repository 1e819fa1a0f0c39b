"""Writes to a call: each may be tried twice, late, or by two processes, and only the first takes effect."""

import socket
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery, current_app
from django.db import IntegrityError, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from calls.lifecycle import EndReason, Stage, Status
from calls.models import Call, CallEvent
from calls.services import happenings
from calls.services.calls import (
    call_cancel,
    call_claim,
    call_conclude,
    call_dialed,
    call_heard,
    call_moved,
    call_release,
    call_request,
    call_stream_failed,
)
from calls.services.errors import Refused
from tests import factories
from tests.factories import NOW
from tests.one_call import OTHER_SID, SID, kinds

pytestmark = pytest.mark.django_db


def ending(call: Call) -> tuple[str, str, str, str]:
    call.refresh_from_db()
    return call.stage, call.status, call.end_reason, call.vendor_code


def heard(call: Call, status: str, sid: str = SID, **detail: Any) -> bool:
    return call_heard(call_id=call.pk, carrier_status=status, carrier_sid=sid, now=NOW, detail=detail)


# -- asking for a call -------------------------------------------------------------------------------------------


def test_a_requested_call_is_queued_and_due_at_once() -> None:
    verification = factories.verification()
    call = call_request(verification=verification, now=NOW)
    call.refresh_from_db()
    assert (call.stage, call.status, call.due_at, call.attempt) == ("queued", "in_progress", NOW, 1)
    assert (call.to_number, call.from_number, call.other_number) == ("+12025550123", "+12025550100", False)
    assert (call.script.name, kinds(call)) == ("default", ["requested"])


def test_the_next_call_is_the_next_attempt() -> None:
    verification = factories.verification()
    first = call_request(verification=verification, now=NOW)
    call_cancel(call_id=first.pk, now=NOW)
    assert call_request(verification=verification, now=NOW).attempt == 2


def test_a_national_number_is_kept_as_e164() -> None:
    call = call_request(verification=factories.verification(phone=""), to="(202) 555-0147", now=NOW)
    assert (call.to_number, call.other_number) == ("+12025550147", False)


def test_another_number_is_called_only_where_the_request_says_so() -> None:
    verification = factories.verification()
    with pytest.raises(Refused) as refused:
        call_request(verification=verification, to="+12025550147", now=NOW)
    assert (refused.value.code, list(refused.value.fields)) == ("number_mismatch", ["to"])
    call = call_request(verification=verification, to="+12025550147", other_number=True, now=NOW)
    assert (call.to_number, call.other_number) == ("+12025550147", True)


@pytest.mark.parametrize(("to", "phone", "code"), [("", "", "no_phone"), ("+1202555", "", "invalid_number")])
def test_a_call_without_a_callable_number_is_refused(to: str, phone: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        call_request(verification=factories.verification(phone=phone), to=to, now=NOW)
    assert (refused.value.code, Call.objects.count()) == (code, 0)


def test_a_verification_has_one_live_call() -> None:
    verification = factories.verification()
    call_request(verification=verification, now=NOW)
    with pytest.raises(Refused) as refused:
        call_request(verification=verification, now=NOW)
    assert (refused.value.code, Call.objects.count()) == ("call_in_progress", 1)


def test_an_unknown_script_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        call_request(verification=factories.verification(script_name="gone"), now=NOW)
    assert refused.value.code == "no_script"


def test_a_broker_that_is_down_does_not_fail_the_request(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, caplog: pytest.LogCaptureFixture
) -> None:
    project = current_app._get_current_object()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        broker = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
    Celery("unreachable", broker=broker, set_as_current=True)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            call = call_request(verification=factories.verification(), now=NOW)
    finally:
        project.set_current()
    assert Call.objects.get(pk=call.pk).stage == Stage.QUEUED
    assert "on_commit" in caplog.text


# -- claiming ----------------------------------------------------------------------------------------------------


def test_a_claimed_call_is_dialing() -> None:
    call = factories.call()
    claimed = call_claim(call_id=call.pk, now=NOW)
    assert claimed is not None
    assert (claimed.pk, claimed.stage, claimed.claimed_at, kinds(call)) == (call.pk, "dialing", NOW, ["claimed"])


def test_a_second_claim_finds_nothing() -> None:
    call = factories.call()
    assert call_claim(call_id=call.pk, now=NOW) is not None
    assert call_claim(call_id=call.pk, now=NOW) is None
    assert kinds(call) == ["claimed"]


def test_a_call_is_not_claimed_before_it_is_due() -> None:
    call = factories.call(due_at=NOW + timedelta(seconds=1))
    assert call_claim(call_id=call.pk, now=NOW) is None


def test_a_call_known_to_the_carrier_is_never_claimed() -> None:
    call = factories.call(carrier_sid=SID)
    assert call_claim(call_id=call.pk, now=NOW) is None


@pytest.mark.django_db(transaction=True)
def test_a_claim_inside_a_transaction_is_refused_for_it_could_be_rolled_back() -> None:
    call = factories.call()
    with pytest.raises(RuntimeError), transaction.atomic():
        call_claim(call_id=call.pk, now=NOW)


def test_a_released_call_is_queued_for_later() -> None:
    call = factories.call(stage=Stage.DIALING)
    later = NOW + timedelta(seconds=5)
    assert call_release(call_id=call.pk, now=NOW, due_at=later)
    call.refresh_from_db()
    assert (call.stage, call.due_at, call.claimed_at, kinds(call)) == ("queued", later, None, ["released"])


def test_a_call_the_carrier_has_is_not_released() -> None:
    call = factories.call(stage=Stage.DIALING, carrier_sid=SID)
    assert not call_release(call_id=call.pk, now=NOW, due_at=NOW)
    assert kinds(call) == []


# -- what the carrier says ---------------------------------------------------------------------------------------


def test_a_dialed_call_keeps_its_sid() -> None:
    call = factories.call(stage=Stage.DIALING)
    assert call_dialed(call_id=call.pk, carrier_sid=SID, now=NOW)
    call.refresh_from_db()
    assert (call.carrier_sid, call.dialed_at, kinds(call)) == (SID, NOW, ["dialed"])


def test_a_callback_that_overtakes_the_carriers_answer_brings_the_sid() -> None:
    call = factories.call(stage=Stage.DIALING)
    assert heard(call, "ringing")
    assert call_dialed(call_id=call.pk, carrier_sid=SID, now=NOW)
    call.refresh_from_db()
    assert (call.stage, call.carrier_sid, kinds(call)) == ("ringing", SID, ["dialed", "ringing"])


def test_what_fails_beside_the_sid_does_not_make_the_line_a_second_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def endpoint_gone(**_: Any) -> None:
        raise IntegrityError

    call = factories.call(stage=Stage.DIALING)
    monkeypatch.setattr(happenings, "call_started", endpoint_gone)
    with pytest.raises(IntegrityError):
        call_dialed(call_id=call.pk, carrier_sid=SID, now=NOW)
    assert kinds(call) == []
    monkeypatch.undo()
    assert heard(call, "ringing")
    assert kinds(call) == ["dialed", "ringing"]


def test_a_queued_call_the_carrier_turns_out_to_have_leaves_the_queue() -> None:
    call = factories.call()
    heard(call, "initiated")
    call.refresh_from_db()
    assert (call.stage, call.claimed_at) == ("dialing", NOW)
    assert call_claim(call_id=call.pk, now=NOW) is None


def test_another_sid_for_the_same_call_is_noted_and_not_applied() -> None:
    call = factories.call(stage=Stage.RINGING, carrier_sid=SID)
    assert not heard(call, "in-progress", OTHER_SID)
    assert not heard(call, "completed", OTHER_SID)
    call.refresh_from_db()
    assert (call.stage, call.carrier_sid, call.line_ended_at) == ("ringing", SID, None)
    assert kinds(call) == ["other_sid", "other_sid"]


def test_a_sid_of_another_call_is_not_taken() -> None:
    factories.call(stage=Stage.RINGING, carrier_sid=SID)
    call = factories.call(stage=Stage.DIALING)
    assert not call_dialed(call_id=call.pk, carrier_sid=SID, now=NOW)
    call.refresh_from_db()
    assert (call.carrier_sid, kinds(call)) == ("", ["other_sid"])


def test_callbacks_in_the_wrong_order_and_twice_leave_the_story_right() -> None:
    call = factories.call(stage=Stage.DIALING)
    for status in ("in-progress", "ringing", "initiated", "in-progress"):
        heard(call, status)
    call.refresh_from_db()
    assert (call.stage, call.answered_at, kinds(call)) == ("answered", NOW, ["dialed", "answered"])


def test_an_ended_call_does_not_ring_again() -> None:
    call = factories.call(stage=Stage.ENDED, carrier_sid=SID)
    assert not call_moved(call_id=call.pk, stage=Stage.RINGING, now=NOW)
    assert ending(call) == ("ended", "not_reached", "no_answer", "")


@pytest.mark.parametrize(
    ("carrier_status", "detail", "expected"),
    [
        ("busy", {"code": "486"}, ("ended", "not_reached", "busy", "")),
        ("no-answer", {}, ("ended", "not_reached", "no_answer", "")),
        ("canceled", {}, ("ended", "canceled", "canceled", "")),
        ("failed", {"code": "503"}, ("ended", "system_error", "carrier_error", "503")),
        ("failed", {"code": "404"}, ("ended", "not_reached", "invalid_number", "404")),
        ("completed", {}, ("ended", "system_error", "relay_lost", "")),
    ],
)
def test_a_line_that_ends_without_a_stream_ends_the_call(
    carrier_status: str, detail: dict[str, str], expected: tuple[str, ...]
) -> None:
    call = factories.call(stage=Stage.RINGING, carrier_sid=SID)
    assert heard(call, carrier_status, **detail)
    assert not heard(call, carrier_status, **detail)
    assert ending(call) == expected
    assert (call.line_ended_at, kinds(call)) == (NOW, ["line_ended", "ended"])


def test_an_answered_line_that_fails_is_no_busy_number() -> None:
    call = factories.call(stage=Stage.ANSWERED, carrier_sid=SID)
    heard(call, "failed", code="404")
    assert ending(call) == ("ended", "system_error", "relay_lost", "404")


def test_a_line_that_ends_with_a_stream_leaves_the_verdict_to_the_conversation() -> None:
    call = factories.call(stage=Stage.ANSWERED, carrier_sid=SID, stream_sid="MZ1")
    assert heard(call, "completed")
    assert ending(call) == ("answered", "in_progress", "", "")
    assert (call.line_ended_at, kinds(call)) == (NOW, ["line_ended"])


def test_a_streams_failure_is_kept_for_the_conclusion() -> None:
    call = factories.call(stage=Stage.ANSWERED, carrier_sid=SID)
    call_stream_failed(call_id=call.pk, now=NOW, text="31920 " + "x" * 1000)
    heard(call, "completed")
    assert ending(call) == ("ended", "system_error", "relay_lost", "")
    assert (call.vendor_text[:6], len(call.vendor_text)) == ("31920 ", 500)
    assert kinds(call) == ["stream_error", "line_ended", "ended"]


# -- the end -----------------------------------------------------------------------------------------------------


def test_the_first_conclusion_stands() -> None:
    call = factories.call(stage=Stage.ANSWERED)
    concluded = {"status": Status.SUCCESSFUL, "end_reason": EndReason.COMPLETED, "usage": {"total_tokens": 5}}
    assert call_conclude(call_id=call.pk, now=NOW, reflection="successful_call", **concluded)  # type: ignore[arg-type]
    assert not call_conclude(
        call_id=call.pk, now=NOW, status=Status.SYSTEM_ERROR, end_reason=EndReason.PROCESS_LOST, usage={"a": 1}
    )
    assert ending(call) == ("ended", "successful_call", "completed", "")
    assert (call.usage, call.reflection, call.ended_at) == ({"total_tokens": 5}, "successful_call", NOW)
    events = [(event.kind, event.detail) for event in CallEvent.objects.filter(call=call)]
    assert events == [("ended", {"status": "successful_call", "end_reason": "completed"})]


def test_a_queued_call_can_be_canceled_and_is_then_not_dialed() -> None:
    call = factories.call()
    assert call_cancel(call_id=call.pk, now=NOW)
    assert ending(call) == ("ended", "canceled", "canceled", "")
    assert call_claim(call_id=call.pk, now=NOW) is None


def test_a_dialed_call_cannot_be_canceled() -> None:
    call = factories.call(stage=Stage.DIALING)
    assert not call_cancel(call_id=call.pk, now=NOW)
    assert kinds(call) == []
