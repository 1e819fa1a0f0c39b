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

DIRECT, PLAIN = "highway.websocket_protocol:MediaWebSocketProtocol", "websockets-sansio"


class Program:
    """Echoes each message with the number of those before it; what is not UTF-8 in it as an escape."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self.count = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.line = line_of(scope, receive, send)
        self.ended.set_result(await self.line.listen(self.echo))

    def echo(self, message: bytes) -> None:
        self.line.write(f"{self.count} {message.decode(errors='backslashreplace')}".encode())
        self.count += 1


@pytest.fixture(params=[DIRECT, PLAIN], ids=["direct", "plain-asgi"])
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


async def test_what_comes_after_our_close_is_not_delivered(program: tuple[Program, ClientConnection]) -> None:
    played, connection = program
    await connection.send("one")
    assert await connection.recv() == "0 one"
    played.line.close()
    await played.line.finish()
    connection.transport.write(frame(b"two") + frame(b"three"))
    assert (await played.ended, played.count) == ((1000, ""), 1)


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5, 8, 100])
async def test_the_beginning_of_a_frame_behind_two_whole_ones_waits_for_its_rest(
    program: tuple[Program, ClientConnection], cut: int
) -> None:
    _, connection = program
    third = frame(b"c" * 200)
    connection.transport.write(frame(b"a" * 200) + frame(b"b" * 300) + third[:cut])
    assert [await connection.recv(), await connection.recv()] == ["0 " + "a" * 200, "1 " + "b" * 300]
    connection.transport.write(third[cut:])
    assert await connection.recv() == "2 " + "c" * 200
    await connection.send("d" * 200)
    assert await connection.recv() == "3 " + "d" * 200


async def test_short_messages_and_a_ping_among_others_keep_their_order(
    program: tuple[Program, ClientConnection],
) -> None:
    _, connection = program
    ping = frame(b"still there?", opcode=Opcode.PING)
    connection.transport.write(frame(b"a" * 200) + ping + frame(b"b" * 200) + frame(b"cc") + frame(b"d"))
    echoed = ["0 " + "a" * 200, "1 " + "b" * 200, "2 cc", "3 d"]
    assert [await connection.recv() for _ in echoed] == echoed


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


@pytest.mark.parametrize("program", [PLAIN], indirect=True)
async def test_what_is_not_utf8_closes_a_plain_socket(program: tuple[Program, ClientConnection]) -> None:
    played, connection = program
    connection.transport.write(frame(b"\xff" * 200))
    await connection.wait_closed()
    assert connection.close_code == 1007
    assert (await played.ended)[0] in (1005, 1007)


@pytest.mark.parametrize("program", [DIRECT], indirect=True)
async def test_what_is_not_utf8_is_delivered_as_it_came_and_closes_nothing(
    program: tuple[Program, ClientConnection],
) -> None:
    _, connection = program
    connection.transport.write(frame(b"\xff" * 200))
    connection.transport.write(frame(b"\xfe" * 200, fin=False) + frame(b"\xfd", opcode=Opcode.CONT))
    assert [await connection.recv(), await connection.recv()] == ["0 " + r"\xff" * 200, "1 " + r"\xfe" * 200 + r"\xfd"]
    await connection.send("still open")
    assert await connection.recv() == "2 still open"


async def test_the_peers_close_is_told_with_its_reason(program: tuple[Program, ClientConnection]) -> None:
    played, connection = program
    await connection.close(1001, "gone")
    assert await played.ended == (1001, "gone")


async def test_what_was_written_is_sent_before_the_close(program: tuple[Program, ClientConnection]) -> None:
    played, connection = program
    await connection.send("hello")
    await connection.recv()
    played.line.write(b"one", b"two")
    played.line.close()
    await played.line.finish()
    assert [await connection.recv(), await connection.recv()] == ["one", "two"]
    await connection.wait_closed()
    assert connection.close_code == 1000
