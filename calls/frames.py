"""Websocket frames of the media path (RFC 6455 §5.2), where a message nearly always is one whole text frame.

The libraries' general parser and serialiser take four to ten times as long, fifty times a second for each call and
direction. They still do all else: handshakes, fragments, pings, closes, and every frame that is not of this plain kind.
"""

from random import getrandbits
from struct import pack
from types import GeneratorType
from typing import Any

from websockets.protocol import Protocol, State
from websockets.speedups import apply_mask
from websockets.streams import StreamReader

_TEXT = 0x81
"""FIN, opcode 1."""
_MASKED = 0x80
_MEDIUM = bytes([_TEXT, _MASKED | 126])


def masked_text(message: bytes) -> bytes:
    """A client's frame. The mask guards proxies from scripts in a browser (§10.3), and there are none here."""
    length, mask = len(message), getrandbits(32)
    if 125 < length < 65536:
        head = pack("!BBHI", _TEXT, _MASKED | 126, length, mask)
    elif length < 126:
        head = pack("!BBI", _TEXT, _MASKED | length, mask)
    else:
        head = pack("!BBQI", _TEXT, _MASKED | 127, length, mask)
    return head + apply_mask(message, head[-4:])


def plain_text(message: bytes) -> bytes:
    """A server's frame."""
    length = len(message)
    if length < 126:
        return pack("!BB", _TEXT, length) + message
    if length < 65536:
        return pack("!BBH", _TEXT, 126, length) + message
    return pack("!BBQ", _TEXT, 127, length) + message


def is_between_frames(protocol: Protocol) -> bool:
    """Whether the library has read whole frames only, so that what comes next begins one.

    An empty buffer does not say so: the head of a frame may be read and its body not. The parser, a generator, tells by
    where it waits. Should the library wait elsewhere one day, the answer is no, and all is left to it.
    """
    if protocol.state is not State.OPEN or protocol.reader.buffer:
        return False
    waiting: Any = protocol.parser
    while isinstance(waiting, GeneratorType) and waiting.gi_yieldfrom is not None:
        waiting = waiting.gi_yieldfrom
    return isinstance(waiting, GeneratorType) and waiting.gi_code is StreamReader.at_eof.__code__


def read_texts(data: bytes, *, masked: bool) -> tuple[list[bytes], int]:
    """The messages of the whole text frames that `data` begins with, and where the rest begins.

    `masked`: as a client's are. The rest is a frame of another kind, or of over 65535 bytes, or the beginning of one.
    """
    # Nearly always: one frame of a client, of 126 to 65535 bytes, as a call's every 20 ms are.
    if masked and len(data) > 8 and data[:2] == _MEDIUM and len(data) == 8 + (data[2] << 8 | data[3]):
        return [apply_mask(data[8:], data[4:8])], len(data)
    messages = []
    at, end, key, mark = 0, len(data), 4 if masked else 0, _MASKED if masked else 0
    while end - at >= 4 + key and data[at] == _TEXT and data[at + 1] & _MASKED == mark:
        length, start = data[at + 1] & 127, at + 2 + key
        if length == 127:
            break
        if length == 126:
            length, start = data[at + 2] << 8 | data[at + 3], start + 2
        if start + length > end:
            break
        message = data[start : start + length]
        messages.append(apply_mask(message, data[start - 4 : start]) if masked else message)
        at = start + length
    return messages, at
