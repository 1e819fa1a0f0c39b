"""The line's socket, as the conversation sees it: messages come by a callback, and writing never waits.

Two of one face. `DirectLine` uses our server's extension (highway/websocket_protocol.py); `QueuedLine` does the same
with plain ASGI, under any server.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

Deliver = Callable[[bytes], None]
"""Takes a text message as UTF-8."""
Ended = tuple[int, str]
"""The close code and reason."""

NOT_TEXT = b""
"""Delivered in place of a binary message: it decodes to nothing that Twilio sends."""


class Line(Protocol):
    async def listen(self, deliver: Deliver) -> Ended:
        """Deliver every message until the socket has closed."""

    def write(self, *messages: bytes) -> None: ...

    def close(self) -> None:
        """Close, after all that was written."""

    async def finish(self) -> None:
        """Wait until what was written, and the close, are on their way."""

    @property
    def unsent(self) -> int:
        """How many bytes are written that the line has not taken."""


class DirectLine:
    def __init__(self, protocol: Any, receive: Any, send: Any) -> None:
        self._protocol, self._receive, self._send = protocol, receive, send
        self._closing: asyncio.Task[None] | None = None
        self.write: Callable[..., None] = protocol.write

    async def listen(self, deliver: Deliver) -> Ended:
        self._protocol.attach(deliver)
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return _ended(message)
            deliver(NOT_TEXT)

    def close(self) -> None:
        self._closing = self._closing or asyncio.create_task(_close(self._send))

    async def finish(self) -> None:
        if self._closing:
            await self._closing

    @property
    def unsent(self) -> int:
        return int(self._protocol.unsent)


class QueuedLine:
    def __init__(self, receive: Any, send: Any) -> None:
        self._receive, self._send = receive, send
        self._outbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())
        self.unsent = 0

    async def listen(self, deliver: Deliver) -> Ended:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return _ended(message)
            deliver((message.get("text") or "").encode() or NOT_TEXT)

    def write(self, *messages: bytes) -> None:
        for message in messages:
            self.unsent += len(message)
            self._outbox.put_nowait(message)

    def close(self) -> None:
        self._outbox.put_nowait(None)

    async def finish(self) -> None:
        await self._writer

    async def _write(self) -> None:
        try:
            while (message := await self._outbox.get()) is not None:
                await self._send({"type": "websocket.send", "text": message.decode()})
                self.unsent -= len(message)
        except OSError:
            return  # The line is gone; `listen` tells of it.
        await _close(self._send)


def line_of(scope: dict[str, Any], receive: Any, send: Any) -> Line:
    protocol = (scope.get("extensions") or {}).get("highway.direct")
    return DirectLine(protocol, receive, send) if protocol else QueuedLine(receive, send)


async def _close(send: Any) -> None:
    try:
        await send({"type": "websocket.close", "code": 1000})
    except (OSError, RuntimeError):
        return  # It was closed already, by the other side or by the server.


def _ended(message: dict[str, Any]) -> Ended:
    return message.get("code") or 0, message.get("reason") or ""
