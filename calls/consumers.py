"""The media stream: one consumer for each call, between Twilio's socket and the voice model's.

A Channels consumer, routed by Channels, with its own receive loop: the stock `dispatch` hops through one process-wide
thread for every message (about 100 µs each), so a slow query anywhere would stop every call's audio. Here the event
loop is the inbox: both sockets' messages, and the timer, come to `_handle` on the one thread, which asks the session
and performs what it says, without awaiting anything. Only the admission and the conclusion touch the database.
"""

import asyncio
import logging
from dataclasses import replace
from functools import partial
from typing import Any

from channels.consumer import AsyncConsumer
from django.conf import settings
from django.db import Error
from django.utils import timezone

from calls import carrier, draining
from calls.line_socket import Line, line_of
from calls.model_socket import ModelConnection, open_model
from calls.records import CallRecord, Scribe, in_spare_thread, in_thread
from calls.services.call_start import call_start, tool_run
from calls.services.conversations import Admission, StreamRefused, conversation_admit
from calls.voice import actions, events, media_streams, realtime
from calls.voice.conclusion import CRASHED
from calls.voice.session import Phase, Session

logger = logging.getLogger(__name__)

START_WITHIN_S = 10.0
MAX_UNSENT = 4_000_000
"""Waiting for a line that does not read: about six minutes of speech."""
CLOSE_WITHIN_S = 5.0
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011

_scribe = Scribe()
_TALKING = Phase.TALKING  # An enum's attribute costs a search each time.


class MediaStreamConsumer(AsyncConsumer):  # type: ignore[misc]  # Channels ships no types
    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()  # websocket.connect
        ids = scope["url_route"]["kwargs"]
        if not _is_signed(scope, **ids) or not draining.admit():
            await send({"type": "websocket.close"})  # before accept: HTTP 403
            return
        try:
            await send({"type": "websocket.accept"})
            await self._serve(scope, receive, send, **ids)
        finally:
            draining.release()

    async def _serve(self, scope: dict[str, Any], receive: Any, send: Any, verification_id: int, call_id: int) -> None:
        recording = f"{timezone.now():%Y/%m/%d}/call-{call_id}.wav" if settings.RECORD_CALLS else ""
        try:
            async with asyncio.timeout(START_WITHIN_S):
                start = await _start(receive)
            admit = partial(
                conversation_admit,
                verification_id=verification_id,
                call_id=call_id,
                token=start.parameters.get("token", ""),
                stream_sid=start.stream_sid,
                carrier_sid=start.call_sid,
                recording=recording,
                now=timezone.now(),
            )
            admission = await in_thread(admit, reading=True)
            if admission.asks_first:
                admission = await _as_the_lender_wants(admission, call_id)
        except (StreamRefused, TimeoutError) as refused:
            reason = str(refused) or f"no start within {START_WITHIN_S:g} s"
            logger.warning("call %s: stream refused: %s", call_id, reason)
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason})
            return
        except Error as error:
            # The line's end, which the carrier tells, or settling ends the call.
            logger.error("call %s: cannot be admitted: %s", call_id, type(error).__name__)
            await send({"type": "websocket.close", "code": INTERNAL_ERROR})
            return
        record = CallRecord(call_id, settings.RECORDINGS_DIR / recording if recording else None)
        await Conversation(admission, record, line_of(scope, receive, send), start.stream_sid).run()


def _is_signed(scope: dict[str, Any], verification_id: int, call_id: int) -> bool:
    # Twilio signs the wss:// URL exactly as in the TwiML, with no parameters (protocol of webhooks-security).
    signature = dict(scope["headers"]).get(b"x-twilio-signature", b"").decode("latin-1")
    url = carrier.stream_url(verification_id=verification_id, call_id=call_id)
    return carrier.signature_is_valid(url=url, params={}, signature=signature)


async def _as_the_lender_wants(admission: Admission, call_id: int) -> Admission:
    ask = partial(call_start, call_id=call_id, plan=admission.plan, door=admission.door, now=timezone.now())
    plan, door, tools = await in_spare_thread(ask)
    return replace(admission, plan=plan, door=door, tools=tools)


async def _start(receive: Any) -> events.StreamStarted:
    """The stream's `start`, after Twilio's `connected`. Whatever follows stays unread, and unlost, in the socket."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            raise StreamRefused("the socket closed before its start")
        event = media_streams.decode((message.get("text") or "").encode())
        if isinstance(event, events.StreamStarted):
            return event
        if event is not None:
            raise StreamRefused("something other than start came first")


class Conversation:
    """The shell around one session: performs its actions, and feeds it the events of both sockets and the timer."""

    def __init__(self, admission: Admission, record: CallRecord, line: Line, stream_sid: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._session = Session(admission.plan, admission.facts, now=self._loop.time())
        self._plan = admission.plan
        self._record = record
        self._stream_sid = stream_sid.encode()
        self._door = admission.door
        self._tools = admission.tools
        self._dialect = realtime.DIALECTS[admission.door.dialect]
        self._model: ModelConnection | None = None
        self._line = line
        self._outbox: list[bytes] = []
        self._detected = ""
        self._timer: asyncio.TimerHandle | None = None
        self._outcome: asyncio.Future[actions.Conclude] = self._loop.create_future()

    async def run(self) -> None:
        _scribe.follow(self._record, self._settled_ms, self._answered_by)
        self._arm()
        tasks = self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._open_model())]
        try:
            outcome = await self._outcome
            await _scribe.conclude(self._record, outcome)
            logger.info("call %s: %s, %s", self._record.call_id, outcome.status, outcome.end_reason)
            await asyncio.wait([asyncio.create_task(self._line.finish())], timeout=CLOSE_WITHIN_S)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._timer:
                self._timer.cancel()
            if self._model:
                self._model.drop()

    def _settled_ms(self) -> int:
        return self._session.settled_ms(self._loop.time())

    def _answered_by(self, word: str) -> None:
        if word != self._detected:
            self._detected = word
            self._handle(events.MachineDetected(word))

    # -- events in -----------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        code, reason = await self._line.listen(self._from_line)
        self._handle(events.LineLost(code, reason))

    def _from_line(self, message: bytes) -> None:
        audio = media_streams.caller_audio(message)
        if audio and self._model and self._session.phase is _TALKING:
            # What the session would have done, fifty times a second: AppendAudio.
            self._record.sounds.caller.append(audio)
            self._model.write(realtime.append(audio[1]))
            return
        event = media_streams.decode(message)
        if type(event) is events.CallerAudio:
            self._record.sounds.caller.append((event.at_ms, event.payload))
        if event is not None:
            self._handle(event)

    async def _open_model(self) -> None:
        opened = await open_model(
            self._dialect,
            base_url=self._door.url,
            model=self._plan.model,
            key=self._door.key,
            address=self._door.address,
            timeout_s=settings.OPENAI_CONNECT_TIMEOUT_S,
        )
        if isinstance(opened, ModelConnection) and self._outcome.done():
            opened.drop()
        elif isinstance(opened, ModelConnection):
            self._model = opened
            opened.attach(self._from_model, self._model_lost)
        else:
            self._handle(opened)

    def _from_model(self, message: bytes) -> None:
        event = self._dialect.decode(message)
        if event is not None:
            self._handle(event)

    def _model_lost(self, code: int, reason: str) -> None:
        self._model = None
        self._handle(events.ModelLost(code, reason))

    def _handle(self, event: events.Event) -> None:
        try:
            self._perform(self._session.receive(event, now=self._loop.time()))
        except Exception:
            self._crash()
        self._arm()

    def _tick(self) -> None:
        self._timer = None
        try:
            self._perform(self._session.tick(now=self._loop.time()))
        except Exception:
            self._crash()
        self._arm()

    def _arm(self) -> None:
        """Wake at the session's deadline. A timer that is early is kept: it finds nothing due and arms the next."""
        deadline = self._session.deadline
        if deadline is None or (self._timer and self._timer.when() <= deadline):
            return
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._tick)

    def _crash(self) -> None:
        """A defect of ours must still end the call in one status, and not in a traceback on the line."""
        logger.exception("call %s: the conversation failed", self._record.call_id)
        self._hang_up(None)
        self._conclude(CRASHED)

    # -- actions out ---------------------------------------------------------------------------------------------

    def _perform(self, todo: list[actions.Action]) -> None:
        for action in todo:
            self._PERFORM[type(action)](self, action)
        if self._outbox:
            self._flush()

    def _flush(self) -> None:
        """One write for an audio piece and its mark: each write is a system call."""
        messages, self._outbox = self._outbox, []
        self._line.write(*messages)
        if self._line.unsent > MAX_UNSENT:
            self._handle(events.LineLost(0, "the line does not read"))

    def _to_line(self, action: actions.PlayAudio | actions.SendMark | actions.ClearLine) -> None:
        self._outbox.append(media_streams.encode(action, self._stream_sid))

    def _hang_up(self, _: actions.HangUp | None) -> None:
        self._flush()
        self._line.close()

    def _append(self, action: actions.AppendAudio) -> None:
        if self._model:
            self._model.write(realtime.append(action.payload))

    def _to_model(self, action: actions.ModelAction) -> None:
        if self._model:
            self._model.write(self._dialect.encode(action))

    def _run_tool(self, action: actions.RunTool) -> None:
        self._tasks.append(asyncio.create_task(self._lender_runs(action)))

    async def _lender_runs(self, action: actions.RunTool) -> None:
        output = "error: the tool failed"
        try:
            if self._tools:
                run = partial(tool_run, endpoint=self._tools, name=action.name, arguments=action.arguments)
                output = await in_spare_thread(partial(run, now=timezone.now()))
        except Exception:
            logger.exception("call %s: the lender's tool could not be run", self._record.call_id)
        self._handle(events.ToolAnswered(action.call_id, output))

    def _reopen_model(self, _: actions.OpenModel) -> None:
        self._tasks.append(asyncio.create_task(self._open_model()))

    def _close_model(self, _: actions.CloseModel) -> None:
        if self._model:
            self._model.drop()

    def _keep(self, action: actions.KeepTurn | actions.KeepEvent | actions.KeepAnswer | actions.KeepSound) -> None:
        self._record.keep(action)

    def _conclude(self, outcome: actions.Conclude) -> None:
        if not self._outcome.done():
            self._outcome.set_result(outcome)

    _PERFORM: dict[type, Any] = {
        actions.AppendAudio: _append,
        actions.PlayAudio: _to_line,
        actions.SendMark: _to_line,
        actions.ClearLine: _to_line,
        actions.HangUp: _hang_up,
        actions.ConfigureSession: _to_model,
        actions.CreateResponse: _to_model,
        actions.AskReflection: _to_model,
        actions.CancelResponse: _to_model,
        actions.TruncateItem: _to_model,
        actions.AnswerTool: _to_model,
        actions.AddSystemMessage: _to_model,
        actions.AddHistory: _to_model,
        actions.OpenModel: _reopen_model,
        actions.RunTool: _run_tool,
        actions.CloseModel: _close_model,
        actions.KeepTurn: _keep,
        actions.KeepEvent: _keep,
        actions.KeepAnswer: _keep,
        actions.KeepSound: _keep,
        actions.Conclude: _conclude,
    }
