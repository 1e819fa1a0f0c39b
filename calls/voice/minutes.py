"""What is kept of each event, whether or not anything is done about it: transcript, sound and usage. Pure.

The talk keeps first and then reacts; once the line is closed, or only an apology is played, keeping is all.
"""

from collections import Counter
from collections.abc import Callable

from calls.voice.actions import Action
from calls.voice.events import (
    AgentTranscript,
    CallerStartedSpeaking,
    CallerStoppedSpeaking,
    CallerTranscript,
    Event,
    MarkReached,
    ResponseEnded,
)
from calls.voice.mouth import Mouth
from calls.voice.transcript import Transcript


class Minutes:
    """Times are ms since the stream began."""

    def __init__(self) -> None:
        self.transcript = Transcript()
        self.mouth = Mouth(self.transcript)
        self.usage: Counter[str] = Counter()

    def keep(self, event: Event, now_ms: int) -> list[Action]:
        keep = _KEPT.get(type(event))
        return keep(self, event, now_ms) if keep else []

    def _mark_reached(self, event: MarkReached, now_ms: int) -> list[Action]:
        return self.mouth.reached(event.name, now_ms)

    def _agent_text(self, event: AgentTranscript, now_ms: int) -> list[Action]:
        return [self.transcript.agent_text(event.item_id, event.text, now_ms)]

    def _caller_text(self, event: CallerTranscript, now_ms: int) -> list[Action]:
        self.usage.update({f"transcription_{name}": count for name, count in event.usage.items()})
        return [self.transcript.caller_text(event.item_id, event.text, now_ms)]

    def _caller_started(self, event: CallerStartedSpeaking, now_ms: int) -> list[Action]:
        self.transcript.caller_started(event.item_id, event.at_ms)
        return []

    def _caller_stopped(self, event: CallerStoppedSpeaking, now_ms: int) -> list[Action]:
        self.transcript.caller_stopped(event.item_id, event.at_ms)
        return []

    def _response_ended(self, event: ResponseEnded, now_ms: int) -> list[Action]:
        self.usage.update(event.usage)
        return []


_KEPT: dict[type, Callable[..., list[Action]]] = {
    MarkReached: Minutes._mark_reached,
    AgentTranscript: Minutes._agent_text,
    CallerTranscript: Minutes._caller_text,
    CallerStartedSpeaking: Minutes._caller_started,
    CallerStoppedSpeaking: Minutes._caller_stopped,
    ResponseEnded: Minutes._response_ended,
}
