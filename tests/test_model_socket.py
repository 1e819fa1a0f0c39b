"""The model's socket against a real websockets server."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response

from calls import model_socket
from calls.model_socket import ModelConnection, open_model
from calls.voice.events import ModelLost, ModelRefused
from calls.voice.realtime import GA

BODY = b'{"error": {"code": "insufficient_quota", "message": "You exceeded your current quota."}}'


class Vendor:
    def __init__(self) -> None:
        self.heard: asyncio.Queue[str | bytes] = asyncio.Queue()
        self.connections: list[ServerConnection] = []
        self.reads = True

    async def serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        await connection.send("early")
        while self.reads:
            self.heard.put_nowait(await connection.recv())
        await connection.wait_closed()


@pytest.fixture
async def vendor() -> AsyncIterator[tuple[Vendor, str]]:
    vendor = Vendor()
    async with serve(vendor.serve, "127.0.0.1", 0, compression=None, close_timeout=0.2) as server:
        yield vendor, url_of(server)


def url_of(server: Server) -> str:
    return f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/v1/realtime"


async def opened(url: str) -> ModelConnection:
    connection = await open_model(GA, base_url=url, model="m", key="sk-test", timeout_s=5)
    assert isinstance(connection, ModelConnection)
    return connection


async def test_what_came_before_anybody_listened_is_delivered_first(vendor: tuple[Vendor, str]) -> None:
    played, url = vendor
    connection = await opened(url)
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    connection.attach(heard.put_nowait, lambda code, reason: None)
    await played.connections[0].send("late")
    assert [await heard.get(), await heard.get()] == [b"early", b"late"]
    connection.drop()


@pytest.mark.parametrize("length", [1, 125, 126, 400, 65_535, 65_536, 200_000])
async def test_a_message_of_any_length_arrives_whole(vendor: tuple[Vendor, str], length: int) -> None:
    played, url = vendor
    connection = await opened(url)
    connection.write(b"x" * length)
    assert await played.heard.get() == "x" * length
    connection.drop()


async def test_a_message_in_fragments_is_delivered_as_one(vendor: tuple[Vendor, str]) -> None:
    played, url = vendor
    connection = await opened(url)
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    connection.attach(heard.put_nowait, lambda code, reason: None)
    await played.connections[0].send(["one ", "two ", "three"])
    assert [await heard.get(), await heard.get()] == [b"early", b"one two three"]
    connection.drop()


def frame(message: bytes, opcode: Opcode = Opcode.TEXT) -> bytes:
    return Frame(opcode, message).serialize(mask=False)


async def test_a_frame_cut_behind_a_head_that_looks_like_another_arrives_whole(vendor: tuple[Vendor, str]) -> None:
    _, url = vendor
    connection = await opened(url)
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    connection.attach(heard.put_nowait, lambda code, reason: None)
    assert await heard.get() == b"early"
    # Its length in two bytes, 0x8112, is the head of a text of 18 bytes. Handed over here as two packets would be.
    whole = frame(b"y" * 0x8112)
    connection.data_received(whole[:2])
    connection.data_received(whole[2:])
    assert heard.get_nowait() == b"y" * 0x8112
    connection.drop()


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 100])
async def test_the_beginning_of_a_frame_behind_two_whole_ones_waits_for_its_rest(
    vendor: tuple[Vendor, str], cut: int
) -> None:
    played, url = vendor
    connection = await opened(url)
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    connection.attach(heard.put_nowait, lambda code, reason: None)
    assert await heard.get() == b"early"
    third = frame(b"c" * 200)
    played.connections[0].transport.write(frame(b"a" * 200) + frame(b"b" * 300) + third[:cut])
    assert [await heard.get(), await heard.get()] == [b"a" * 200, b"b" * 300]
    played.connections[0].transport.write(third[cut:])
    assert await heard.get() == b"c" * 200
    await played.connections[0].send("d" * 200)
    assert await heard.get() == b"d" * 200
    connection.drop()


async def test_short_messages_and_a_ping_among_others_keep_their_order(
    vendor: tuple[Vendor, str],
) -> None:
    played, url = vendor
    connection = await opened(url)
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    connection.attach(heard.put_nowait, lambda code, reason: None)
    ping = frame(b"still there?", Opcode.PING)
    messages = [b"a" * 200, b"b" * 200, b"cc", b"d"]
    played.connections[0].transport.write(
        frame(messages[0]) + ping + b"".join(frame(message) for message in messages[1:])
    )
    assert [await heard.get() for _ in range(5)] == [b"early", *messages]
    connection.drop()


async def test_what_came_with_the_message_that_made_us_drop_the_socket_is_not_delivered(
    vendor: tuple[Vendor, str],
) -> None:
    played, url = vendor
    connection = await opened(url)
    heard: list[bytes] = []

    def deliver(message: bytes) -> None:
        heard.append(message)
        if message == b"last":
            connection.drop()

    connection.attach(deliver, lambda code, reason: None)
    played.connections[0].transport.write(frame(b"last") + frame(b"too late"))
    await connection.wait_closed()
    assert heard == [b"early", b"last"]


async def test_a_lost_socket_is_told_once(vendor: tuple[Vendor, str]) -> None:
    played, url = vendor
    connection = await opened(url)
    lost: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    connection.attach(lambda message: None, lambda code, reason: lost.put_nowait((code, reason)))
    await played.connections[0].close(4000, "beta_api_shape_disabled")
    assert await lost.get() == (4000, "beta_api_shape_disabled")
    assert lost.empty()


async def test_a_socket_we_drop_is_not_told(vendor: tuple[Vendor, str]) -> None:
    _, url = vendor
    connection = await opened(url)
    lost: list[int] = []
    connection.attach(lambda message: None, lambda code, reason: lost.append(code))
    connection.drop()
    await connection.wait_closed()
    assert lost == []


async def test_a_model_that_does_not_read_is_given_up(
    vendor: tuple[Vendor, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    played, url = vendor
    played.reads = False
    monkeypatch.setattr(model_socket, "MAX_UNSENT", 100_000)
    connection = await opened(url)
    lost = asyncio.Event()
    connection.attach(lambda message: None, lambda code, reason: lost.set())
    while not lost.is_set():
        connection.write(b"x" * 60_000)
        await asyncio.sleep(0)


async def test_a_refusal_at_the_door_gives_the_vendors_code() -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        assert request.headers["Authorization"] == "Bearer sk-test"
        return Response(HTTPStatus.TOO_MANY_REQUESTS, "Too Many Requests", Headers(), BODY)

    async with serve(lambda connection: asyncio.sleep(0), "127.0.0.1", 0, process_request=refuse) as server:
        answer = await open_model(GA, base_url=url_of(server), model="m", key="sk-test", timeout_s=5)
    assert answer == ModelRefused(429, "insufficient_quota", "You exceeded your current quota.")


async def test_nobody_there_is_a_lost_model() -> None:
    async with serve(lambda connection: asyncio.sleep(0), "127.0.0.1", 0) as server:
        url = url_of(server)
    assert await open_model(GA, base_url=url, model="m", key="k", timeout_s=5) == ModelLost(0, "ConnectionRefusedError")


async def test_a_door_that_does_not_answer_is_not_waited_for_long() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        answer = await open_model(GA, base_url=url, model="m", key="k", timeout_s=0.05)
    assert answer == ModelLost(0, "no answer within 0.05 s")
