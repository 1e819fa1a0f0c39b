"""Twilio's status callbacks: signed form posts, one after the other for each call, unless its scenario says otherwise.

Fields: Twilio's pages on the Call resource's StatusCallback and on <Stream statusCallback>.
"""

import asyncio
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import httpx

from simulator.phone_call import PhoneCall
from simulator.scenario import LineFaults
from simulator.twilio_signature import Form, sign

# The status a callback tells for each event one may ask for; the last is the call's own, however it ended.
_EVENT_STATUS = {"initiated": "initiated", "ringing": "ringing", "answered": "in-progress"}
_SIP_CODES = {"completed": "200", "busy": "486", "no-answer": "487", "failed": "404", "canceled": "487"}
_NO_PLACE = ("City", "State", "Zip")


class Postman:
    """Posts signed forms; keeps no order."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._token = token

    async def post(self, url: str, form: Form) -> dict[str, Any]:
        """What came of it: `http_status`, or an `error` where no answer came."""
        headers = {"X-Twilio-Signature": sign(self._token, url, form), "User-Agent": "TwilioProxy/1.1"}
        try:
            answer = await self._client.post(url, data=dict(form), headers=headers)
        except httpx.HTTPError as error:
            return {"http_status": 0, "error": type(error).__name__, "at": time.time()}
        return {"http_status": answer.status_code, "at": time.time()}


class CallCallbacks:
    """The status callbacks of one call."""

    def __init__(self, call: PhoneCall, account: str, postman: Postman) -> None:
        self._call = call
        self._account = account
        self._postman = postman
        self._sequence = 0
        self._queue: asyncio.Queue[Form | None] = asyncio.Queue()

    def tell(self, event: str) -> None:
        """Queue the callback for `event`, if the call was ordered with it."""
        if self._call.order.status_callback and event in self._call.order.events:
            self._queue.put_nowait(self._form(event))
            self._sequence += 1
        if event == "completed":
            self._queue.put_nowait(None)

    async def deliver(self) -> None:
        """Post until the last was posted."""
        faults = self._call.scenario.faults
        held: Form | None = None
        while form := await self._queue.get():
            if faults.callbacks_swapped and held is None:
                held = form
                continue
            await self._post(form, faults)
            if held:
                await self._post(held, faults)
                held = None
        if held:
            await self._post(held, faults)

    async def _post(self, form: Form, faults: LineFaults) -> None:
        await asyncio.sleep(faults.callback_delay_ms / 1000)
        for _ in range(1 + faults.callbacks_twice):
            outcome = await self._postman.post(self._call.order.status_callback, form)
            fields = dict(form)
            self._call.callbacks.append(
                {"status": fields["CallStatus"], "sequence": int(fields["SequenceNumber"]), **outcome}
            )

    def _form(self, event: str) -> Form:
        call = self._call
        numbers = {"From": call.order.from_, "To": call.order.to, "Caller": call.order.from_, "Called": call.order.to}
        places = {name + part: "" for name in numbers for part in _NO_PLACE}
        countries = {f"{name}Country": "US" for name in numbers}
        fields = {
            "CallSid": call.sid,
            "AccountSid": self._account,
            "ApiVersion": "2010-04-01",
            "Direction": "outbound-api",
            "CallStatus": _EVENT_STATUS.get(event, call.status),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(self._sequence),
            "Timestamp": format_datetime(datetime.now(UTC)),
            **numbers,
            **places,
            **countries,
        }
        return list((fields | self._ending() if event == "completed" else fields).items())

    def _ending(self) -> dict[str, str]:
        seconds = self._call.duration_s
        minutes = -(-seconds // 60)  # whole minutes are billed
        return {
            "CallDuration": str(seconds),
            "Duration": str(minutes),
            "SipResponseCode": _SIP_CODES[self._call.status],
        }


def detection_form(call: PhoneCall, account: str, *, duration_ms: int) -> Form:
    """The form of the asynchronous machine detection's callback."""
    return [
        ("AccountSid", account),
        ("CallSid", call.sid),
        ("AnsweredBy", call.scenario.answered_by),
        ("MachineDetectionDuration", str(duration_ms)),
    ]


def stream_form(call: PhoneCall, account: str, *, event: str, name: str, error: str) -> Form:
    """The form of a <Stream> status callback: event is stream-started, stream-stopped or stream-error."""
    form = [
        ("AccountSid", account),
        ("CallSid", call.sid),
        ("StreamSid", call.stream["sid"]),
        ("StreamName", name),
        ("StreamEvent", event),
        ("Timestamp", datetime.now(UTC).isoformat()),
    ]
    return [*form, ("StreamError", error)] if error else form
