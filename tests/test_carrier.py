"""The carrier's face, against Twilio's REST API faked on a real socket, and Twilio's own signature vectors."""

import base64
import socket
from datetime import timedelta

import pytest
from pytest_django import Settings
from twilio.request_validator import RequestValidator

from calls import carrier, carrier_codes
from calls.lifecycle import EndReason, Status
from tests.fake_carrier import MADE_AT, FakeCarrier, call_json
from tests.one_call import SID

PARAMS = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}


def place() -> str:
    ring = carrier.call_prepare(
        call_id=7, to="+12025550123", from_="+12025550100", twiml="<Response/>", ring_timeout_s=30, time_limit_s=600
    )
    return ring()


def test_a_call_is_placed_with_one_request_that_says_everything(carrier_wire: FakeCarrier) -> None:
    carrier_wire.will_accept(SID)
    assert place() == SID
    assert carrier_wire.requests == [
        (
            "POST",
            f"/2010-04-01/Accounts/AC{'0' * 32}/Calls.json",
            {
                "To": ["+12025550123"],
                "From": ["+12025550100"],
                "Twiml": ["<Response/>"],
                "Timeout": ["30"],
                "TimeLimit": ["630"],
                "StatusCallback": ["https://highway.test/twilio/status/7"],
                "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
                "StatusCallbackMethod": ["POST"],
            },
        )
    ]
    assert base64.b64decode(carrier_wire.credentials[0].removeprefix("Basic ")) == f"AC{'0' * 32}:12345".encode()


@pytest.mark.parametrize(
    ("status", "code", "ending"),
    [
        (400, 21214, (Status.NOT_REACHED, EndReason.INVALID_NUMBER)),
        (400, 21211, (Status.NOT_REACHED, EndReason.INVALID_NUMBER)),
        (400, 21210, (Status.SYSTEM_ERROR, EndReason.CARRIER_REJECTED)),
        (401, 20003, (Status.SYSTEM_ERROR, EndReason.CARRIER_REJECTED)),
    ],
)
def test_a_refusal_keeps_the_vendors_code_and_text(
    carrier_wire: FakeCarrier, status: int, code: int, ending: tuple[Status, EndReason]
) -> None:
    carrier_wire.will_refuse(status, code, "No.")
    with pytest.raises(carrier.CarrierRefused) as refused:
        place()
    assert (refused.value.code, refused.value.text) == (str(code), "No.")
    meaning = carrier_codes.refusal(refused.value.code)
    assert (meaning.status, meaning.end_reason) == ending
    assert len(carrier_wire.placed) == 1


def test_too_many_requests_is_busy_for_as_long_as_the_carrier_says(carrier_wire: FakeCarrier) -> None:
    carrier_wire.will_answer(429, {"code": 20429, "message": "Too many"}, Retry_After="17")
    with pytest.raises(carrier.CarrierBusy) as busy:
        place()
    assert busy.value.retry_after_s == 17
    assert len(carrier_wire.placed) == 1


@pytest.mark.parametrize("code", [10004, 22005])
def test_a_full_account_is_busy_and_not_a_refusal(carrier_wire: FakeCarrier, code: int) -> None:
    carrier_wire.will_refuse(400, code, "Limit exceeded")
    with pytest.raises(carrier.CarrierBusy):
        place()


def test_a_refused_connection_is_busy_for_nothing_was_placed(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.TWILIO_BASE_URL = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(carrier.CarrierBusy):
        place()


@pytest.mark.parametrize("answer", ["drop", (500, {}, {}), (503, {}, {}), (408, {}, {}), (201, {}, {})])
def test_an_answer_lost_or_garbled_is_unclear_and_is_asked_once(carrier_wire: FakeCarrier, answer: object) -> None:
    carrier_wire.answers.append(answer)
    with pytest.raises(carrier.CarrierUnclear):
        place()
    assert len(carrier_wire.placed) == 1


def test_a_timeout_after_the_request_was_sent_is_unclear(carrier_wire: FakeCarrier, settings: Settings) -> None:
    settings.TWILIO_TIMEOUT_S = 0.2
    carrier_wire.answers.append("stall")
    with pytest.raises(carrier.CarrierUnclear) as unclear:
        place()
    assert unclear.value.text == "ReadTimeout"
    assert len(carrier_wire.placed) == 1


def test_without_credentials_nothing_is_sent(carrier_wire: FakeCarrier, settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    with pytest.raises(carrier.CarrierRefused) as refused:
        place()
    assert (refused.value.code, carrier_wire.requests) == ("20003", [])


def test_a_call_is_fetched_as_the_carrier_sees_it(carrier_wire: FakeCarrier) -> None:
    carrier_wire.will_answer(200, call_json(SID, "in-progress"))
    assert carrier.call_fetch(SID) == carrier.CarrierCall(sid=SID, status="in-progress", created_at=MADE_AT)


def test_calls_are_found_by_their_numbers_and_the_time_of_their_making(carrier_wire: FakeCarrier) -> None:
    carrier_wire.will_list(
        call_json("CA" + "2" * 32, "ringing"), call_json("CA" + "3" * 32, "completed", MADE_AT - timedelta(minutes=5))
    )
    found = carrier.calls_find(to="+12025550123", from_="+12025550100", after=MADE_AT - timedelta(minutes=1))
    assert found == [carrier.CarrierCall(sid="CA" + "2" * 32, status="ringing", created_at=MADE_AT)]
    method, path, query = carrier_wire.requests[0]
    assert (method, path) == ("GET", f"/2010-04-01/Accounts/AC{'0' * 32}/Calls.json")
    assert query == {"To": ["+12025550123"], "From": ["+12025550100"], "PageSize": ["50"]}


def test_hanging_up_is_asked_as_completed(carrier_wire: FakeCarrier) -> None:
    carrier_wire.will_answer(200, call_json(SID, "completed"))
    carrier.call_end(SID)
    assert carrier_wire.requests == [
        ("POST", f"/2010-04-01/Accounts/AC{'0' * 32}/Calls/{SID}.json", {"Status": ["completed"]})
    ]


@pytest.mark.parametrize(("status", "code"), [(404, 20404), (400, 21220)])
def test_hanging_up_a_line_that_is_down_succeeds(carrier_wire: FakeCarrier, status: int, code: int) -> None:
    carrier_wire.will_refuse(status, code, "The call is gone")
    carrier.call_end(SID)
    assert len(carrier_wire.requests) == 1


def test_hanging_up_with_a_refused_key_is_told(carrier_wire: FakeCarrier) -> None:
    carrier_wire.will_refuse(401, 20003, "Authenticate")
    with pytest.raises(carrier.CarrierRefused):
        carrier.call_end(SID)


def test_the_twiml_opens_our_stream_with_its_token_and_then_hangs_up() -> None:
    assert carrier.stream_twiml(verification_id=3, call_id=7, token="3/7:x:y") == (
        '<?xml version="1.0" encoding="UTF-8"?><Response><Connect>'
        '<Stream statusCallback="https://highway.test/twilio/stream/7" statusCallbackMethod="POST"'
        ' url="wss://highway.test/media-stream/3/7"><Parameter name="token" value="3/7:x:y" /></Stream>'
        "</Connect><Hangup /></Response>"
    )


def test_a_plain_http_address_gives_a_plain_socket_address(settings: Settings) -> None:
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:8000"
    assert carrier.stream_url(verification_id=3, call_id=7) == "ws://127.0.0.1:8000/media-stream/3/7"


def test_twilios_own_signature_vectors_are_accepted() -> None:
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert carrier.signature_is_valid(url=url, params=PARAMS, signature="RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    socket_url = "wss://example.com/media"
    assert carrier.signature_is_valid(url=socket_url, params={}, signature="7PR3qMkpDyEJtMrVOY/LDyNq8J8=")


def test_a_changed_field_or_another_address_voids_the_signature() -> None:
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert not carrier.signature_is_valid(url=url, params={**PARAMS, "Digits": "1235"}, signature=signature)
    assert not carrier.signature_is_valid(url=f"{url}&baz=3", params=PARAMS, signature=signature)
    assert not carrier.signature_is_valid(url=url, params=PARAMS, signature="")


def test_a_socket_signed_with_its_port_is_accepted() -> None:
    signature = RequestValidator("12345").compute_signature("wss://example.com:443/media/1/2", {})
    assert carrier.signature_is_valid(url="wss://example.com/media/1/2", params={}, signature=signature)


def test_without_an_auth_token_no_signature_is_valid(settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    signature = RequestValidator("").compute_signature("https://highway.test/x", {})
    assert not carrier.signature_is_valid(url="https://highway.test/x", params={}, signature=signature)


@pytest.mark.parametrize(
    ("code", "reason"), [("404", "invalid_number"), ("21214", "invalid_number"), ("503", "carrier_error")]
)
def test_a_failed_line_is_the_numbers_fault_only_where_the_code_says_so(code: str, reason: str) -> None:
    assert carrier_codes.failure(code).end_reason == reason
