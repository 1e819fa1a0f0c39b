"""Twilio's callbacks as it posts them: form fields, signed over the public address."""

import pytest
from django.test import Client
from pytest_django import Settings
from twilio.request_validator import RequestValidator

from calls.lifecycle import Stage
from calls.models import Call
from tests import factories
from tests.conftest import AUTH_TOKEN
from tests.one_call import SID

pytestmark = pytest.mark.django_db


def post(path: str, fields: dict[str, str], *, signed_as: str = "", token: str = AUTH_TOKEN) -> int:
    url = signed_as or f"https://highway.test{path}"
    signature = RequestValidator(token).compute_signature(url, fields)
    return Client(enforce_csrf_checks=True).post(path, fields, headers={"X-Twilio-Signature": signature}).status_code


def status_fields(status: str, **fields: str) -> dict[str, str]:
    return {"CallSid": SID, "AccountSid": "AC1", "CallStatus": status, "SequenceNumber": "0", **fields}


def told(call: Call) -> tuple[str, str, str]:
    call.refresh_from_db()
    return call.stage, call.status, call.end_reason


def test_a_signed_status_moves_the_call() -> None:
    call = factories.call(stage=Stage.DIALING)
    assert post(f"/twilio/status/{call.pk}", status_fields("ringing")) == 204
    assert told(call) == ("ringing", "in_progress", "")
    assert call.carrier_sid == SID
    assert list(call.events.values_list("kind", "detail")) == [
        ("dialed", {"carrier_sid": SID}),
        ("ringing", {"sequence": "0"}),
    ]


def test_a_whole_call_told_twice_and_backwards_ends_once() -> None:
    call = factories.call(stage=Stage.DIALING)
    for status in ("no-answer", "ringing", "initiated", "no-answer", "ringing"):
        assert post(f"/twilio/status/{call.pk}", status_fields(status)) == 204
    assert told(call) == ("ended", "not_reached", "no_answer")
    assert list(call.events.values_list("kind", flat=True)) == ["dialed", "line_ended", "ended"]


def test_a_failed_call_keeps_the_vendors_code() -> None:
    call = factories.call(stage=Stage.DIALING, carrier_sid=SID)
    post(f"/twilio/status/{call.pk}", status_fields("failed", SipResponseCode="404", ErrorCode="21214"))
    assert told(call) == ("ended", "not_reached", "invalid_number")
    assert call.vendor_code == "21214"


@pytest.mark.parametrize("path", ["status", "stream"])
def test_an_unsigned_callback_changes_nothing(path: str) -> None:
    call = factories.call(stage=Stage.DIALING)
    fields = status_fields("busy", StreamEvent="stream-error", StreamError="31920")
    assert Client().post(f"/twilio/{path}/{call.pk}", fields).status_code == 403
    assert post(f"/twilio/{path}/{call.pk}", fields, token="another") == 403
    assert told(call) == ("dialing", "in_progress", "")
    assert call.events.count() == 0


def test_a_callback_of_one_call_cannot_be_replayed_on_another() -> None:
    call = factories.call(stage=Stage.DIALING)
    other = f"https://highway.test/twilio/status/{call.pk + 1}"
    assert post(f"/twilio/status/{call.pk}", status_fields("busy"), signed_as=other) == 403
    assert told(call) == ("dialing", "in_progress", "")


def test_the_signature_is_checked_against_the_public_address_with_its_path(settings: Settings) -> None:
    settings.PUBLIC_BASE_URL = "https://proxy.test/highway"
    call = factories.call(stage=Stage.DIALING)
    path = f"/twilio/status/{call.pk}"
    assert post(path, status_fields("busy"), signed_as=f"http://testserver{path}") == 403
    assert post(path, status_fields("busy"), signed_as=f"https://proxy.test/highway{path}") == 204


def test_a_callback_for_an_unknown_call_is_not_found() -> None:
    assert post("/twilio/status/999", status_fields("busy")) == 404
    assert post("/twilio/status/999", {**status_fields("ringing"), "CallSid": ""}) == 404
    assert post("/twilio/stream/999", {"StreamEvent": "stream-error"}) == 404


def test_only_a_post_is_heard() -> None:
    call = factories.call()
    assert Client().get(f"/twilio/status/{call.pk}").status_code == 405
    assert Client().get(f"/twilio/stream/{call.pk}").status_code == 405


def test_an_unknown_status_is_taken_without_harm() -> None:
    call = factories.call(stage=Stage.RINGING, carrier_sid=SID)
    assert post(f"/twilio/status/{call.pk}", status_fields("teleported")) == 204
    assert told(call) == ("ringing", "in_progress", "")


def test_a_stream_that_fails_is_noted_with_its_text() -> None:
    call = factories.call(stage=Stage.ANSWERED, carrier_sid=SID)
    fields = {"CallSid": SID, "StreamSid": "MZ1", "StreamEvent": "stream-error", "StreamError": "31920 no handshake"}
    assert post(f"/twilio/stream/{call.pk}", fields) == 204
    assert post(f"/twilio/status/{call.pk}", status_fields("completed")) == 204
    assert told(call) == ("ended", "system_error", "relay_lost")
    assert call.vendor_text == "31920 no handshake"


@pytest.mark.parametrize("event", ["stream-started", "stream-stopped"])
def test_a_streams_start_and_stop_are_left_to_the_consumer(event: str) -> None:
    call = factories.call(stage=Stage.ANSWERED, carrier_sid=SID)
    assert post(f"/twilio/stream/{call.pk}", {"CallSid": SID, "StreamEvent": event}) == 204
    assert call.events.count() == 0
