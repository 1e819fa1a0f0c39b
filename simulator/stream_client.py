"""The socket around a PhoneLine: it dials the program's websocket as Twilio's media servers do."""

import asyncio
import time
from collections import deque

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from simulator.phone_line import PhoneLine

CONNECT_TIMEOUT_S = 10
CLOSE_TIMEOUT_S = 5


class StreamFailed(Exception):
    """The stream did not open. The message begins with Twilio's error code."""


async def stream_open(url: str, signature: str) -> ClientConnection:
    """Connect. Raises StreamFailed."""
    try:
        return await connect(
            url,
            additional_headers={"x-twilio-signature": signature},
            user_agent_header="TwilioProxy/1.1",
            compression=None,
            proxy=None,
            open_timeout=CONNECT_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=None,
        )
    except InvalidStatus as error:
        answer = error.response.status_code
        raise StreamFailed(f"31920 Stream - WebSocket - Handshake error: the answer was {answer}") from error
    except TimeoutError as error:
        raise StreamFailed("31901 Stream - WebSocket - Connection timeout") from error
    except OSError as error:
        raise StreamFailed("31902 Stream - WebSocket - Connection refused") from error
    except (InvalidHandshake, InvalidURI) as error:
        raise StreamFailed(f"31924 Stream - WebSocket - Protocol error: {type(error).__name__}") from error


async def stream_run(socket: ClientConnection, line: PhoneLine, hang_up: asyncio.Event, read_delay_ms: int) -> None:
    """Play the line on the socket until either side ends it, or `hang_up` is set. Returns with the socket closed."""
    outbox: deque[str] = deque(line.start(_now()))
    reader = asyncio.create_task(_read(socket, line, outbox, read_delay_ms / 1000))
    try:
        await _write(socket, line, outbox, hang_up, reader)
    except ConnectionClosed:
        pass  # the program closed it: <Connect> is over, and the next verb's turn has come
    finally:
        reader.cancel()
        line.close()
    if line.lost:
        socket.transport.abort()
    await socket.close()


async def _write(
    socket: ClientConnection,
    line: PhoneLine,
    outbox: deque[str],
    hang_up: asyncio.Event,
    reader: "asyncio.Task[None]",
) -> None:
    """The only writer, so that messages leave in the order of their sequence numbers."""
    while not reader.done():
        outbox.extend(line.hang_up() if hang_up.is_set() else line.tick(_now()))
        while outbox:
            await socket.send(outbox.popleft())
        if line.finished:
            return
        await asyncio.sleep((line.deadline - _now()) / 1000)


async def _read(socket: ClientConnection, line: PhoneLine, outbox: deque[str], delay_s: float) -> None:
    """Return when the program has closed the socket."""
    try:
        while True:
            if delay_s:
                await asyncio.sleep(delay_s)
            outbox.extend(line.receive(await socket.recv(), _now()))
    except ConnectionClosed:
        return


def _now() -> float:
    return time.monotonic() * 1000
