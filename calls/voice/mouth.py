"""The agent's voice on the line: what is queued, what was heard of it, and its lines of the transcript. Pure."""

from calls.voice.actions import Action, ClearLine, KeepEvent, KeepSound, PlayAudio, SendMark, TruncateItem
from calls.voice.events import AgentAudio
from calls.voice.playback import Heard, Playback
from calls.voice.transcript import Transcript


class Mouth:
    """Times are ms since the stream began."""

    def __init__(self, transcript: Transcript) -> None:
        self._playback = Playback()
        self._transcript = transcript

    @property
    def is_silent(self) -> bool:
        """Nothing of the agent is left to be heard."""
        return self._playback.is_idle

    def buffered_ms(self, now_ms: int) -> int:
        return self._playback.buffered_ms(now_ms)

    def settled_before_ms(self, now_ms: int) -> int:
        """Before this time it is known what the person heard."""
        return self._playback.final_before_ms(now_ms)

    def say(self, audio: AgentAudio, now_ms: int) -> list[Action]:
        starts_ms = now_ms + self._playback.buffered_ms(now_ms)
        mark = self._playback.add(audio.item_id, audio.payload, now_ms)
        self._transcript.agent_sounded(audio.item_id, starts_ms)
        return [PlayAudio(audio.payload), SendMark(mark)]

    def reached(self, mark: str, now_ms: int) -> list[Action]:
        """The line has played all up to this mark."""
        item_id = self._playback.item_id
        kept = self._heard(self._playback.reached(mark, now_ms))
        if item_id and item_id != self._playback.item_id:
            kept += self._transcript.agent_finished(item_id, interrupted=False)
        return kept

    def interrupt(self, now_ms: int) -> tuple[list[Action], list[str]]:
        """The person speaks: clear the line, and tell the model how much was heard. Also the items that were cut."""
        heard, ends = self._playback.cut(now_ms)
        if not ends:
            return [], []
        told = [TruncateItem(item_id, end_ms) for item_id, end_ms in ends.items()]
        event = KeepEvent("barge_in", {"heard_ms": next(iter(ends.values()))})
        return [ClearLine(), *self._cut(heard, ends), *told, event], list(ends)

    def stop(self, now_ms: int) -> list[Action]:
        """The line is about to be closed, or is gone."""
        heard, ends = self._playback.cut(now_ms)
        return [ClearLine(), *self._cut(heard, ends)] if ends else []

    def _cut(self, heard: list[Heard], ends: dict[str, int]) -> list[Action]:
        kept = self._heard(heard)
        for item_id in ends:
            kept += self._transcript.agent_finished(item_id, interrupted=True)
        return kept

    def _heard(self, pieces: list[Heard]) -> list[Action]:
        for piece in pieces:
            self._transcript.agent_heard(piece.item_id, piece.at_ms, piece.at_ms + piece.ms)
        return [KeepSound(piece.at_ms, piece.ms, piece.payload) for piece in pieces]
