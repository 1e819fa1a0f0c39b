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

from calls.frames import is_between_frames, plain_text, read_texts


class MediaWebSocketProtocol(WebSocketsSansIOProtocol):
    _deliver: Callable[[bytes], None] | None = None
    _is_between_messages = False
    """Whether what comes next begins a frame, and the general way has nothing unfinished."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions["highway.direct"] = self

    def attach(self, deliver: Callable[[bytes], None]) -> None:
        """Hand every text message to `deliver` from now on, those that wait in the queue first."""
        waiting = [self.queue.get_nowait() for _ in range(self.queue.qsize())]
        for message in waiting:
            if message["type"] == "websocket.receive" and (text := message.get("text")) is not None:
                deliver(text.encode())
            else:
                self.queue.put_nowait(message)
        self._deliver = deliver
        self._look_between()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self._deliver and self._is_between_messages and not self.close_sent:
            messages, rest = read_texts(data, masked=True)
            for message in messages:
                self._deliver(message)
            if rest == len(data):
                return
            data = data[rest:]
        super().data_received(data)
        self._look_between()

    def _look_between(self) -> None:
        self._is_between_messages = not self.frames and is_between_frames(self.conn)

    def send_receive_event_to_app(self) -> None:
        if self._deliver is None or self.curr_msg_data_type != "text" or self.close_sent:
            super().send_receive_event_to_app()
            return
        message, self.frames = b"".join(self.frames), []
        self._deliver(message)

    def write(self, *messages: bytes) -> None:
        """Send text messages, UTF-8, and wait for nothing. After a close nothing is sent: `receive` tells of that."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.transport.write(b"".join([plain_text(message) for message in messages]))

    @property
    def unsent(self) -> int:
        """Bytes written that the peer has not taken yet."""
        return 0 if self.transport.is_closing() else self.transport.get_write_buffer_size()
