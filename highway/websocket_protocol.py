"""uvicorn's websocket protocol with one ASGI extension, `highway.direct`, for the media stream.

ASGI hands over each message through a queue, a future and a task switch, and uvicorn stops and starts reading the
socket around each: measured, half of what a frame of a call costs. An application that can take a message at once, and
never blocks, may attach a callback instead and write without awaiting. All else (handshake, keepalive, close, limits)
stays uvicorn's. Under another server the extension is absent and the plain ASGI way is taken (calls/line_socket.py).
"""

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from calls.frames import plain_text, read_masked_text


class MediaWebSocketProtocol(WebSocketsSansIOProtocol):
    _deliver: Callable[[str], None] | None = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions["highway.direct"] = self

    def attach(self, deliver: Callable[[str], None]) -> None:
        """Hand every text message to `deliver` from now on, those that wait in the queue first."""
        waiting = [self.queue.get_nowait() for _ in range(self.queue.qsize())]
        for message in waiting:
            if message["type"] == "websocket.receive" and message.get("text") is not None:
                deliver(message["text"] or "")
            else:
                self.queue.put_nowait(message)
        self._deliver = deliver
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        text = read_masked_text(data) if self._deliver and self._is_between_messages() else None
        try:
            message = None if text is None else text.decode()
        except UnicodeDecodeError:
            message = None  # The general way closes with 1007.
        if message is not None and self._deliver:
            self._deliver(message)
        else:
            super().data_received(data)

    def _is_between_messages(self) -> bool:
        return not self.conn.reader.buffer and not self.frames and not self.close_sent and self.conn.state is State.OPEN

    def send_receive_event_to_app(self) -> None:
        if self._deliver is None or self.curr_msg_data_type != "text" or self.close_sent:
            super().send_receive_event_to_app()
            return
        try:
            text = b"".join(self.frames).decode()
        except UnicodeDecodeError:
            super().send_receive_event_to_app()  # which closes with 1007
            return
        self.frames = []
        self._deliver(text)

    def write(self, *texts: str) -> None:
        """Send text messages without waiting. Nothing is sent once the socket closes: `receive` tells of that."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.transport.write(b"".join([plain_text(text.encode()) for text in texts]))

    @property
    def unsent(self) -> int:
        """Bytes written that the peer has not taken yet."""
        return 0 if self.transport.is_closing() else self.transport.get_write_buffer_size()
