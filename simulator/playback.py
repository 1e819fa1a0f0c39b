"""The far end of an outbound stream: what is buffered plays at 8000 bytes a second, marks keep their place in it."""

from collections import deque

BYTES_PER_MS = 8


class Playback:
    """Mu-law audio at 8 kHz waiting to be played, and the marks between. Positions are bytes since the stream began."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._played = 0
        self._marks: deque[tuple[int, str]] = deque()

    @property
    def buffered_ms(self) -> int:
        return len(self._buffer) // BYTES_PER_MS

    def add(self, audio: bytes) -> None:
        self._buffer += audio

    def mark(self, name: str) -> list[str]:
        """Put a mark after all that is buffered. Returns the marks reached, at once where nothing is buffered."""
        self._marks.append((self._played + len(self._buffer), name))
        return self._reached()

    def clear(self) -> list[str]:
        """Drop what is not yet played. Returns all the marks that waited, in order."""
        self._buffer.clear()
        names = [name for _, name in self._marks]
        self._marks.clear()
        return names

    def play(self, count: int) -> tuple[bytes, list[str]]:
        """The next `count` bytes (fewer, or none, where the buffer runs dry) and the marks they reached."""
        piece = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._played += len(piece)
        return piece, self._reached()

    def _reached(self) -> list[str]:
        names = []
        while self._marks and self._marks[0][0] <= self._played:
            names.append(self._marks.popleft()[1])
        return names
