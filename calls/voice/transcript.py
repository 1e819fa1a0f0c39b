"""Both sides of the conversation, item by item, as lines of a transcript. Pure.

The caller's text comes from a transcription model, late and in any order; the agent's comes before it is heard. Each
line is therefore kept as soon as it has text, and kept again under the same item when its end is known.
"""

from dataclasses import dataclass

from calls.voice.actions import KeepTurn


@dataclass(slots=True)
class _Line:
    speaker: str
    text: str = ""
    start_ms: int = 0
    end_ms: int = 0
    interrupted: bool = False


class Transcript:
    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._last_caller_item = ""

    @property
    def caller_has_spoken(self) -> bool:
        return any(line.speaker == "caller" for line in self._lines.values())

    @property
    def last_answer_ms(self) -> tuple[int, int]:
        """Where in the call the person last spoke."""
        line = self._lines.get(self._last_caller_item)
        return (line.start_ms, max(line.start_ms, line.end_ms)) if line else (0, 0)

    def lines(self) -> list[tuple[str, str]]:
        """(speaker, text) of every line that has a text, in the order of the call."""
        told = sorted((line.start_ms, line.speaker, line.text) for line in self._lines.values() if line.text)
        return [(speaker, text) for _, speaker, text in told]

    def said_by(self, speaker: str) -> list[tuple[int, str]]:
        """(start_ms, text) of every line of one speaker, in the order of the call."""
        return sorted((line.start_ms, line.text) for line in self._lines.values() if line.speaker == speaker)

    def caller_started(self, item_id: str, at_ms: int) -> None:
        self._lines[item_id] = _Line("caller", start_ms=at_ms, end_ms=at_ms)
        self._last_caller_item = item_id

    def caller_stopped(self, item_id: str, at_ms: int) -> None:
        line = self._lines.setdefault(item_id, _Line("caller", start_ms=at_ms))
        line.end_ms = max(line.start_ms, at_ms)
        self._last_caller_item = item_id

    def caller_text(self, item_id: str, text: str, now_ms: int) -> KeepTurn:
        line = self._lines.setdefault(item_id, _Line("caller", start_ms=now_ms, end_ms=now_ms))
        line.text = text
        return self._turn(item_id)

    def caller_typed(self, keys: str, now_ms: int) -> KeepTurn:
        """Keys pressed on the phone are a line of the caller's."""
        item_id = f"keys_{now_ms}"
        self._lines[item_id] = _Line("caller", " ".join(keys), now_ms, now_ms)
        self._last_caller_item = item_id
        return self._turn(item_id)

    def agent_text(self, item_id: str, text: str, now_ms: int) -> KeepTurn:
        line = self._lines.setdefault(item_id, _Line("agent", start_ms=now_ms, end_ms=now_ms))
        line.text = text
        return self._turn(item_id)

    def agent_sounded(self, item_id: str, at_ms: int) -> None:
        """The item was queued, to be played from `at_ms` on."""
        self._lines.setdefault(item_id, _Line("agent", start_ms=at_ms, end_ms=at_ms))

    def agent_heard(self, item_id: str, at_ms: int, end_ms: int) -> None:
        line = self._lines.setdefault(item_id, _Line("agent", start_ms=at_ms))
        line.end_ms = max(line.end_ms, end_ms)

    def agent_finished(self, item_id: str, *, interrupted: bool) -> list[KeepTurn]:
        """The item will not be heard further. Nothing to keep where no text has come for it yet."""
        line = self._lines.get(item_id)
        if line is None:
            return []
        line.interrupted = line.interrupted or interrupted
        return [self._turn(item_id)] if line.text else []

    def unkept(self) -> list[KeepTurn]:
        """At the end: what the person said that no transcription came for is kept with no text, not lost."""
        return [self._turn(item_id) for item_id, line in self._lines.items() if not line.text]

    def _turn(self, item_id: str) -> KeepTurn:
        line = self._lines[item_id]
        return KeepTurn(
            item_id, line.speaker, line.text, line.start_ms, max(line.start_ms, line.end_ms), line.interrupted
        )
