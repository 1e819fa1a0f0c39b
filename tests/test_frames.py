"""Our frames against the library's own parser and serialiser."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from calls.frames import is_between_frames, masked_text, plain_text, read_texts

LENGTHS = [0, 1, 5, 6, 125, 126, 400, 65_535, 65_536, 100_000]
OTHERS = [Opcode.BINARY, Opcode.CONT, Opcode.PING, Opcode.PONG, Opcode.CLOSE]
KINDS = pytest.mark.parametrize("masked", [True, False], ids=["masked", "plain"])


def server() -> ServerProtocol:
    return ServerProtocol(state=State.OPEN, max_size=None)


def client() -> ClientProtocol:
    return ClientProtocol(parse_uri("ws://127.0.0.1/"), state=State.OPEN, max_size=None)


def text(message: bytes, *, masked: bool) -> bytes:
    return Frame(Opcode.TEXT, message).serialize(mask=masked)


def texts_of_library(data: bytes, *, masked: bool) -> list[bytes]:
    """What the library's parser reads from the same bytes; they must be whole texts, and nothing but texts."""
    protocol = server() if masked else client()
    protocol.receive_data(data)
    assert protocol.parser_exc is None
    messages = []
    for event in protocol.events_received():
        assert isinstance(event, Frame)
        assert (event.opcode, event.fin) == (Opcode.TEXT, True)
        messages.append(bytes(event.data))
    return messages


@pytest.mark.parametrize("length", LENGTHS)
def test_the_library_reads_what_we_write(length: int) -> None:
    for protocol, frame in ((server(), masked_text(b"x" * length)), (client(), plain_text(b"x" * length))):
        protocol.receive_data(frame)
        [event] = protocol.events_received()
        assert isinstance(event, Frame)
        assert (event.opcode, event.fin, bytes(event.data)) == (Opcode.TEXT, True, b"x" * length)


@KINDS
@pytest.mark.parametrize("length", [0, 5, 200, 70_000])
def test_the_library_is_between_frames_only_when_it_has_read_whole_ones(length: int, masked: bool) -> None:
    frame = text(b"x" * length, masked=masked)
    for cut in {*range(1, min(16, len(frame))), len(frame) - 1}:
        protocol = server() if masked else client()
        assert is_between_frames(protocol)
        protocol.receive_data(frame[:cut])
        assert not is_between_frames(protocol)
        protocol.receive_data(frame[cut:])
        assert is_between_frames(protocol)


@KINDS
@pytest.mark.parametrize("length", LENGTHS)
def test_we_read_what_the_library_writes_or_leave_it_to_the_library(length: int, masked: bool) -> None:
    frame = text(b"x" * length, masked=masked)
    found = read_texts(frame, masked=masked)
    assert found == ([b"x" * length], len(frame)) or (found == ([], 0) and not 6 <= length < 65_536)


PIECES = st.one_of(
    st.binary(max_size=20),
    st.builds(text, st.binary(max_size=140), masked=st.booleans()),
    # Frames as no honest side makes them: odd first bytes, and lengths that are not those of what follows.
    st.builds(
        lambda first, second, rest: bytes([first, second]) + rest,
        st.sampled_from([0x81, 0x01, 0x80, 0x82, 0xC1, 0x91, 0x89]),
        st.integers(0, 255),
        st.binary(max_size=140),
    ),
    st.builds(
        lambda head, length, rest: head + length.to_bytes(2) + rest,
        *(st.sampled_from([b"\x81\xfe", b"\x81\x7e"]), st.integers(0, 130), st.binary(max_size=140)),
    ),
)


@KINDS
@given(st.binary(max_size=300) | st.lists(PIECES, max_size=6).map(b"".join))
@example(b"\x81\xfe")
@example(b"\x81\x80abcdef")
def test_only_what_the_library_takes_for_whole_texts_is_read(masked: bool, data: bytes) -> None:
    found, rest = read_texts(data, masked=masked)
    assert texts_of_library(data[:rest], masked=masked) == found


@KINDS
@given(messages=st.lists(st.binary(min_size=2, max_size=400), max_size=8), data=st.data())
def test_whole_frames_in_a_row_are_read_up_to_where_they_were_cut(
    masked: bool, messages: list[bytes], data: st.DataObject
) -> None:
    joined = b"".join(text(message, masked=masked) for message in messages)
    arrived = joined[: data.draw(st.integers(0, len(joined)))]

    found, rest = read_texts(arrived, masked=masked)

    assert found == texts_of_library(arrived, masked=masked) == messages[: len(found)]
    assert rest == sum(len(text(message, masked=masked)) for message in found)


@KINDS
def test_a_partial_last_frame_is_left_wherever_it_was_cut(masked: bool) -> None:
    first, second, third = b"a" * 10, b"b" * 300, b"c" * 200
    whole = text(first, masked=masked) + text(second, masked=masked)
    partial = text(third, masked=masked)
    for cut in range(len(partial)):
        assert read_texts(whole + partial[:cut], masked=masked) == ([first, second], len(whole))
    assert read_texts(whole + partial, masked=masked) == ([first, second, third], len(whole + partial))


@KINDS
@pytest.mark.parametrize("opcode", OTHERS)
def test_a_last_frame_of_another_kind_is_left_and_what_comes_after_it_too(opcode: Opcode, masked: bool) -> None:
    whole = text(b"a" * 10, masked=masked) + text(b"b" * 300, masked=masked)
    other = Frame(opcode, b"\x03\xe8" + b"x" * 20).serialize(mask=masked)
    for data in (whole + other, whole + other + text(b"c" * 200, masked=masked)):
        assert read_texts(data, masked=masked) == ([b"a" * 10, b"b" * 300], len(whole))


@KINDS
def test_a_frame_of_more_than_65535_bytes_is_left_with_what_comes_after_it(masked: bool) -> None:
    first, long = text(b"a" * 10, masked=masked), text(b"x" * 65_536, masked=masked)
    assert read_texts(first + long + first, masked=masked) == ([b"a" * 10], len(first))


@KINDS
@pytest.mark.parametrize("opcode", OTHERS)
def test_other_frames_are_left_to_the_library(opcode: Opcode, masked: bool) -> None:
    frame = Frame(opcode, b"\x03\xe8" + b"x" * 20).serialize(mask=masked)
    assert read_texts(frame, masked=masked) == ([], 0)


@KINDS
def test_a_fragment_and_half_a_frame_are_left_to_the_library(masked: bool) -> None:
    whole = text(b"x" * 200, masked=masked)
    fragment = Frame(Opcode.TEXT, b"x" * 200, fin=False).serialize(mask=masked)
    for data in (fragment, whole[:-1], whole[:5], b""):
        assert read_texts(data, masked=masked) == ([], 0)
    assert read_texts(whole + fragment, masked=masked) == ([b"x" * 200], len(whole))


@KINDS
def test_a_client_must_mask_and_a_server_must_not(masked: bool) -> None:
    right, wrong = text(b"x" * 200, masked=masked), text(b"x" * 200, masked=not masked)
    assert read_texts(wrong, masked=masked) == ([], 0)
    assert read_texts(right + wrong, masked=masked) == ([b"x" * 200], len(right))
