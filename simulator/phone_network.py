"""The simulated phone network: it takes orders for calls and lives each of them, from queued to its end."""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any
from uuid import uuid4

from simulator.callbacks import CallCallbacks, Postman, detection_form, stream_form
from simulator.phone_call import Order, PhoneCall
from simulator.phone_line import PhoneLine
from simulator.scenario import Cast, Scenario
from simulator.speech import PhraseBook
from simulator.stream_client import StreamFailed, stream_open, stream_run
from simulator.twilio_signature import sign
from simulator.twiml import Hangup, Stream, stream_url_problem

SETUP_S = 0.05
DETECTION_S = 4.0


class PhoneNetwork:
    """All calls of one account. `dialed` counts, for each number, the calls asked for and not sent away for now."""

    def __init__(self, account: str, token: str, cast: Cast, book: PhraseBook) -> None:
        self.account, self.token = account, token
        self.cast = cast
        self.calls: dict[str, PhoneCall] = {}
        self.dialed: Counter[str] = Counter()
        self.sent_away: Counter[str] = Counter()
        self.violations: list[str] = []
        self._book = book
        self._postman = Postman(token)
        self._tasks: set[asyncio.Task[None]] = set()

    def place(self, order: Order, scenario: Scenario) -> PhoneCall:
        call = PhoneCall(sid="CA" + uuid4().hex, order=order, scenario=scenario)
        self.calls[call.sid] = call
        callbacks = CallCallbacks(call, self.account, self._postman)
        self._spawn(callbacks.deliver())
        self._spawn(self._live(call, callbacks))
        return call

    def forget(self) -> None:
        """Drop what is over from the books; live calls go on, and are kept."""
        self.calls = {sid: call for sid, call in self.calls.items() if not call.is_over}
        self.dialed.clear()
        self.sent_away.clear()
        self.violations.clear()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._postman.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        # The loop keeps only weak references to tasks.
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- the life of a call ---------------------------------------------------------------------------------------

    async def _live(self, call: PhoneCall, callbacks: CallCallbacks) -> None:
        call.reach("initiated")
        callbacks.tell("initiated")
        await asyncio.sleep(SETUP_S)
        ending = await self._ring(call, callbacks)
        if ending == "answer":
            await self._talk(call, callbacks)
            ending = "completed"
        call.ended = time.time()
        call.status = ending
        call.reach(ending)
        callbacks.tell("completed")

    async def _ring(self, call: PhoneCall, callbacks: CallCallbacks) -> str:
        """ "answer", or the status in which the call ended unanswered."""
        if call.hang_up.is_set():
            return "canceled"
        call.status = "ringing"
        call.reach("ringing")
        callbacks.tell("ringing")
        rings_s = call.scenario.ring_ms / 1000
        if await _is_set_within(call.hang_up, min(rings_s, call.order.timeout_s)):
            return "canceled"
        return call.scenario.line if rings_s <= call.order.timeout_s else "no-answer"

    async def _talk(self, call: PhoneCall, callbacks: CallCallbacks) -> None:
        call.status = "in-progress"
        call.answered = time.time()
        call.reach("in-progress")
        callbacks.tell("answered")
        if call.order.detection_callback:
            self._spawn(self._detect(call))
        limit = asyncio.get_running_loop().call_later(call.order.time_limit_s, call.hang_up.set)
        for verb in call.order.verbs:
            if isinstance(verb, Hangup) or call.hang_up.is_set():
                break
            if isinstance(verb, Stream):
                await self._connect(call, verb)
            else:
                call.reach("say")
        limit.cancel()

    async def _detect(self, call: PhoneCall) -> None:
        """Answering machine detection beside the call: as late as the real one, and with its scenario's result."""
        await asyncio.sleep(DETECTION_S)
        if not call.is_over:
            form = detection_form(call, self.account, duration_ms=round(DETECTION_S * 1000))
            outcome = await self._postman.post(call.order.detection_callback, form)
            call.callbacks.append({"status": call.scenario.answered_by, **outcome})

    # -- <Connect><Stream> ----------------------------------------------------------------------------------------

    async def _connect(self, call: PhoneCall, verb: Stream) -> None:
        call.stream = {"sid": "MZ" + uuid4().hex, "url": verb.url, "error": ""}
        try:
            await self._stream(call, verb)
        except StreamFailed as error:
            call.stream["error"] = str(error)
            self._tell_stream(call, verb, "stream-error", str(error))

    async def _stream(self, call: PhoneCall, verb: Stream) -> None:
        if problem := stream_url_problem(verb.url):
            raise StreamFailed(f"{problem[0]} {problem[1]}")
        socket = await stream_open(verb.url, sign(self.token, verb.url))
        call.reach("stream-started")
        self._tell_stream(call, verb, "stream-started")
        call.line = PhoneLine(call.scenario, call.sid, call.stream["sid"], self.account, verb.parameters, self._book)
        await stream_run(socket, call.line, call.hang_up, call.scenario.faults.read_delay_ms)
        if call.line.person.hangs_up_at is not None or call.scenario.faults.lost_at_ms:
            call.hang_up.set()
        call.reach("stream-stopped")
        self._tell_stream(call, verb, "stream-stopped")

    def _tell_stream(self, call: PhoneCall, verb: Stream, event: str, error: str = "") -> None:
        if verb.status_callback:
            form = stream_form(call, self.account, event=event, name=verb.name or call.stream["sid"], error=error)
            self._spawn(self._post_stream(call, verb.status_callback, form))

    async def _post_stream(self, call: PhoneCall, url: str, form: list[tuple[str, str]]) -> None:
        outcome = await self._postman.post(url, form)
        call.callbacks.append({"status": dict(form)["StreamEvent"], **outcome})


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
