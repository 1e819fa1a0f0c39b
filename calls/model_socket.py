"""One websocket to the voice model.

websockets' asyncio client does the handshake, the keepalive and the close. Its own `send` and `recv` cost a task switch
each, which on this path is most of the work, so messages are written to the transport as they come and handed on from
the protocol's callback, without a queue in between.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

from calls.frames import is_between_frames, masked_text, read_texts
from calls.voice.events import ModelLost, ModelRefused
from calls.voice.realtime import Dialect

MAX_MESSAGE = 2**22
"""Bytes. A second of audio is 11 kB on the wire; a whole response's `response.done` is far below this."""
MAX_UNSENT = 2**20
"""Bytes that may wait for a model that does not read: about 90 s of one caller. Beyond, the socket counts as lost."""

Deliver = Callable[[bytes], None]


class ModelConnection(ClientConnection):
    """Adds to websockets' connection a callback for messages and a send that does not wait."""

    deliver: Deliver | None = None
    on_lost: Callable[[int, str], None] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._early: list[bytes] = []
        self._parts: list[bytes] = []
        self._is_open = False
        self._is_between_messages = False

    def attach(self, deliver: Deliver, on_lost: Callable[[int, str], None]) -> None:
        """Take over. What came between the handshake and this call is delivered first."""
        self.deliver, self.on_lost = deliver, on_lost
        early, self._early = self._early, []
        self._look()
        for message in early:
            deliver(message)
        if self.protocol.state is State.CLOSED:
            self._tell_lost()

    def data_received(self, data: bytes) -> None:
        if self.deliver and self._is_between_messages:
            messages, rest = read_texts(data, masked=False)
            for message in messages:
                self._pass_on(message)
            if rest == len(data):
                return
            data = data[rest:]
        super().data_received(data)
        self._look()

    def _look(self) -> None:
        """Kept, because asking costs more than a frame should."""
        self._is_open = self.protocol.state is State.OPEN
        self._is_between_messages = not self._parts and is_between_frames(self.protocol)

    def process_event(self, event: Event) -> None:
        if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.CONT):
            self._message(event)
        else:
            super().process_event(event)

    def _message(self, frame: Frame) -> None:
        data = bytes(frame.data)
        if not frame.fin or self._parts:
            self._parts.append(data)
            if not frame.fin:
                return
            data, self._parts = b"".join(self._parts), []
        self._pass_on(data)

    def _pass_on(self, message: bytes) -> None:
        # Asked each time: the message before may have been the reason to drop the socket.
        if self.deliver:
            self.deliver(message)
        else:
            self._early.append(message)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._tell_lost()

    def _tell_lost(self) -> None:
        self._is_open = False
        on_lost, self.on_lost = self.on_lost, None
        self.deliver = None
        if on_lost:
            on_lost(self.protocol.close_code or 1006, self.protocol.close_reason or "")

    def write(self, message: bytes) -> None:
        """Send one text message. Dropped when the socket is closing: `on_lost` is what tells of that."""
        if not self._is_open:
            return
        if self.paused and self.transport.get_write_buffer_size() > MAX_UNSENT:
            self.transport.abort()
            return
        self.transport.write(masked_text(message))

    def drop(self) -> None:
        """Close without waiting for anyone."""
        self.on_lost = self.deliver = None
        self._is_open = False
        if self.protocol.state is State.OPEN:
            self.protocol.send_close(1000)
            self.send_data()
        self.transport.close()


async def open_model(
    dialect: Dialect, *, base_url: str, model: str, key: str, timeout_s: float, address: str = ""
) -> ModelConnection | ModelRefused | ModelLost:
    """Connect; says what went wrong instead of raising. The key goes into a header, and nowhere else.

    `address`: the IP address to connect to, where the URL's host has been looked up and checked already.
    """
    there: dict[str, Any] = {"host": address} if address else {}
    try:
        async with asyncio.timeout(timeout_s):
            connection = await connect(
                dialect.url(base_url, model),
                additional_headers=dialect.headers(key),
                user_agent_header=None,
                # Audio in base64 does not compress; deflate would only cost time, and proxies break on it.
                compression=None,
                max_size=MAX_MESSAGE,
                open_timeout=None,
                # A proxy for web pages, found in the environment, is not meant for calls.
                proxy=None,
                create_connection=ModelConnection,
                **there,
            )
    except InvalidStatus as error:
        return dialect.refusal(error.response.status_code, bytes(error.response.body or b""))
    except TimeoutError:
        return ModelLost(0, f"no answer within {timeout_s:g} s")
    except (OSError, InvalidHandshake, WebSocketException) as error:
        return ModelLost(0, type(error).__name__)
    assert isinstance(connection, ModelConnection)  # noqa: S101  (what create_connection made)
    return connection
