"""A stage for the media stream: our application on a real socket, the test as Twilio, the test as the model."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from django.conf import settings
from django.db import connections
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError

from calls import carrier, stream_tokens
from calls.models import Call
from highway.asgi import application

STREAM_SID, CALL_SID = "MZ" + "1" * 32, "CA" + "1" * 32
PATIENCE_S = 10.0


class Model:
    """OpenAI's side: what the program sent, and a hand to answer with."""

    def __init__(self) -> None:
        self.socket: ServerConnection | None = None
        self.received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.connected = asyncio.Event()
        self.closed = asyncio.Event()
        self.url = ""

    async def serve(self, connection: ServerConnection) -> None:
        self.socket = connection
        self.connected.set()
        await self.say({"type": "session.created", "session": {"id": "sess_1"}})
        async for message in connection:
            self.received.put_nowait(json.loads(message))
        self.closed.set()

    async def say(self, *events: dict[str, Any]) -> None:
        assert self.socket
        for event in events:
            await self.socket.send(json.dumps(event))

    async def next(self, kind: str) -> dict[str, Any]:
        """The next event of this kind; others are passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while (event := await self.received.get())["type"] != kind:
                pass
        return event


class Twilio:
    """The line: what the program sent down it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.socket = connection

    async def start(self, token: str, *, call_sid: str = CALL_SID) -> None:
        start = {"streamSid": STREAM_SID, "callSid": call_sid, "customParameters": {"token": token}}
        await self.send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self.send({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": STREAM_SID})

    async def send(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(message))

    async def media(self, number: int, sound: bytes) -> None:
        payload = base64.b64encode(sound).decode()
        media = {"track": "inbound", "chunk": str(number), "timestamp": str(number * 20), "payload": payload}
        await self.send({"event": "media", "sequenceNumber": str(number), "media": media, "streamSid": STREAM_SID})

    async def next(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            message: dict[str, Any] = {}
            while message.get("event") != kind:
                message = json.loads(await self.socket.recv())
        return message

    async def wait_closed(self) -> tuple[int | None, str | None]:
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionClosedError):
                async for _ in self.socket:
                    pass
        return self.socket.close_code, self.socket.close_reason


@asynccontextmanager
async def program(ws: str = "highway.websocket_protocol:MediaWebSocketProtocol") -> AsyncIterator[str]:
    """Our application under uvicorn with this websocket protocol; gives its ws:// address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, ws=ws, ws_per_message_deflate=False, ws_max_size=65_536, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def model() -> AsyncIterator[Model]:
    played = Model()
    async with serve(played.serve, "127.0.0.1", 0, compression=None) as server:
        host, port = next(iter(server.sockets)).getsockname()[:2]
        played.url = f"ws://{host}:{port}/v1/realtime"
        yield played


@asynccontextmanager
async def line(address: str, call: Call, *, signed: bool = True) -> AsyncIterator[Twilio]:
    url = carrier.stream_url(verification_id=call.verification_id, call_id=call.pk)
    signature = RequestValidator(settings.TWILIO_AUTH_TOKEN).compute_signature(url, {}) if signed else "forged"
    path = f"/media-stream/{call.verification_id}/{call.pk}"
    headers = {"X-Twilio-Signature": signature}
    async with connect(address + path, additional_headers=headers, compression=None, proxy=None) as connection:
        yield Twilio(connection)


def token(call: Call) -> str:
    return stream_tokens.make(verification_id=call.verification_id, call_id=call.pk)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that another thread is about to do."""

    def look() -> bool:
        try:
            return holds()
        finally:
            connections.close_all()  # Each look may be in another thread, and the pool has ten connections.

    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(look):  # noqa: ASYNC110  (another thread's database work sets no event)
            await asyncio.sleep(0.02)
