"""Websocket frames of the media path (RFC 6455 §5.2), where a message nearly always is one whole text frame.

The libraries' general parser and serialiser take four to ten times as long, fifty times a second for each call and
direction. They still do all else: handshakes, fragments, pings, closes, and every frame that is not of this plain kind.
"""

from random import randbytes
from struct import pack

from websockets.speedups import apply_mask

_TEXT = 0x81
"""FIN, opcode 1."""
_MASKED = 0x80


def masked_text(message: bytes) -> bytes:
    """A client's frame. The mask guards proxies from scripts in a browser (§10.3), and there are none here."""
    mask = randbytes(4)  # noqa: S311  (so it need not be cryptographic)
    return _head(len(message), _MASKED) + mask + apply_mask(message, mask)


def plain_text(message: bytes) -> bytes:
    """A server's frame."""
    return _head(len(message), 0) + message


def _head(length: int, masked: int) -> bytes:
    if length < 126:
        return pack("!BB", _TEXT, masked | length)
    if length < 65536:
        return pack("!BBH", _TEXT, masked | 126, length)
    return pack("!BBQ", _TEXT, masked | 127, length)


def read_masked_text(data: bytes) -> bytes | None:
    """The message, if `data` is exactly one whole text frame of a client of at most 65535 bytes."""
    start = _start(data, _MASKED) + 4
    return apply_mask(data[start:], data[start - 4 : start]) if len(data) == start + _length(data) else None


def read_plain_text(data: bytes) -> bytes | None:
    """The message, if `data` is exactly one whole text frame of a server of at most 65535 bytes."""
    start = _start(data, 0)
    return data[start:] if len(data) == start + _length(data) else None


def _start(data: bytes, masked: int) -> int:
    """Where the mask or the message begins; beyond the end where this is another kind of frame."""
    if len(data) < 8 or data[0] != _TEXT or data[1] & _MASKED != masked or data[1] & 127 == 127:
        return len(data) + 1
    return 4 if data[1] & 127 == 126 else 2


def _length(data: bytes) -> int:
    if len(data) < 2:
        return 0
    length = data[1] & 127
    return int.from_bytes(data[2:4]) if length == 126 else length
