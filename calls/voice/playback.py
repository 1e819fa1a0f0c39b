"""What the line has been given to play, and how much of it the person has heard. Pure.

Twilio buffers whatever it is sent and plays it in order, so a ten-second reply sits there after two seconds. Every
piece is followed by a mark of its own; the echo of a mark says that all before it was played (Media Streams, "Mark
message"). Between two echoes the clock interpolates, so the heard position is right to within one network hop.
"""

from collections import deque
from dataclasses import dataclass

BYTES_PER_MS = 8
"""Mu-law at 8 kHz: one byte a sample."""


def duration_ms(payload: bytes) -> int:
    """Milliseconds of audio in a base64 payload of mu-law at 8 kHz."""
    return (len(payload) * 3 // 4 - payload.count(b"=", -2)) // BYTES_PER_MS


@dataclass(slots=True)
class Piece:
    """One delta of the agent's voice on its way to the person's ear; positions are ms within its item."""

    mark: str
    item_id: str
    start_ms: int
    end_ms: int
    payload: bytes


@dataclass(slots=True)
class Heard:
    """A stretch really played: where it lies in the call (ms since the stream began) and what it was.

    `ms` is less than the payload holds where the line was cleared in the middle of it.
    """

    item_id: str
    at_ms: int
    ms: int
    payload: bytes
    item_end_ms: int


class Playback:
    """The line's buffer as we know it. Times are ms since the stream began."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self._received: dict[str, int] = {}
        self._queued_ms = 0
        self._count = 0
        self._head_since = 0

    @property
    def is_idle(self) -> bool:
        return not self._pieces

    @property
    def item_id(self) -> str:
        """The item being played, or ""."""
        return self._pieces[0].item_id if self._pieces else ""

    def buffered_ms(self, now_ms: int) -> int:
        return max(0, self._queued_ms - (now_ms - self._head_since)) if self._pieces else 0

    def final_before_ms(self, now_ms: int) -> int:
        """The time before which it is settled what the person heard: a recording may be written up to here."""
        return self._head_since if self._pieces else now_ms

    def add(self, item_id: str, payload: bytes, now_ms: int) -> str:
        """Note that a piece was sent, and name its mark. No two marks of a call have the same name."""
        if not self._pieces:
            self._head_since = now_ms
        start_ms = self._received.get(item_id, 0)
        end_ms = self._received[item_id] = start_ms + duration_ms(payload)
        self._queued_ms += end_ms - start_ms
        self._count += 1
        mark = f"m{self._count}"
        self._pieces.append(Piece(mark, item_id, start_ms, end_ms, payload))
        return mark

    def reached(self, mark: str, now_ms: int) -> list[Heard]:
        """The mark came back: all up to it was played. An unknown mark (flushed by a clear) says nothing."""
        if all(piece.mark != mark for piece in self._pieces):
            return []
        heard: list[Heard] = []
        while self._pieces:
            piece = self._pieces.popleft()
            self._queued_ms -= piece.end_ms - piece.start_ms
            heard.append(self._heard(piece, piece.end_ms - piece.start_ms))
            self._head_since += heard[-1].ms
            if piece.mark == mark:
                break
        # The echo is the truth: a line that stalled is later than the sum of the pieces, never earlier than now.
        self._head_since = now_ms
        return heard

    def cut(self, now_ms: int) -> tuple[list[Heard], dict[str, int]]:
        """The line is about to be cleared: what was heard of the current piece, and each unfinished item's heard ms.

        Taken before `clear` is sent, for afterwards Twilio returns every outstanding mark, played or not.
        """
        if not self._pieces:
            return [], {}
        head = self._pieces[0]
        ms = min(head.end_ms - head.start_ms, max(0, now_ms - self._head_since))
        ends = {piece.item_id: 0 for piece in self._pieces} | {head.item_id: head.start_ms + ms}
        heard = [self._heard(head, ms)] if ms else []
        self._pieces.clear()
        self._queued_ms = 0
        return heard, ends

    def _heard(self, piece: Piece, ms: int) -> Heard:
        return Heard(piece.item_id, self._head_since, ms, piece.payload, piece.start_ms + ms)
