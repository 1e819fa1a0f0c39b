"""OpenAI's door, over ASGI: websockets at /v1/realtime and the list at GET /v1/models. Behind it, a `VoiceModel` each.

A fault that must show before there is a session is chosen by the name of the model that is asked for.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from simulator.faults import ModelFaults
from simulator.http_exchange import Receive, Scope, Send, answer_send
from simulator.speaker import ABORTED
from simulator.speech import PhraseBook
from simulator.voice_model import VoiceModel

MODELS = ("gpt-realtime-2.1", "gpt-realtime-2.1-mini")
# One that is listed, as a model is whose account has run out of money.
LISTED = (*MODELS, "gpt-realtime-quota-at-the-door")
BETA_MODELS = "gpt-4o-realtime-preview"
BETA_RETIRED = 4000

_BAD_KEY = (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.")
_DOORS = {
    "gpt-realtime-key-refused": _BAD_KEY,
    "gpt-realtime-no-access": (
        403,
        "invalid_request_error",
        "model_not_found",
        "The model does not exist or you do not have access to it.",
    ),
    "gpt-realtime-quota-at-the-door": (
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
}
_NO_MODEL = (400, "invalid_request_error", "missing_model", "You must provide a model parameter.")
_NO_PAGE = (404, "invalid_request_error", "unknown_url", "Unknown request URL.")


class ModelServer:
    """ASGI application for paths under /v1/. `sessions` keeps every session since the last `forget`."""

    def __init__(self, key: str, book: PhraseBook, scenario_of: Callable[[str], ModelFaults | None]) -> None:
        self.sessions: list[VoiceModel] = []
        self._key = key
        self._book = book
        self._scenario_of = scenario_of
        self._met: set[str] = set()
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if headers.get("authorization") != f"Bearer {self._key}":
            await _refuse(scope, receive, send, _BAD_KEY)
        elif scope["type"] == "http" and (scope["method"], scope["path"]) == ("GET", "/v1/models"):
            await answer_send(send, (200, {"object": "list", "data": [_listed(model) for model in LISTED]}))
        elif scope["type"] == "websocket" and scope["path"] == "/v1/realtime":
            await self._realtime(scope, receive, send, headers)
        else:
            await _refuse(scope, receive, send, _NO_PAGE)

    def ledger(self) -> list[dict[str, Any]]:
        """What each session was and saw, as JSON."""
        return [
            {
                "model": session.model,
                "dialect": session.dialect.name,
                "person": session.person,
                "violations": session.violations,
                "appended_bytes": session.appended_bytes,
                "client_events": session.client_events,
            }
            for session in self.sessions
        ]

    def forget(self) -> None:
        self.sessions.clear()
        self._met.clear()

    def _faults_with(self, person: str) -> ModelFaults | None:
        """The faults of a session with this person: one that is lost once is not lost again."""
        faults, met = self._scenario_of(person), person in self._met
        self._met.add(person)
        return replace(faults, lost_after_utterances=None) if faults and faults.lost_once and met else faults

    async def _realtime(self, scope: Scope, receive: Receive, send: Send, headers: dict[str, str]) -> None:
        model = parse_qs(scope["query_string"].decode("latin-1")).get("model", [""])[0]
        door = _DOORS.get(model) if model else _NO_MODEL
        if door:
            await _refuse(scope, receive, send, door)
            return
        is_beta = headers.get("openai-beta") == "realtime=v1"
        await receive()
        await send({"type": "websocket.accept"})
        if is_beta and not model.startswith(BETA_MODELS):
            await _retire(send)
            return
        self._count += 1
        dialect = "beta" if is_beta else "ga"
        session = VoiceModel(model, dialect, self._book, self._faults_with, str(self._count))
        self.sessions.append(session)
        await _Socket(session, receive, send).serve()


class _Socket:
    """Carries one session: a reader that never waits for the client to read, and a writer that sends in order."""

    def __init__(self, session: VoiceModel, receive: Receive, send: Send) -> None:
        self._session = session
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._out: list[str] = []
        self._wake = asyncio.Event()

    async def serve(self) -> None:
        self._out += self._session.open(self._now())
        reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write())
        try:
            await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            reader.cancel()
            writer.cancel()
        done = await asyncio.gather(reader, writer, return_exceptions=True)
        for failure in done:
            # A client that is gone is no news: uvicorn's own exception for it is an OSError.
            if isinstance(failure, Exception) and not isinstance(failure, OSError):
                raise failure

    def _now(self) -> float:
        return self._loop.time() * 1000

    async def _read(self) -> None:
        while (message := await self._receive())["type"] == "websocket.receive":
            if self._session.faults.read_delay_ms:
                await asyncio.sleep(self._session.faults.read_delay_ms / 1000)
            before = self._session.deadline
            self._out += self._session.receive(message.get("text") or "", self._now())
            if self._out or self._session.deadline != before:
                self._wake.set()

    async def _write(self) -> None:
        while True:
            self._out += self._session.tick(self._now())
            out, self._out = self._out, []
            for text in out:
                await self._send({"type": "websocket.send", "text": text})
            if self._session.closing and not self._out:
                await self._close(*self._session.closing)
                return
            if not self._out:
                await self._sleep()

    async def _sleep(self) -> None:
        """Until there is something to send, or the session's deadline."""
        deadline = self._session.deadline
        timer = self._loop.call_at(deadline / 1000, self._wake.set) if deadline is not None else None
        await self._wake.wait()
        self._wake.clear()
        if timer:
            timer.cancel()

    async def _close(self, code: int, reason: str) -> None:
        # An ASGI application that returns without closing has its connection dropped, with no close frame.
        if code != ABORTED:
            await self._send({"type": "websocket.close", "code": code, "reason": reason})


async def _refuse(scope: Scope, receive: Receive, send: Send, refusal: tuple[int, str, str, str]) -> None:
    status, kind, code, message = refusal
    answer = (status, {"error": {"message": message, "type": kind, "param": None, "code": code}})
    if scope["type"] == "http":
        await answer_send(send, answer)
        return
    await receive()
    body = json.dumps(answer[1]).encode()
    headers = [(b"content-type", b"application/json")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


async def _retire(send: Send) -> None:
    """How the GA server answers the beta's header since 2026-05-12."""
    error = {
        "type": "invalid_request_error.beta_api_shape_disabled",
        "code": "beta_api_shape_disabled",
        "message": "The Realtime Beta API is no longer supported. Please use the GA API.",
        "param": None,
        "event_id": None,
    }
    event = {"type": "error", "event_id": "event_1", "error": error}
    await send({"type": "websocket.send", "text": json.dumps(event)})
    await send({"type": "websocket.close", "code": BETA_RETIRED, "reason": "beta_api_shape_disabled"})


def _listed(model: str) -> dict[str, Any]:
    return {"id": model, "object": "model", "created": 1_780_000_000, "owned_by": "openai", "shutdown_date": None}
