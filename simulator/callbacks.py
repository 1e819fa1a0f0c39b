"""Twilio's status callbacks: signed form posts, one after the other for each call, unless its scenario says otherwise.

Fields: Twilio's pages on the Call resource's StatusCallback and on <Stream statusCallback>.
"""

import asyncio
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from simulator.phone_call import PhoneCall
from simulator.scenario import LineFaults
from simulator.twilio_signature import Form, sign

# The status a callback tells for each event one may ask for; the last is the call's own, however it ended.
_EVENT_STATUS = {"initiated": "initiated", "ringing": "ringing", "answered": "in-progress"}
_SIP_CODES = {"completed": "200", "busy": "486", "no-answer": "487", "failed": "404", "canceled": "487"}
_NO_PLACE = ("City", "State", "Zip")


POST_TIMEOUT = aiohttp.ClientTimeout(total=15)
# Well before a server closes an idle connection: a form that crosses with its close would be lost.
KEEP_ALIVE_S = 2.0


class Postman:
    """Posts signed forms; keeps no order. Opened within a running loop, at the first form."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, form: Form) -> dict[str, Any]:
        """What came of it: `http_status`, or an `error` where no answer came."""
        headers = {
            "X-Twilio-Signature": sign(self._token, url, form),
            "User-Agent": "TwilioProxy/1.1",
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        }
        try:
            # encoded: what is sent is what was signed.
            async with self._opened().post(
                URL(url, encoded=True), data=urlencode(form), headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            return {"http_status": 0, "error": type(error).__name__, "at": time.time()}
        return {"http_status": answer.status, "at": time.time()}

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # limit=0, none: a slow program is shown all of its callers at once, as by the real one.
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S)
            # Of its own accord it asks for no proxy: the machine's are not for calls to ourselves.
            self._session = aiohttp.ClientSession(connector=connector, timeout=POST_TIMEOUT)
        return self._session


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
