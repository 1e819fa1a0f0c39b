"""The server's direct way for messages: whole, split, joined or broken, they arrive as plain ASGI would bring them."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Frame, Opcode

from calls.line_socket import line_of

PROTOCOLS = ["highway.websocket_protocol:MediaWebSocketProtocol", "websockets-sansio"]


class Program:
    """Echoes each message with the number of those before it."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self.count = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.line = line_of(scope, receive, send)
        self.ended.set_result(await self.line.listen(self.echo))

    def echo(self, text: str) -> None:
        self.line.write(f"{self.count} {text}")
        self.count += 1


@pytest.fixture(params=PROTOCOLS, ids=["direct", "plain-asgi"])
async def program(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Program, ClientConnection]]:
    listener, program = socket.create_server(("127.0.0.1", 0)), Program()
    config = uvicorn.Config(
        program, ws=request.param, ws_per_message_deflate=False, ws_max_size=65_536, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    url = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
    async with connect(url, compression=None, proxy=None, max_size=None) as connection:
        yield program, connection
    server.should_exit = True
    await running


def frame(text: bytes, *, opcode: Opcode = Opcode.TEXT, fin: bool = True) -> bytes:
    return Frame(opcode, text, fin).serialize(mask=True)


@pytest.mark.parametrize("length", [1, 125, 126, 400, 65_535, 65_536])
async def test_a_message_of_any_length_is_delivered(program: tuple[Program, ClientConnection], length: int) -> None:
    _, connection = program
    await connection.send("x" * length)
    assert await connection.recv() == "0 " + "x" * length


async def test_messages_in_one_packet_keep_their_order(program: tuple[Program, ClientConnection]) -> None:
    _, connection = program
    messages = [f"{number:04}" * 50 for number in range(20)]
    connection.transport.write(b"".join(frame(message.encode()) for message in messages))
    assert [await connection.recv() for _ in messages] == [f"{n} {message}" for n, message in enumerate(messages)]


async def test_a_message_in_pieces_is_one_message(program: tuple[Program, ClientConnection]) -> None:
    _, connection = program
    whole = frame(b"y" * 300) + frame(b"z" * 300)
    connection.transport.write(whole[:100])
    await asyncio.sleep(0.01)  # So that the rest comes in a packet of its own; the result is the same if it does not.
    connection.transport.write(whole[100:])
    assert [await connection.recv(), await connection.recv()] == ["0 " + "y" * 300, "1 " + "z" * 300]


async def test_a_whole_frame_after_a_fragment_is_not_taken_for_a_message_of_its_own(
    program: tuple[Program, ClientConnection],
) -> None:
    _, connection = program
    connection.transport.write(frame(b"a" * 200, fin=False))
    connection.transport.write(frame(b"b" * 200, opcode=Opcode.CONT))
    connection.transport.write(frame(b"c" * 200))
    assert [await connection.recv(), await connection.recv()] == ["0 " + "a" * 200 + "b" * 200, "1 " + "c" * 200]


async def test_what_is_not_utf8_closes_the_socket(program: tuple[Program, ClientConnection]) -> None:
    played, connection = program
    connection.transport.write(frame(b"\xff" * 200))
    await connection.wait_closed()
    assert connection.close_code == 1007
    assert (await played.ended)[0] in (1005, 1007)


async def test_the_peers_close_is_told_with_its_reason(program: tuple[Program, ClientConnection]) -> None:
    played, connection = program
    await connection.close(1001, "gone")
    assert await played.ended == (1001, "gone")


async def test_what_was_written_is_sent_before_the_close(program: tuple[Program, ClientConnection]) -> None:
    played, connection = program
    await connection.send("hello")
    await connection.recv()
    played.line.write("one", "two")
    played.line.close()
    await played.line.finish()
    assert [await connection.recv(), await connection.recv()] == ["one", "two"]
    await connection.wait_closed()
    assert connection.close_code == 1000
