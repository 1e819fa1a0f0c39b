"""A call as it was really said and played: a stereo WAV, the caller left, the agent right (16-bit PCM, 8 kHz).

The media path only appends base64 strings to two lists. Decoding and writing happen once a second in the records
thread, so the file of a call whose process was killed is whole up to its last second (`writeframes` mends the header).
"""

import warnings
import wave
from binascii import Error as NotBase64
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pybase64 import b64decode

with warnings.catch_warnings():
    # audioop is deprecated in the standard library of 3.11 and 3.12; audioop-lts carries it on from 3.13.
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

RATE = 8000
SILENCE = b"\xff"
"""Mu-law zero (ITU-T G.711)."""
SNAP_MS = 60
"""Pieces this near to one another are one sound: their times jitter by a network hop, the sound did not."""


@dataclass(slots=True)
class Sounds:
    """What has come since the last take: (at_ms, payload) of the caller, (at_ms, ms heard, payload) of the agent.
    Payloads are base64 of mu-law at 8 kHz."""

    caller: list[tuple[int, bytes]] = field(default_factory=list)
    agent: list[tuple[int, int, bytes]] = field(default_factory=list)

    def of_caller(self) -> list[tuple[int, bytes]]:
        """The caller's mu-law, piece by piece: (at_ms, sound)."""
        return [(at_ms, _decoded(payload)) for at_ms, payload in self.caller]

    def of_agent(self) -> list[tuple[int, bytes]]:
        """What was heard of the agent, likewise."""
        return [(at_ms, _decoded(payload)[: ms * RATE // 1000]) for at_ms, ms, payload in self.agent]


def _decoded(payload: bytes) -> bytes:
    """A payload's sound; none where it is not base64, which the far end will have refused as well."""
    try:
        return b64decode(payload)
    except NotBase64:
        return b""


class Track:
    """One side's mu-law, from where the file ends."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._start = 0

    def place(self, pieces: Iterable[tuple[int, bytes]]) -> None:
        """Add (at_ms, sound), each after the one before, with a pause where there was one."""
        end = self.end
        for at_ms, sound in pieces:
            gap = at_ms * RATE // 1000 - end
            if gap > SNAP_MS * RATE // 1000:
                self._waiting += SILENCE * gap
                end += gap
            self._waiting += sound
            end += len(sound)

    def take(self, count: int) -> bytes:
        taken = bytes(self._waiting[:count]).ljust(count, SILENCE)
        del self._waiting[:count]
        self._start += count
        return taken

    @property
    def end(self) -> int:
        return self._start + len(self._waiting)


class Recording:
    """The writer of one file. Used from one thread at a time."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = wave.open(str(path), "wb")  # noqa: SIM115  (closed by `close`, at the end of the call)
        self._file.setparams((2, 2, RATE, 0, "NONE", "not compressed"))
        self._caller, self._agent = Track(), Track()
        self._written = 0

    def write(self, sounds: Sounds, until_ms: int) -> None:
        """Add what came, and write the file up to `until_ms` of the call, before which nothing more will come."""
        self._caller.place(sounds.of_caller())
        self._agent.place(sounds.of_agent())
        self._write_to(until_ms * RATE // 1000)

    def close(self) -> None:
        self._write_to(max(self._caller.end, self._agent.end))
        self._file.close()

    def _write_to(self, end: int) -> None:
        count = end - self._written
        if count <= 0:
            return
        self._written = end
        both = bytearray(2 * count)
        both[0::2] = self._caller.take(count)
        both[1::2] = self._agent.take(count)
        self._file.writeframes(audioop.ulaw2lin(both, 2))
