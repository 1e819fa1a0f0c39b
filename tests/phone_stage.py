"""A stage for the simulated phone network: the simulator and a stand-in for our program, both on real sockets."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from simulator.app import ACCOUNT_SID, AUTH_TOKEN, Simulator
from simulator.http_exchange import Receive, Scope, Send, answer_send, request_read
from simulator.speech import Ear, PhraseBook

FROM, NUMBER = "+12025550100", "+12025550199"
ALL_EVENTS = ["initiated", "ringing", "answered", "completed"]


class Program:
    """What stands in for ours: it says "Hello?", listens for an answer, and closes the stream."""

    def __init__(self) -> None:
        self.url = ""
        self.book = PhraseBook()
        self.callbacks: list[dict[str, str]] = []
        self.signatures: list[bool] = []
        self.stream: list[dict[str, Any]] = []
        self.stream_headers: dict[str, str] = {}
        self.close_code = 0
        self.heard: list[str | None] = []
        self.greets = True
        self.refuses = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._take_callback(scope, receive, send)
        elif scope["type"] == "websocket":
            self.stream_headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            if not self.refuses:
                await self._converse(receive, send)
            # Before the handshake is accepted, this refuses it with 403.
            await send({"type": "websocket.close", "code": 1000})

    async def _take_callback(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await request_read(scope, receive)
        form, signature = dict(request.form), request.headers["x-twilio-signature"]
        self.callbacks.append(form)
        self.signatures.append(RequestValidator(AUTH_TOKEN).validate(self.url + request.path, form, signature))
        await answer_send(send, (200, {}))

    async def _converse(self, receive: Receive, send: Send) -> None:
        ear = Ear(self.book)
        await send({"type": "websocket.accept"})
        while not self.heard:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                self.close_code = message["code"]
                return
            if message["type"] == "websocket.connect":
                continue
            event = json.loads(message["text"])
            self.stream.append(event)
            if event["event"] == "start" and self.greets:
                await self._greet(send, event["streamSid"])
            elif event["event"] == "media":
                self.heard += [heard.text for heard in ear.feed(base64.b64decode(event["media"]["payload"]))]

    async def _greet(self, send: Send, sid: str) -> None:
        payload = base64.b64encode(self.book.say("Hello?", "agent")).decode()
        media = {"event": "media", "streamSid": sid, "media": {"payload": payload}}
        mark = {"event": "mark", "streamSid": sid, "mark": {"name": "greeting"}}
        for message in (media, mark):
            await send({"type": "websocket.send", "text": json.dumps(message)})

    def statuses(self) -> list[str]:
        return [form["CallStatus"] for form in self.callbacks if "CallStatus" in form]

    def stream_events(self) -> list[tuple[str, str]]:
        found = [form for form in self.callbacks if "StreamEvent" in form]
        return [(form["StreamEvent"], form.get("StreamError", "")) for form in found]


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve on a loopback port of the system's choice; gives the base URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, ws="websockets-sansio", log_level="error", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await until(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await task


async def until(condition: Callable[[], object], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (a server's state has no event to wait for)
            await asyncio.sleep(0.01)


class Stage:
    """Simulator and stand-in program, both served."""

    def __init__(self, simulator: Simulator, url: str, program: Program) -> None:
        self.simulator, self.url, self.program = simulator, url, program

    def client(self, *, token: str = AUTH_TOKEN, patience: float = 10) -> Client:
        client = Client(ACCOUNT_SID, token, http_client=TwilioHttpClient(timeout=patience))
        client.api.base_url = self.url
        return client

    async def post_scenario(self, **changes: Any) -> None:
        scenario = {
            "like": "answers-right",
            "number": NUMBER,
            "person": "Zoe Quist",
            "ring_ms": 50,
            "latency_ms": 20,
            "replies": [{"pattern": "hello", "say": ["Hi."]}],
            **changes,
        }
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"{self.url}/scenarios", json=scenario)
        assert (answer.status_code, answer.json()) == (201, {"registered": 1})

    async def place(self, *, patience: float = 10, **options: Any) -> Any:
        ws = self.program.url.replace("http", "ws", 1)
        stream = f'<Stream url="{ws}/media/7" statusCallback="{self.program.url}/stream/7">'
        twiml = f'<Response><Connect>{stream}<Parameter name="token" value="t"/></Stream></Connect><Hangup/></Response>'
        order = {
            "to": NUMBER,
            "from_": FROM,
            "twiml": twiml,
            "status_callback": f"{self.program.url}/status/7",
            "status_callback_event": ALL_EVENTS,
            **options,
        }
        return await asyncio.to_thread(self.client(patience=patience).calls.create, **order)

    async def ended(self, callbacks: int = 6) -> dict[str, Any]:
        """The ledger's only call, once it is over and that many callbacks were posted."""

        def is_over() -> bool:
            [call] = self.simulator.network.calls.values()
            return call.is_over and len(call.callbacks) >= callbacks

        await until(is_over)
        [call] = self.simulator.ledger()["calls"]
        return dict(call)
