"""Our frames against the library's own parser and serialiser."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from calls.frames import masked_text, plain_text, read_masked_text, read_plain_text

LENGTHS = [0, 1, 5, 6, 125, 126, 400, 65_535, 65_536, 100_000]


def server() -> ServerProtocol:
    return ServerProtocol(state=State.OPEN, max_size=None)


def client() -> ClientProtocol:
    return ClientProtocol(parse_uri("ws://127.0.0.1/"), state=State.OPEN, max_size=None)


@pytest.mark.parametrize("length", LENGTHS)
def test_the_library_reads_what_we_write(length: int) -> None:
    for protocol, frame in ((server(), masked_text(b"x" * length)), (client(), plain_text(b"x" * length))):
        protocol.receive_data(frame)
        [event] = protocol.events_received()
        assert isinstance(event, Frame)
        assert (event.opcode, event.fin, bytes(event.data)) == (Opcode.TEXT, True, b"x" * length)


@pytest.mark.parametrize("length", LENGTHS)
def test_we_read_what_the_library_writes_or_leave_it_to_the_library(length: int) -> None:
    frame = Frame(Opcode.TEXT, b"x" * length)
    for read, data in ((read_masked_text, frame.serialize(mask=True)), (read_plain_text, frame.serialize(mask=False))):
        found = read(data)
        assert found == b"x" * length or (found is None and not 6 <= length < 65_536)


@given(st.binary(max_size=300))
@example(b"\x81\xfe")
@example(b"\x81\x80abcdef")
def test_only_what_the_library_takes_for_one_whole_text_is_read(data: bytes) -> None:
    for protocol, read in ((server(), read_masked_text), (client(), read_plain_text)):
        found = read(data)
        if found is None:
            continue
        protocol.receive_data(data)
        [event] = protocol.events_received()
        assert isinstance(event, Frame)
        assert (event.opcode, event.fin, bytes(event.data)) == (Opcode.TEXT, True, found)


@pytest.mark.parametrize("opcode", [Opcode.BINARY, Opcode.CONT, Opcode.PING, Opcode.PONG, Opcode.CLOSE])
def test_other_frames_are_left_to_the_library(opcode: Opcode) -> None:
    frame = Frame(opcode, b"\x03\xe8" + b"x" * 20)
    assert read_masked_text(frame.serialize(mask=True)) is None
    assert read_plain_text(frame.serialize(mask=False)) is None


def test_a_fragment_two_frames_and_half_a_frame_are_left_to_the_library() -> None:
    whole = Frame(Opcode.TEXT, b"x" * 200).serialize(mask=True)
    fragment = Frame(Opcode.TEXT, b"x" * 200, fin=False).serialize(mask=True)
    assert [read_masked_text(data) for data in (fragment, whole + whole, whole[:-1], whole[:5], b"")] == [None] * 5


def test_a_client_must_mask_and_a_server_must_not() -> None:
    frame = Frame(Opcode.TEXT, b"x" * 200)
    assert read_masked_text(frame.serialize(mask=False)) is None
    assert read_plain_text(frame.serialize(mask=True)) is None
