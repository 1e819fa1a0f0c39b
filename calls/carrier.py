"""The carrier, Twilio: placing, finding and ending calls by REST, TwiML, and signatures.

Vendor documents: the Call resource (docs/voice/api/call-resource), <Stream> (docs/voice/twiml/stream), webhook security
(docs/usage/webhooks/webhooks-security). Every request is sent once: a retried Calls.create is a second ring.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import requests
from django.conf import settings
from django.urls import reverse
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance
from twilio.twiml.voice_response import Connect, VoiceResponse
from urllib3.exceptions import NewConnectionError

from calls import carrier_codes

RETRY_AFTER_S = 5
# Twilio's own limits on a line are a second net: the conversation ends itself first, and says goodbye.
LINE_MARGIN_S = 30

_GONE = {"20404", "21220"}


class CarrierRefused(Exception):
    """The carrier said no (`code` is its own, `text` its words). Nothing was placed, and asking again is no cure."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code)
        self.code = code
        self.text = text


class CarrierBusy(Exception):
    """Certainly nothing was placed; ask again in `retry_after_s`."""

    def __init__(self, retry_after_s: int = RETRY_AFTER_S) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


class CarrierUnclear(Exception):
    """The request may or may not have been carried out. Never ask for the same again: look what is there."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """A call as the carrier tells it. `status` is Twilio's CallStatus."""

    sid: str
    status: str
    created_at: datetime | None


def call_prepare(
    *, call_id: int, to: str, from_: str, twiml: str, ring_timeout_s: int, time_limit_s: int, detect: str = ""
) -> Callable[[], str]:
    """Make ready to ring `to` (both E.164): what is returned rings, once, and returns the carrier's SID.

    Either raises CarrierRefused, CarrierBusy or CarrierUnclear. `detect`: Twilio's MachineDetection, Enable or
    DetectMessageEnd, told to our webhook beside the call; blank: none.
    """
    create = partial(
        _client().calls.create,
        to=to,
        from_=from_,
        twiml=twiml,
        timeout=ring_timeout_s,
        time_limit=time_limit_s + LINE_MARGIN_S,
        status_callback=public_url(reverse("twilio-status", args=[call_id])),
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        status_callback_method="POST",
        **(_detection(call_id, detect) if detect else {}),
    )
    return partial(_placed, create)


def _placed(create: Callable[[], CallInstance]) -> str:
    with _translated():
        placed = create()
    if not placed.sid:
        raise CarrierUnclear("an answer without a SID")
    return str(placed.sid)


def _detection(call_id: int, detect: str) -> dict[str, str]:
    """Asynchronous: the synchronous kind leaves the person in silence for four seconds."""
    return {
        "machine_detection": detect,
        "async_amd": "true",  # a string, in Twilio's own client
        "async_amd_status_callback": public_url(reverse("twilio-amd", args=[call_id])),
        "async_amd_status_callback_method": "POST",
    }


def call_fetch(sid: str) -> CarrierCall:
    """How the carrier sees the call now. Raises as call_prepare; CarrierRefused 20404 where it knows no such call."""
    with _translated():
        return _told(_client().calls(sid).fetch())


def calls_find(*, to: str, from_: str, after: datetime) -> list[CarrierCall]:
    """The calls between these two numbers made since `after`, newest first.

    Twilio could filter by StartTime, but a call it still holds in its queue has none, so the newest are read and
    compared by the time of their making. Raises as call_prepare.
    """
    with _translated():
        found = [_told(call) for call in _client().calls.list(to=to, from_=from_, limit=50)]
    return [call for call in found if call.created_at and call.created_at >= after]


def call_end(sid: str) -> None:
    """Hang up. A line that is down already is a success. Raises as call_prepare."""
    try:
        with _translated():
            _client().calls(sid).update(status="completed")
    except CarrierRefused as refused:
        if refused.code not in _GONE:
            raise


def stream_twiml(*, verification_id: int, call_id: int, token: str) -> str:
    """Connect the answered line to our media stream. When the stream's socket closes, the line is hung up."""
    connect = Connect()
    stream = connect.stream(
        url=stream_url(verification_id=verification_id, call_id=call_id),
        status_callback=public_url(reverse("twilio-stream", args=[call_id])),
        status_callback_method="POST",
    )
    stream.parameter(name="token", value=token)
    response = VoiceResponse()
    response.append(connect)
    response.hangup()
    return str(response)


def stream_url(*, verification_id: int, call_id: int) -> str:
    """The wss:// address in the TwiML, which is also the one Twilio signs for the upgrade."""
    return f"ws{public_url('').removeprefix('http')}/media-stream/{verification_id}/{call_id}"


def public_url(path: str) -> str:
    """`path` as Twilio sees it: by the setting, never by a Host header, which the sender chooses."""
    return f"{settings.PUBLIC_BASE_URL}{path}"


def signature_is_valid(*, url: str, params: Any, signature: str) -> bool:
    """Whether Twilio signed this request: `params` are the POSTed fields (a QueryDict or dict), {} for an upgrade.

    Twilio has signed socket upgrades both with and without the port, and its own validator tries port 80 for wss.
    """
    if not settings.TWILIO_AUTH_TOKEN:
        return False  # An empty key would let anybody sign.
    validator = RequestValidator(settings.TWILIO_AUTH_TOKEN)
    return any(validator.validate(candidate, params, signature) for candidate in _spellings(url))


def _spellings(url: str) -> list[str]:
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if scheme != "wss" or ":" in host:
        return [url]
    return [url, f"{scheme}://{host}:443{slash}{path}"]


def _client() -> Client:
    if not (settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN):
        raise CarrierRefused("20003", "TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is not set.")
    # A fresh connection for each request: one kept alive may be closed by Twilio in the instant it is used again, and
    # then nobody can say whether the call was placed.
    http = TwilioHttpClient(
        pool_connections=False, timeout=settings.TWILIO_TIMEOUT_S, request_hooks={"response": [_raise_when_limited]}
    )
    # Blank edge and region: from the environment they would rewrite the host of the base URL.
    client = Client(
        settings.TWILIO_ACCOUNT_SID,
        settings.TWILIO_AUTH_TOKEN,
        http_client=http,
        environment={"TWILIO_EDGE": "", "TWILIO_REGION": ""},
    )
    client.api.base_url = settings.TWILIO_BASE_URL
    return client


def _raise_when_limited(response: requests.Response, **_: object) -> None:
    # Here, because the client's own exception keeps no headers.
    if response.status_code == 429:
        after = response.headers.get("Retry-After", "")
        raise CarrierBusy(int(after) if after.isdecimal() else RETRY_AFTER_S)


@contextmanager
def _translated() -> Iterator[None]:
    """Sort the client's many exceptions by the one question that matters: may a call have been placed?"""
    try:
        yield
    except TwilioRestException as answer:
        raise _from_answer(answer) from None
    except requests.exceptions.ConnectTimeout:
        raise CarrierBusy from None
    except requests.exceptions.ConnectionError as error:
        if _never_connected(error):
            raise CarrierBusy from None
        raise CarrierUnclear(type(error).__name__) from None
    except (requests.exceptions.RequestException, TwilioException, ValueError, KeyError) as error:
        # The type alone: the text may hold the address, and with it a phone number.
        raise CarrierUnclear(type(error).__name__) from None


def _from_answer(answer: TwilioRestException) -> Exception:
    code = str(answer.code or answer.status)
    if carrier_codes.is_passing(code):
        return CarrierBusy()
    if 400 <= answer.status < 500 and answer.status != 408:
        return CarrierRefused(code, str(answer.msg).removeprefix("Unable to create record: "))
    return CarrierUnclear(f"HTTP {answer.status}")


def _never_connected(error: requests.exceptions.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)


def _told(call: CallInstance) -> CarrierCall:
    return CarrierCall(sid=str(call.sid), status=str(call.status), created_at=call.date_created)
